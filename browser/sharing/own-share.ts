/** The share of this tab, one at a time. Its files and rules come from the page; it is kept over a reload. */

import type { Share, ShareEntry, ShareItem, ShareRules } from '../../node/index.ts'
import { MAX_SHARE_ENTRIES } from '../../node/library/sharing.ts'
import { Cell } from '../cell.ts'
import type { ChosenFile } from '../content/chosen-files.ts'
import { webLocks } from '../peer/tab-session.ts'
import { hasWebCrypto } from '../peer/web-crypto.ts'
import { addInParts, itemOf, type Renamed } from './file-parts.ts'
import { FollowedShare, type ShownShare } from './followed-share.ts'
import type { KeptItem } from './kept-share.ts'
import { OwnCode } from './own-code.ts'
import { type MissingFile, OwnItems, type PlacedFile } from './own-items.ts'
import type { OwnShareParts } from './own-share-parts.ts'
import { ShareGuard } from './share-guard.ts'

/** Rules that are chosen before there is a share. */
export interface ChosenRules extends Omit<ShareRules, 'untilMs'> {
  /** How long it lasts, from the moment when it is made. */
  lastsMs?: number
}

/** For the document before a reload to release the share. */
const TAKE_OVER_MS = 3_000

/** A longer text is a file of the share, in UTF-16 code units. */
const MAX_TEXT_LENGTH = 65_536

export class OwnShare {
  readonly #parts: OwnShareParts
  readonly #items: OwnItems
  readonly #guard: ShareGuard
  readonly shown = new Cell<ShownShare | undefined>(undefined)
  readonly code = new OwnCode()
  /** The share of before a reload is being brought back. */
  readonly isReturning = new Cell(false)
  #followed: FollowedShare | undefined
  #putting: Promise<unknown> = Promise.resolve()

  constructor(parts: OwnShareParts) {
    this.#parts = parts
    this.#items = new OwnItems(parts.store)
    this.#guard = new ShareGuard(parts.window)
    parts.window.addEventListener('pagehide', () => this.#followed?.keep())
  }

  get share(): Share | undefined {
    return this.#followed?.share
  }

  /** Brings back what was shared before a reload. A duplicated tab has a copy of the record, and leaves the share to the first. */
  async restore(): Promise<void> {
    const record = this.#items.read()
    if (record === undefined) return
    this.isReturning.set(true)
    try {
      if (!(await takeLock(record.id, AbortSignal.timeout(TAKE_OVER_MS)))) return this.#items.clear()
      const sharing = await this.#parts.peer.open()
      const isThere = (item: KeptItem) => item.kind === 'text' || item.bytes !== undefined
      const there = record.items.filter(isThere)
      const share = await sharing.share(await Promise.all(there.map((item) => this.#itemAgain(item))), { resume: record.snapshot })
      const missing = record.items.filter((item): item is { entry: number } & MissingFile => !isThere(item))
      this.#items.restore(share.entries, there, share.state === 'ended' ? [] : missing)
      this.#follow(share)
    } catch {
      this.#items.clear() // the record of another version, or a share that cannot be
    } finally {
      this.isReturning.set(false)
    }
  }

  /**
   * Shares files: with what is shared already, or as a new share with these rules. Those that a reload has ended take their old places.
   *
   * The link is there after the first few: a browser asks the disk about each file, and a folder may have thousands.
   * @returns the files whose names were changed, since another has the same
   * @throws {MayflyError} ERR_LIMIT: nothing was added; ERR_BAD_OPTION: files before that one may have been
   * @throws what prevented the code of sharing from being loaded
   */
  async addFiles(files: readonly ChosenFile[], rules: ChosenRules): Promise<Renamed[]> {
    const { MayflyError, blobSource } = await this.#parts.session.library()
    const count = (this.share?.entries.length ?? 0) + files.length
    if (count > MAX_SHARE_ENTRIES)
      throw new MayflyError('ERR_LIMIT', `Cannot share ${count} files at once: the limit is ${MAX_SHARE_ENTRIES}`)
    let into = this.share
    const add = async (part: readonly PlacedFile[]) => {
      const items = part.map(({ path, file }) => itemOf(path, file, blobSource(file)))
      const entries = await this.#put(items, rules)
      into ??= this.share // there may be another one by now
      if (this.share === into) for (const [i, entry] of entries.entries()) if (part[i]) this.#items.addFile(entry, part[i])
      return entries
    }
    const renamed = await addInParts(this.#items.place(files), add, () => this.share === into && into?.state !== 'ended')
    this.#followed?.update()
    return renamed
  }

  /** @returns as `addFiles` @throws as `addFiles` */
  async addText(text: string, rules: ChosenRules): Promise<Renamed[]> {
    const path = /^https?:\/\/\S+$/.test(text.trim()) ? 'link.txt' : 'text.txt'
    if (text.length > MAX_TEXT_LENGTH) return this.addFiles([{ path, file: new File([text], path, { type: 'text/plain' }) }], rules)
    const [entry] = await this.#put([{ kind: 'text', path, text }], rules)
    if (entry) this.#items.addText(entry, text)
    this.#followed?.keep()
    return []
  }

  remove(entry: number): void {
    this.share?.remove(entry)
    this.#items.remove(entry)
    this.#followed?.keep()
  }

  /** @throws {MayflyError} ERR_BAD_OPTION */
  rename(entry: number, path: string): Renamed | undefined {
    this.share?.rename(entry, path)
    const renamed = this.share?.entries.find(({ id }) => id === entry)
    if (renamed === undefined) return undefined
    this.#items.rename(renamed)
    this.#followed?.keep()
    return renamed.path === path ? undefined : { given: path, path: renamed.path }
  }

  /** A file that a reload has ended is shared no longer. */
  forget(file: MissingFile): void {
    this.#items.forget(file)
    this.#followed?.update()
  }

  async makeCode(): Promise<void> {
    if (this.share) await this.code.make(this.share)
  }

  async end(): Promise<void> {
    this.code.clear()
    await this.share?.end()
    this.#followed?.keep()
  }

  /** Makes room for another share, which may be made at once: the one that is here ends. */
  async close(): Promise<void> {
    const followed = this.#followed
    this.#followed = undefined
    this.code.clear()
    followed?.stop()
    if (followed) this.#items.clear()
    await followed?.share.end()
  }

  /** One after the other: what is dropped while the share is being made goes into it. */
  #put(items: readonly ShareItem[], rules: ChosenRules): Promise<readonly ShareEntry[]> {
    const putting = this.#putting.then(() => this.share?.add(items) ?? this.#make(items, rules))
    this.#putting = putting.catch(() => {})
    return putting
  }

  async #make(items: readonly ShareItem[], { lastsMs, ...rules }: ChosenRules): Promise<readonly ShareEntry[]> {
    const { peer, session } = this.#parts
    const sharing = await peer.open()
    const until = lastsMs === undefined ? {} : { untilMs: session.networkTime() + lastsMs }
    const share = await sharing.share(items, { ...rules, ...until, sealed: hasWebCrypto() })
    void takeLock(share.id)
    this.#follow(share)
    void this.makeCode()
    return share.entries
  }

  #follow(share: Share): void {
    this.#followed = new FollowedShare(share, { items: this.#items, guard: this.#guard, shown: this.shown })
  }

  async #itemAgain(item: KeptItem): Promise<ShareItem> {
    if (item.kind === 'text') return item
    const { memorySource } = await this.#parts.session.library()
    const { path, bytes = new Uint8Array(), mediaType, modifiedMs } = item
    return { kind: 'file', path, source: memorySource(bytes), mediaType, ...(modifiedMs !== undefined && { modifiedMs }) }
  }
}

/** True where the browser has no locks. */
async function takeLock(share: string, signal?: AbortSignal): Promise<boolean> {
  return navigator.locks ? webLocks(navigator.locks).take(`share-${share}`, signal) : true
}
