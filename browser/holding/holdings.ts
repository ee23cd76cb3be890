/**
 * The contents that this tab holds: makes pages, holds visited ones, stops, and holds again after a reload. Small contents are in the peer's
 * memory and in `kept-content.ts`, large ones in the file or Blob that they came from. `holder-counts.ts` counts the other holders.
 */

import type { AbortOptions, ContentSource } from '../../node/index.ts'
import type { ReadableCell } from '../cell.ts'
import { blobContent } from '../content/blob-content.ts'
import { contentLabel } from '../content/content-kind.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { HeldPage } from './held-page.ts'
import { HeldPageList } from './held-page-list.ts'
import type { KeptContent } from './kept-content.ts'

export interface HoldingsOptions {
  session: PeerSession
  kept: KeptContent
}

export interface HoldBlobOptions extends AbortOptions {
  label: string
  /** Gets the number of bytes read, while the content is hashed. */
  onRead?: (bytes: number) => void
  name?: string
  isPart?: boolean
  /** Encrypts the content: the cipher text is held, and the file is not shown. */
  seal?(plain: ContentSource): Promise<ContentSource>
}

export class Holdings {
  readonly #session: PeerSession
  readonly #kept: KeptContent
  readonly #list: HeldPageList
  /** By hash; undefined for content that is held encrypted. Bounded as the pages are. */
  readonly #blobs = new Map<string, Blob | undefined>()

  constructor({ session, kept }: HoldingsOptions) {
    this.#session = session
    this.#kept = kept
    this.#list = new HeldPageList(
      kept.list().map(({ hash, bytes, label, madeHere }) => ({ hash, size: bytes.byteLength, label, madeHere, kept: true })),
    )
  }

  get pages(): ReadableCell<readonly HeldPage[]> {
    return this.#list.pages
  }

  page(hash: string): HeldPage | undefined {
    return this.#list.page(hash)
  }

  has(hash: string): boolean {
    return this.page(hash) !== undefined
  }

  /** The bytes, if they are in session storage: available without the peer. */
  keptBytes(hash: string): Uint8Array | undefined {
    return this.#kept.get(hash)?.bytes
  }

  /** The file or Blob of large content. */
  blobOf(hash: string): Blob | undefined {
    return this.#blobs.get(hash)
  }

  /**
   * Makes a page of the bytes, and holds it. The label is `name` (a file name) when none is given, or the beginning of the text.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT
   */
  async make(bytes: Uint8Array, { name, label = name }: { name?: string; label?: string | undefined } = {}): Promise<HeldPage> {
    return this.#holdBytes(bytes, { label: label ?? contentLabel(bytes), madeHere: true, ...(name !== undefined && { name }) })
  }

  /**
   * Makes content of a file, and holds it without a copy: the file is read once to be hashed, and then as others fetch pieces.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT
   * @throws signal.reason, when aborted
   * @throws when the file cannot be read
   */
  async makeOf(blob: Blob, options: HoldBlobOptions): Promise<HeldPage> {
    return this.#holdBlob(blob, { ...options, madeHere: true, kept: false })
  }

  /**
   * Makes a bundle of files that are held already. Stopping it also stops its files, unless something else needs them.
   *
   * @throws {MayflyError} ERR_LIMIT
   */
  async makeBundle(
    bytes: Uint8Array,
    { label, parts, madeHere }: { label: string; parts: string[]; madeHere: boolean },
  ): Promise<HeldPage> {
    return this.#holdBytes(bytes, { label, madeHere, parts })
  }

  /** Holds bytes from others, which the caller has checked. @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT */
  async hold(bytes: Uint8Array, options: { isPart?: boolean; label?: string } = {}): Promise<HeldPage> {
    return this.#holdBytes(bytes, { label: contentLabel(bytes), madeHere: false, ...options })
  }

  /**
   * Checks the SHA-256 of large content from others, and holds it.
   *
   * @throws {MayflyError} ERR_UNAVAILABLE (the SHA-256 is another), ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  async holdReceived(hash: string, blob: Blob, options: HoldBlobOptions & { kept: boolean }): Promise<HeldPage> {
    return this.#holdBlob(blob, { ...options, madeHere: false, expected: hash })
  }

  /** Stops holding. The files of a bundle end with it, unless they are held by themselves or for another bundle. */
  async stop(hash: string): Promise<void> {
    const page = this.page(hash)
    if (page && this.#list.isPartOfBundle(hash)) return this.#list.replace({ ...page, isPart: true })
    const ending = this.#list.endingWith(hash)
    for (const ended of ending) this.#forget(ended)
    const peer = this.#session.running
    if (peer === undefined) return // `restore` will skip it
    const { decodeKeyHex } = await this.#session.library()
    await Promise.all(ending.map((ended) => peer.content.release(decodeKeyHex(ended))))
  }

  /** Called when the peer has released content by itself: its file has changed or is gone. */
  onReleased(hash: string): void {
    if (this.#blobs.has(hash)) this.#forget(hash)
  }

  /**
   * Holds again what the tab held before a reload. @returns the hashes of contents that could not be held again
   *
   * @throws what prevented the library from being loaded or started
   */
  async restore(): Promise<string[]> {
    const entries = this.#kept.list()
    if (entries.length === 0) return []
    const [{ encodeKeyHex }, peer] = await Promise.all([this.#session.library(), this.#session.peer()])
    const lost: string[] = []
    for (const { hash, bytes } of entries) {
      if (!this.has(hash)) continue // stopped meanwhile
      try {
        const { key, outline } = await peer.content.hold(bytes)
        const page = this.page(hash)
        if (encodeKeyHex(key) === hash && page) {
          if (outline) this.#list.replace({ ...page, outline: encodeKeyHex(outline) })
          continue
        }
        await peer.content.release(key)
        if (!this.has(hash)) continue // stopped while it was being held
      } catch {
        // Reported as lost below, as bytes that do not match are.
      }
      this.#forget(hash)
      lost.push(hash)
    }
    return lost
  }

  async #holdBytes(bytes: Uint8Array, facts: Omit<HeldPage, 'hash' | 'size' | 'kept'>): Promise<HeldPage> {
    const [{ encodeKeyHex }, peer] = await Promise.all([this.#session.library(), this.#session.peer()])
    const { key, size, outline } = await peer.content.hold(bytes)
    const hash = encodeKeyHex(key)
    const madeHere = facts.madeHere || this.page(hash)?.madeHere === true
    // A bundle and its files are held together, and files are not kept over a reload.
    const kept = !facts.parts && !facts.isPart && this.#kept.keep({ hash, bytes, madeHere, label: facts.label })
    return this.#list.add({ ...facts, hash, size, madeHere, kept, ...(outline && { outline: encodeKeyHex(outline) }) })
  }

  async #holdBlob(
    blob: Blob,
    { signal, onRead, expected, seal, ...facts }: HoldBlobOptions & { madeHere: boolean; kept: boolean; expected?: string },
  ): Promise<HeldPage> {
    const [library, peer] = await Promise.all([this.#session.library(), this.#session.peer()])
    const { encodeKeyHex, MayflyError } = library
    const plain = blobContent(library, blob, onRead)
    const { key, size, outline } = await peer.content.hold(seal ? await seal(plain) : plain, signal ? { signal } : {})
    const hash = encodeKeyHex(key)
    if (expected !== undefined && hash !== expected) {
      if (!this.has(hash)) await peer.content.release(key)
      throw new MayflyError('ERR_UNAVAILABLE', 'The content is not what its address says: its SHA-256 is another')
    }
    this.#blobs.set(hash, seal ? undefined : blob)
    return this.#list.add({ ...facts, hash, size, ...(outline && { outline: encodeKeyHex(outline) }) })
  }

  #forget(hash: string): void {
    this.#kept.drop(hash)
    this.#blobs.delete(hash)
    this.#list.remove(hash)
  }
}
