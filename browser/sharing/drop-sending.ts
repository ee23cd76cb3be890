/** One submission on its way to a drop box: its share, which the box receives, and its record, by which it goes on in a later tab. */

import { createSoon } from '../../node/async/soon.ts'
import type { DropOffer, OpenedBox, Share, ShareItem, Sharing } from '../../node/index.ts'
import { type ChosenFile, withDistinctPaths } from '../content/chosen-files.ts'
import { webLocks } from '../peer/tab-session.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { hasWebCrypto } from '../peer/web-crypto.ts'
import { KEPT_DROP_LIMITS, type KeptDrop, type KeptDrops } from './kept-drops.ts'
import { ReceiverProgress } from './receiver-progress.ts'

export interface Progress {
  done: number
  total: number
  bytesPerSecond: number
  /** The box is connected with the share now. */
  isThere: boolean
}

export interface SendingParts {
  sharing: Sharing
  library: PeerLibrary
  kept: KeptDrops
  /** The box's id. */
  box: string
}

const ID_BYTES = 16
/** For the document before a reload to release what it was sending. */
const TAKE_OVER_MS = 3_000
/** A page that follows each report is slower, and nobody reads it. */
const SHOW_MS = 200

/** True where the browser has no locks: two tabs may send the same then, and the box takes it once. */
export async function takeDropLock(id: string, signal?: AbortSignal): Promise<boolean> {
  return navigator.locks ? webLocks(navigator.locks).take(`drop-${id}`, signal) : true
}

export class DropSending {
  readonly #parts: SendingParts
  readonly #pace = new ReceiverProgress()
  /** By path: what was chosen, in this tab or again. Bounded by the offer. */
  readonly #files: Map<string, Blob>
  readonly #listeners = new Set<() => void>()
  #drop: KeptDrop
  #share: Share | undefined
  readonly #showing = createSoon(() => this.#show())
  /** Paths of files whose bytes are others than before. */
  changed: readonly string[] = []
  /** Its files are shared. */
  isOpen = false
  #isOver = false

  private constructor(parts: SendingParts, drop: KeptDrop, files: Map<string, Blob>) {
    this.#parts = parts
    this.#drop = drop
    this.#files = files
  }

  static async begin(parts: SendingParts, chosen: readonly ChosenFile[], said: Pick<DropOffer, 'from' | 'words'>): Promise<DropSending> {
    const id = hexOf(crypto.getRandomValues(new Uint8Array(ID_BYTES)))
    const files = new Map(withDistinctPaths(chosen).map(({ path, file }) => [path, file] as const))
    const offered = [...files].map(([path, file]) => ({ path, size: file.size, mediaType: file.type }))
    const drop: KeptDrop = { id, box: parts.box, share: undefined, hashes: {}, atMs: Date.now(), files: offered, ...said }
    const sending = new DropSending(parts, drop, files)
    void takeDropLock(id)
    await sending.open()
    if (bytesIn(offered) <= KEPT_DROP_LIMITS.maxBytes) {
      const copies = [...files].map(([path, file]) => ({ path, file }))
      void parts.kept.putFiles(id, copies).catch(() => {}) // they are chosen again then
    }
    return sending
  }

  /** @throws DOMException, when the browser cannot read what it has kept */
  static async resume(parts: SendingParts, drop: KeptDrop): Promise<DropSending> {
    const there = await parts.kept.files(drop.id)
    const files = drop.files.flatMap(({ path, size }) => {
      const file = there.get(path)
      return file?.size === size ? [[path, file] as const] : []
    })
    return new DropSending(parts, drop, new Map(files))
  }

  get id(): string {
    return this.#drop.id
  }

  get offer(): DropOffer {
    const { from, words, files } = this.#drop
    return { from, words, files }
  }

  /** Files that have to be chosen again. */
  get missing(): DropOffer['files'] {
    return this.#drop.files.filter(({ path }) => !this.#files.has(path))
  }

  /** Takes those that are missing, by name and size. Returns the others. */
  choose(chosen: readonly ChosenFile[]): readonly ChosenFile[] {
    return chosen.filter((given) => {
      const missing = this.missing.filter(({ size }) => size === given.file.size)
      const match = missing.find(({ path }) => path === given.path) ?? missing.find(({ path }) => nameOf(path) === nameOf(given.path))
      if (match !== undefined) this.#files.set(match.path, given.file)
      return match === undefined
    })
  }

  /** Shares the files, again where they were shared before. @throws {MayflyError} ERR_LIMIT, ERR_BAD_OPTION */
  async open(): Promise<void> {
    if (this.isOpen) return
    const { sharing, library } = this.#parts
    const items = this.#drop.files.map(({ path, mediaType }) => itemOf(library, path, mediaType, this.#files.get(path)))
    const { share: resume } = this.#drop
    if (items.length > 0) {
      this.#share = await sharing.share(items, { receivers: 1, sealed: hasWebCrypto(), ...(resume && { resume }) })
      const files = this.#share.entries.map(({ path, size, mediaType }) => ({ path, size, mediaType }))
      this.#drop = { ...this.#drop, files }
      this.#share.onChange(() => this.#showing.ask(SHOW_MS))
    }
    this.isOpen = true
    this.#keep()
  }

  /** Resolves when the box has taken it. @throws {MayflyError} as `OpenedBox.offer` */
  offerTo(box: OpenedBox, onAsked: () => void): Promise<void> {
    return box.offer(this.#share, this.offer, { id: bytesOf(this.id), onAsked })
  }

  progress(): Progress {
    const total = bytesIn(this.#drop.files)
    const receiver = this.#share?.receivers.find(({ taken }) => taken !== undefined)
    if (receiver === undefined || this.#share === undefined) return { done: 0, total, bytesPerSecond: 0, isThere: false }
    const { done, bytesPerSecond, state } = this.#pace.shown(receiver, this.#share.entries)
    return { done, total, bytesPerSecond, isThere: state !== 'left' }
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Nothing more is to be sent: it is complete, or was refused. */
  async finish(): Promise<void> {
    this.#isOver = true
    this.#files.clear()
    await Promise.all([this.close(), this.#parts.kept.remove(this.id).catch(() => {})]) // an old one is forgotten after some days
  }

  /** The box is told that the rest does not come. */
  async withdraw(): Promise<void> {
    const { share: resume } = this.#drop
    if (this.#share === undefined && resume !== undefined)
      this.#share = await this.#parts.sharing.share([], { resume }).catch(() => undefined)
    await this.finish()
  }

  async close(): Promise<void> {
    this.#showing.cancel()
    this.#listeners.clear()
    await this.#share?.end()
  }

  #show(): void {
    this.#readHashes()
    for (const listener of [...this.#listeners]) listener()
  }

  #readHashes(): void {
    const share = this.#share
    if (share === undefined || this.#isOver) return
    const { hashes } = this.#drop
    const read = share.entries.flatMap(({ path, hash }) => (hash === undefined || hashes[path] === hash ? [] : [[path, hash] as const]))
    if (read.length === 0) return
    this.changed = [...this.changed, ...read.flatMap(([path]) => (hashes[path] === undefined ? [] : [path]))]
    this.#drop = { ...this.#drop, hashes: { ...hashes, ...Object.fromEntries(read) } }
    this.#keep()
  }

  #keep(): void {
    if (this.#isOver) return
    const share = this.#share?.snapshot()
    this.#drop = { ...this.#drop, share }
    this.#parts.kept.put(this.#drop).catch(() => {}) // the page says that it must stay open
  }
}

/** The oldest of those that an earlier tab of this browser has begun, and that no other tab goes on with. */
export async function takeUpSending(parts: SendingParts): Promise<DropSending | undefined> {
  for (const drop of await parts.kept.list(parts.box))
    if (await takeDropLock(drop.id, AbortSignal.timeout(TAKE_OVER_MS))) return DropSending.resume(parts, drop)
  return undefined
}

function itemOf({ blobSource }: PeerLibrary, path: string, mediaType: string, file: Blob | undefined): ShareItem {
  if (file === undefined) throw new TypeError(`${path} was not chosen again`)
  const modified = file instanceof File ? { modifiedMs: file.lastModified } : {}
  return { kind: 'file', path, source: blobSource(file), ...(mediaType !== '' && { mediaType }), ...modified }
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)
const bytesIn = (files: DropOffer['files']) => files.reduce((sum, { size }) => sum + size, 0)
const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
const bytesOf = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
