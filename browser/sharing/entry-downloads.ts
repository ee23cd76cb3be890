/**
 * The entries of a share on their way to the disk, a few at once. They are driven by what arrives, since the timers of a hidden tab are slow, and go
 * on by themselves: when their sharer comes back, and after a reload.
 */

import type { ReceivedShare, ShareEntry } from '../../node/index.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { Pace } from '../transfer/pace.ts'
import type { ReceivedFiles } from '../transfer/received-files.ts'
import { DueEntries } from './due-entries.ts'
import { type Attempt, EntryAttempts } from './entry-attempts.ts'
import type { EntryNames } from './entry-names.ts'
import type { TotalProgress } from './entry-progress.ts'
import { EntryTable } from './entry-table.ts'
import type { TellProblem } from './problem-teller.ts'
import type { ReceiveRecord } from './receive-record.ts'
import { saveEntry, WHOLE_BYTES } from './save-entry.ts'
import type { SavePlace, ZipPlace } from './save-place.ts'
import { saveZip } from './save-zip.ts'

export interface EntryDownloadsOptions {
  received: ReceivedShare
  library(): Promise<PeerLibrary>
  files(): Promise<ReceivedFiles>
  names: EntryNames
  record: ReceiveRecord
  /** The place of what was taken before a reload; undefined where a person has to choose one. */
  placeAgain: SavePlace | undefined
  /** Tells the sharer what cannot be saved here. */
  tell: TellProblem
  signal: AbortSignal
  onChange(kind: 'state' | 'progress'): void
}

type SetProgress = EntryTable['set']
/** Resolves with true when the entries are saved; with false when they are here, and are saved later. */
type Work = (signal: AbortSignal, set: SetProgress) => Promise<boolean>

/**
 * Entries on their way at once: few large ones, which request several pieces each. In all more, since small ones wait for answers and disks most of
 * their time.
 */
export const MAX_AT_ONCE = { large: 3, all: 12 }
const isLarge = ({ size }: { size: number }) => size > WHOLE_BYTES

export class EntryDownloads {
  readonly table: EntryTable
  readonly #options: EntryDownloadsOptions
  readonly #attempts: EntryAttempts
  /** Entries of which an earlier page of this tab has received some, or of which something was damaged. */
  readonly #doubtful: Set<number>
  readonly #pace = new Pace()
  readonly #due = new DueEntries(() => this.#options.received.entries.filter((entry) => this.table.isDue(entry)), isLarge)

  constructor(options: EntryDownloadsOptions) {
    const { record, placeAgain, signal, onChange } = options
    this.#options = options
    this.#attempts = new EntryAttempts(signal)
    this.#doubtful = new Set(record.wanted)
    this.table = new EntryTable(record, placeAgain, () => onChange('progress'))
  }

  /** Something moves now. */
  get isBusy(): boolean {
    return this.#attempts.some((id) => this.table.progressOf({ id, size: 0 })?.phase !== 'stalled')
  }

  total(): TotalProgress & { bytesPerSecond: number } {
    return { ...this.table.total(this.#options.received.entries), bytesPerSecond: this.isBusy ? this.#pace.bytesPerSecond() : 0 }
  }

  /** Fetches these entries, and saves them there. */
  want(ids: readonly number[], place: SavePlace | undefined): void {
    this.#options.tell()
    this.table.want(ids, place)
    this.#nextAnew()
  }

  pause(): void {
    this.#options.record.isPaused = true
    this.#attempts.stopAll()
    this.#options.record.keep()
    this.#options.onChange('state')
  }

  /** Goes on, and tries again what has failed. */
  resume(): void {
    this.#options.tell()
    this.#options.record.isPaused = false
    this.table.again()
    this.#nextAnew()
  }

  /** Stops, and forgets what has come and is not saved. It may be taken again at any time. */
  async cancel(): Promise<void> {
    const unsaved = this.#options.received.entries.filter(({ id }) => this.table.isWanted(id))
    const stopping = unsaved.map(({ id }) => this.#forget(id))
    this.#options.record.isPaused = false
    this.#options.record.keep()
    this.#options.onChange('state')
    await Promise.all(stopping) // a file that is open cannot be removed
    for (const { hash } of unsaved) if (hash !== undefined) await this.#remove(hash)
  }

  /** The share has changed: what could not be fetched may be there now. */
  onNews(): void {
    this.table.ready()
    const listed = new Set(this.#options.received.entries.map(({ id }) => id))
    for (const id of this.#options.record.wanted) if (!listed.has(id)) void this.#forget(id) // its sharer has removed it
    this.#nextAnew()
  }

  /** Starts what can be fetched or saved now. */
  next(): void {
    const { received, record, signal } = this.#options
    if (!record.isPaused && !signal.aborted) {
      this.#due.begin((entry) => this.#begin(entry))
      if (this.#due.areBegun)
        for (const [zip, inside] of this.table.zipsDue(received.entries))
          if (!inside.some(({ id }) => this.#attempts.has(id))) this.#runZip(zip, inside)
    }
    this.#options.onChange('state')
  }

  #begin(entry: ShareEntry): 'begun' | 'waits' | 'full' {
    if (this.#attempts.size >= MAX_AT_ONCE.all || (isLarge(entry) && this.#attempts.count(isLarge) >= MAX_AT_ONCE.large)) return 'full'
    // Files that are the same are received one after the other: they are one content.
    if (this.#attempts.has(entry.id) || this.#attempts.isInUse(entry.hash)) return 'waits'
    if (this.table.isDue(entry)) this.#run(entry)
    return 'begun'
  }

  #nextAnew(): void {
    for (const { id } of this.table.textsHere(this.#options.received.entries)) this.#setSaved(id)
    this.#options.record.keep()
    this.#due.again()
    this.next()
  }

  #run(entry: ShareEntry): void {
    const context = { ...this.#options, table: this.table, pace: this.#pace }
    this.#attempt([entry], entry.hash, (signal, set) =>
      saveEntry(context, entry, { signal, set, isDoubtful: this.#doubtful.has(entry.id) }),
    )
  }

  #runZip(zip: ZipPlace, entries: readonly ShareEntry[]): void {
    const context = { ...this.#options, table: this.table }
    this.#attempt(entries, undefined, (signal, set) => saveZip(zip, entries, { ...context, set, signal }))
  }

  #attempt(entries: readonly ShareEntry[], hash: string | undefined, work: Work): void {
    const onEnd = () => {
      if (this.#attempts.size === 0) this.#options.record.keep()
      this.next()
    }
    this.#attempts.begin(entries, hash, (attempt) => this.#carryOut(entries, attempt, work), onEnd)
  }

  /** Never rejects. */
  async #carryOut(entries: readonly ShareEntry[], { signal, isForgotten }: Attempt, work: Work): Promise<void> {
    const wanted = () => entries.filter(({ id }) => !isForgotten(id))
    // An entry that was stopped does not say any more that it runs: it would never be started again.
    const set: SetProgress = (id, progress) => {
      if (!signal.aborted) this.table.set(id, progress)
    }
    try {
      if (await work(signal, set)) for (const { id } of wanted()) this.#setSaved(id)
      else signal.throwIfAborted()
    } catch (error) {
      for (const { id } of wanted()) this.table.setFailed(id, error, signal.aborted)
      this.#due.again()
      if (!signal.aborted) for (const { id } of entries) this.#doubtful.add(id)
      if (wanted().some((entry) => this.table.progressOf(entry)?.phase === 'failed')) this.#options.tell(error)
    }
  }

  /** Removes what has come of a content, unless it is wanted again, or was saved and others may get it from here. */
  async #remove(hash: string): Promise<void> {
    if (this.table.isNeeded(hash, this.#options.received.entries) || this.#attempts.isInUse(hash)) return
    await this.#attempts.remove(hash, async () => (await this.#options.files()).remove(hash))
    this.next()
  }

  #setSaved(id: number): void {
    this.table.setSaved(id)
    this.#options.received.saved(id)
  }

  /** Resolves when it is not written any more. */
  #forget(id: number): Promise<void> {
    this.table.forget(id)
    return this.#attempts.forget(id)
  }
}
