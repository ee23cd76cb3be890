/** A visit to somebody's share: its list as the sharer changes it, and, once the person has pressed Receive, its entries on their way to the disk. */

import type { ReceivedShare, ShareEntry, Sharing } from '../../node/index.ts'
import { safePath } from '../../node/library/sharing.ts'
import type { SessionStore } from '../peer/tab-session.ts'
import type { PeerLibrary } from '../peer/types.ts'
import type { ReceivedFiles } from '../transfer/received-files.ts'
import { EntryDownloads } from './entry-downloads.ts'
import { EntryNames } from './entry-names.ts'
import type { EntryTable } from './entry-table.ts'
import { keepAwake } from './keep-awake.ts'
import { createProblemTeller } from './problem-teller.ts'
import { ReceiveRecord } from './receive-record.ts'
import { chooseSavePlace, placeAfterReload } from './save-place.ts'
import { ShownChanges } from './shown-changes.ts'

interface ReceiveVisitOptions {
  /** Path and fragment. */
  link: string
  sharing: Pick<Sharing, 'receive'>
  library(): Promise<PeerLibrary>
  files(): Promise<ReceivedFiles>
  store: SessionStore
  /** Says which receiver this browser is to the sharer. */
  receiver: Uint8Array
  label: string
  /** The person pays for what travels, as far as the browser knows. */
  isMetered: boolean
  /** Ends the visit: a reload goes on from what has come. */
  signal: AbortSignal
}

export class ReceiveVisit {
  readonly received: ReceivedShare
  readonly isMetered: boolean
  /** The folder or file that was chosen last; '' for downloads. */
  placeName = ''
  readonly #changes = new ShownChanges()
  readonly #options: ReceiveVisitOptions
  readonly #record: ReceiveRecord
  /** Of the entries where they are saved. */
  readonly names: EntryNames
  readonly downloads: EntryDownloads
  /** How far each entry is. */
  readonly table: EntryTable
  /** Bounded by the entries. */
  readonly #leftOut = new Set<number>()
  readonly #awake = keepAwake(window)
  /** The sharer has let this page take something. */
  #isOpen = false
  #isTaking = false

  /** @throws {MayflyError} ERR_SHARE_WRONG, ERR_BAD_OPTION: it is no such link */
  constructor(options: ReceiveVisitOptions) {
    const { link, sharing, library, files, store, receiver, label, isMetered, signal } = options
    this.#options = options
    this.isMetered = isMetered
    this.received = sharing.receive(link, { receiver, label, signal })
    this.#record = new ReceiveRecord(store, this.received.id)
    this.names = new EntryNames(safePath)
    this.downloads = new EntryDownloads({
      ...{ received: this.received, library, files, names: this.names, record: this.#record, signal },
      tell: createProblemTeller(this.received),
      placeAgain: placeAfterReload(this.#record.isZip, files),
      onChange: (kind) => (kind === 'progress' ? this.#changes.soon() : this.#onState()),
    })
    this.table = this.downloads.table
    this.received.help(this.isHelping)
    this.received.onChange(() => this.#onNews())
    signal.addEventListener('abort', () => this.#end(), { once: true })
    addEventListener('pagehide', () => this.#record.keep(), { signal })
  }

  get changed() {
    return this.#changes.cell
  }

  get entries(): readonly ShareEntry[] {
    return this.received.entries
  }

  get isPaused(): boolean {
    return this.#record.isPaused
  }

  get isHelping(): boolean {
    return this.#record.isHelping ?? !this.isMetered
  }

  /** The person has pressed Receive, now or before a reload. */
  get hasTaken(): boolean {
    return this.#record.wanted.size > 0
  }

  /** Files that a person has to find a place for. */
  get unplaced(): readonly ShareEntry[] {
    return this.table.unplaced(this.entries, this.downloads.isBusy)
  }

  /** It comes with the next press of Receive: all do that were not taken, until the person leaves some out. */
  isChosen(entry: ShareEntry): boolean {
    return !this.#leftOut.has(entry.id) && this.table.progressOf(entry) === undefined && entry.state !== 'failed'
  }

  choose(ids: readonly number[], isChosen: boolean): void {
    for (const id of ids) {
      if (isChosen) this.#leftOut.delete(id)
      else this.#leftOut.add(id)
    }
    this.#changes.now()
  }

  /**
   * Asks where to save, then takes these entries: so a share for one person is not used up by a dialog that was closed. Call it during a `click`
   * event.
   *
   * @throws {DOMException} AbortError, when the person has closed the dialog
   * @throws {MayflyError} a `ShareCode`
   */
  async receive(ids: readonly number[], isZip: boolean): Promise<void> {
    const place = await this.#choosePlace(ids, isZip)
    await this.#take([...new Set([...this.#record.wanted, ...ids])])
    this.downloads.want(ids, place)
  }

  /** Saves what is here, and what is still to come, where the person chooses. Call it during a `click` event. @throws as `receive` */
  async save(ids: readonly number[], isZip: boolean): Promise<void> {
    this.downloads.want(ids, await this.#choosePlace(ids, isZip))
  }

  help(isHelping: boolean): void {
    this.#record.isHelping = isHelping
    this.received.help(isHelping)
    this.#record.keep()
    this.#changes.now()
  }

  /** Undefined for texts alone: they are shown. */
  async #choosePlace(ids: readonly number[], isZip: boolean) {
    const files = this.entries.filter(({ id, kind }) => kind === 'file' && ids.includes(id))
    if (files.length === 0) return undefined
    const names = files.map((entry) => this.names.of(entry).path)
    const place = await chooseSavePlace(names, isZip, this.#options.files)
    this.placeName = place.name
    this.#record.isZip = isZip
    return place
  }

  async #take(ids: readonly number[]): Promise<void> {
    this.#isTaking = true
    try {
      await this.received.take(ids, { signal: this.#options.signal })
    } finally {
      this.#isTaking = false
    }
  }

  #onNews(): void {
    const { state } = this.received
    // The person reads the list meanwhile: opening the storage would delay the first file.
    if (state === 'listed' && !this.#isOpen && !this.#isTaking) this.#options.files().catch(() => {}) // the first file says why
    // After a reload: what the person took then is taken again, which counts once.
    if (state === 'listed' && this.hasTaken && !this.#isOpen && !this.#isTaking) {
      this.#take([...this.#record.wanted]).catch(() => {}) // the state says why
    }
    this.#isOpen ||= state === 'taken'
    if (this.#isOpen) this.downloads.onNews()
    else this.#changes.now()
  }

  #onState(): void {
    this.#awake.keep(this.downloads.isBusy)
    this.#changes.soon() // a share may have thousands of small files
  }

  #end(): void {
    this.#changes.end()
    this.#awake.end()
    this.#record.keep()
  }
}

/** The id in a link's path. */
export const shareOf = (link: string) => /\/s\/([^#/]+)/.exec(link)?.[1]?.toLowerCase() ?? ''
