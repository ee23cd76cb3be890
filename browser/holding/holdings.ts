/**
 * What this tab holds: makes pages, holds what it visited, stops, and holds again after a reload. Small bytes live in the peer and in
 * `kept-content.ts`, large content in the file or Blob that it came from; who else holds them is left to `holder-counts.ts`.
 */

import type { AbortOptions, ContentSource } from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import { blobContent } from '../content/blob-content.ts'
import { contentLabel } from '../content/content-kind.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { HeldPage } from './held-page.ts'
import type { KeptContent } from './kept-content.ts'

export interface HoldingsOptions {
  session: PeerSession
  kept: KeptContent
}

export interface HoldBlobOptions extends AbortOptions {
  label: string
  /** Hears how much has been read, in bytes, while the content is hashed. */
  onRead?: (bytes: number) => void
  name?: string
  isPart?: boolean
  /** Makes cipher text of it: that is held, and the file is for nobody to see. */
  seal?(plain: ContentSource): Promise<ContentSource>
}

export class Holdings {
  readonly #session: PeerSession
  readonly #kept: KeptContent
  /** Newest last. Bounded by the peer's limits on what it holds. */
  readonly #pages: Cell<readonly HeldPage[]>
  /** By hash; nothing to be seen of what is held sealed. Bounded as the pages are. */
  readonly #blobs = new Map<string, Blob | undefined>()

  constructor({ session, kept }: HoldingsOptions) {
    this.#session = session
    this.#kept = kept
    this.#pages = new Cell<readonly HeldPage[]>(
      kept.list().map(({ hash, bytes, label, madeHere }) => ({ hash, size: bytes.byteLength, label, madeHere, kept: true })),
    )
  }

  get pages(): ReadableCell<readonly HeldPage[]> {
    return this.#pages
  }

  page(hash: string): HeldPage | undefined {
    return this.#pages.get().find((page) => page.hash === hash)
  }

  has(hash: string): boolean {
    return this.page(hash) !== undefined
  }

  /** The bytes, when they were kept in this tab before: at once, without the peer. */
  keptBytes(hash: string): Uint8Array | undefined {
    return this.#kept.get(hash)?.bytes
  }

  /** What is held from a file or Blob, and not from memory. */
  blobOf(hash: string): Blob | undefined {
    return this.#blobs.get(hash)
  }

  /**
   * Makes a page of the bytes and holds it. `name` is a file's name, and its label when there is no other.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT
   */
  async make(bytes: Uint8Array, { name, label = name }: { name?: string; label?: string | undefined } = {}): Promise<HeldPage> {
    return this.#holdBytes(bytes, { label: label ?? contentLabel(bytes), madeHere: true, ...(name !== undefined && { name }) })
  }

  /**
   * Makes content of a file and holds it, from where it lies: it is read once to be hashed, and then as others ask.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT
   * @throws signal.reason, when aborted
   * @throws when the file cannot be read
   */
  async makeOf(blob: Blob, options: HoldBlobOptions): Promise<HeldPage> {
    return this.#holdBlob(blob, { ...options, madeHere: true, kept: false })
  }

  /**
   * Makes a bundle of files that are held already. It ends when this is stopped, and with it its files that nothing else holds.
   *
   * @throws {MayflyError} ERR_LIMIT
   */
  async makeBundle(
    bytes: Uint8Array,
    { label, parts, madeHere }: { label: string; parts: string[]; madeHere: boolean },
  ): Promise<HeldPage> {
    return this.#holdBytes(bytes, { label, madeHere, parts })
  }

  /** Holds bytes that came from others, checked by the caller. @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT */
  async hold(bytes: Uint8Array, options: { isPart?: boolean; label?: string } = {}): Promise<HeldPage> {
    return this.#holdBytes(bytes, { label: contentLabel(bytes), madeHere: false, ...options })
  }

  /**
   * Holds what came from others and was not checked as a whole yet.
   *
   * @throws {MayflyError} ERR_UNAVAILABLE when it is not what the hash says, ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  async holdReceived(hash: string, blob: Blob, options: HoldBlobOptions & { kept: boolean }): Promise<HeldPage> {
    return this.#holdBlob(blob, { ...options, madeHere: false, expected: hash })
  }

  /** Also ends the files of a bundle, unless they are held for themselves or for another. */
  async stop(hash: string): Promise<void> {
    const page = this.page(hash)
    const others = this.#pages.get().filter((other) => other !== page)
    if (page && others.some(({ parts }) => parts?.includes(hash))) return this.#replace({ ...page, isPart: true })
    const needed = new Set(others.flatMap((other) => (other.isPart ? [] : [other.hash, ...(other.parts ?? [])])))
    const ending = [hash, ...(page?.parts ?? []).filter((part) => !needed.has(part))]
    for (const ended of ending) this.#forget(ended)
    const peer = this.#session.running
    if (peer === undefined) return // `restore` finds that it is not wanted any more
    const { decodeKeyHex } = await this.#session.library()
    await Promise.all(ending.map((ended) => peer.content.release(decodeKeyHex(ended))))
  }

  /** The peer released it by itself: a file that changed, or is not there any more. */
  onReleased(hash: string): void {
    if (this.#blobs.has(hash)) this.#forget(hash)
  }

  /**
   * Holds again what a reload interrupted. Returns the hashes of what could not be held any more.
   *
   * @throws what kept the library from being loaded or started
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
          if (outline) this.#replace({ ...page, outline: encodeKeyHex(outline) })
          continue
        }
        await peer.content.release(key)
        if (!this.has(hash)) continue // stopped while it was being held
      } catch {
        // The refusal is told below, with the page's name: it means the same as bytes that no longer match.
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
    // A bundle and its files live or go together, and files are not kept over a reload.
    const kept = !facts.parts && !facts.isPart && this.#kept.keep({ hash, bytes, madeHere, label: facts.label })
    return this.#add({ ...facts, hash, size, madeHere, kept, ...(outline && { outline: encodeKeyHex(outline) }) })
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
      throw new MayflyError('ERR_UNAVAILABLE', 'What came is not what the address says: its SHA-256 is another')
    }
    this.#blobs.set(hash, seal ? undefined : blob)
    return this.#add({ ...facts, hash, size, ...(outline && { outline: encodeKeyHex(outline) }) })
  }

  /** What was held for itself stays so when it becomes part of a bundle. */
  #add(page: HeldPage): HeldPage {
    const before = this.page(page.hash)
    const added = before && !before.isPart && page.isPart ? before : page
    this.#pages.update((pages) => [...pages.filter((other) => other.hash !== page.hash), added])
    return added
  }

  #replace(page: HeldPage): void {
    this.#pages.update((pages) => pages.map((other) => (other.hash === page.hash ? page : other)))
  }

  #forget(hash: string): void {
    this.#kept.drop(hash)
    this.#blobs.delete(hash)
    this.#pages.update((pages) => pages.filter((page) => page.hash !== hash))
  }
}
