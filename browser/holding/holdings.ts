/**
 * The contents that this tab holds: makes pages, holds visited ones, stops, and holds again after a reload. Small contents are in the peer's
 * memory and in `kept-content.ts`, large ones in the file or Blob that they came from. `holder-counts.ts` counts the other holders.
 */

import type { AbortOptions, ContentSource } from '../../node/index.ts'
import { Cell, type ReadableCell } from '../cell.ts'
import { contentLabel } from '../content/content-kind.ts'
import type { StoredFile } from '../content/raw-content.ts'
import type { PeerSession } from '../peer/peer-session.ts'
import type { PeerLibrary } from '../peer/types.ts'
import { type HeldPage, HeldPageList } from './held-page-list.ts'
import type { KeptContent } from './kept-content.ts'

interface HoldBytesOptions extends Pick<HeldPage, 'madeHere' | 'name' | 'isPart' | 'parts'> {
  /** The name, or the beginning of the text, when left out. */
  label?: string
  expectedHash?: string | undefined
}

interface HoldBlobOptions extends AbortOptions, Pick<HeldPage, 'label' | 'madeHere' | 'kept' | 'name' | 'isPart'> {
  /** The hash that content from others must have. */
  expectedHash?: string | undefined
  /** Gets the number of bytes read, while the content is hashed. */
  onRead?: (bytes: number) => void
  /** Encrypts the content: the cipher text is held, and the file is not shown. */
  seal?(plain: ContentSource): Promise<ContentSource>
}

const MAX_LOST = 20 // a list to read, not an archive

export class Holdings {
  readonly pages: ReadableCell<readonly HeldPage[]>
  /** Pages that were held until their file changed or went away. Bounded: MAX_LOST, oldest out first. */
  readonly lost = new Cell<readonly HeldPage[]>([])
  readonly #session: PeerSession
  readonly #kept: KeptContent
  readonly #list: HeldPageList
  /** By hash; undefined for content that is held encrypted. Bounded as the pages are. */
  readonly #blobs = new Map<string, StoredFile | undefined>()

  constructor(session: PeerSession, kept: KeptContent) {
    this.#session = session
    this.#kept = kept
    this.#list = new HeldPageList(
      kept.list().map(({ hash, bytes, label, madeHere }) => ({ hash, size: bytes.byteLength, label, madeHere, kept: true })),
    )
    this.pages = this.#list.pages
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

  blobOf(hash: string): StoredFile | undefined {
    return this.#blobs.get(hash)
  }

  /**
   * Holds bytes in memory: what an author made, or what the caller has checked. The files of a bundle (`parts`) must be held already; they end
   * with it, unless something else needs them.
   *
   * @throws {MayflyError} ERR_UNAVAILABLE (the SHA-256 is not `expectedHash`), ERR_TOO_LARGE, ERR_LIMIT
   */
  async holdBytes(bytes: Uint8Array, { label, expectedHash, ...facts }: HoldBytesOptions): Promise<HeldPage> {
    const [library, peer] = await Promise.all([this.#session.library(), this.#session.peer()])
    const { encodeKeyHex } = library
    const { key, size, outline } = await peer.content.hold(bytes, expecting(library, expectedHash))
    const hash = encodeKeyHex(key)
    const page = {
      ...facts,
      hash,
      size,
      label: label ?? facts.name ?? contentLabel(bytes),
      madeHere: facts.madeHere || this.page(hash)?.madeHere === true,
    }
    // A bundle and its files are held together, and files are not kept over a reload.
    const kept = !facts.parts && !facts.isPart && this.#kept.keep({ ...page, bytes })
    return this.#list.add({ ...page, kept, ...(outline && { outline: encodeKeyHex(outline) }) })
  }

  /**
   * Holds a file or Blob without a copy: it is read once to be hashed, and then as others fetch pieces.
   *
   * @throws {MayflyError} ERR_UNAVAILABLE (the SHA-256 is not `expectedHash`), ERR_TOO_LARGE, ERR_LIMIT
   * @throws signal.reason, when aborted
   * @throws when the file cannot be read
   */
  async holdBlob(blob: StoredFile, { signal, onRead, expectedHash, seal, ...facts }: HoldBlobOptions): Promise<HeldPage> {
    const [library, peer] = await Promise.all([this.#session.library(), this.#session.peer()])
    const { encodeKeyHex } = library
    const plain = blobContent(library, blob, onRead)
    const options = { ...expecting(library, expectedHash), ...(signal && { signal }) }
    const { key, size, outline } = await peer.content.hold(seal ? await seal(plain) : plain, options)
    const hash = encodeKeyHex(key)
    this.#blobs.set(hash, seal ? undefined : blob)
    return this.#list.add({ ...facts, hash, size, ...(outline && { outline: encodeKeyHex(outline) }) })
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
  onLost(hash: string): void {
    const page = this.page(hash)
    if (page === undefined) return
    this.lost.update((pages) => [...pages.filter((other) => other.hash !== hash), page].slice(-MAX_LOST))
    this.#forget(hash)
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

  #forget(hash: string): void {
    this.#kept.drop(hash)
    this.#blobs.delete(hash)
    this.#list.remove(hash)
  }
}

function expecting({ decodeKeyHex }: PeerLibrary, hash: string | undefined) {
  return hash === undefined ? {} : { expected: decodeKeyHex(hash) }
}

/** A Blob as content that reports how far it has been read: `onRead` gets the number of bytes from the start, each time it grows. */
function blobContent({ blobSource }: PeerLibrary, blob: StoredFile, onRead?: (bytes: number) => void): ContentSource {
  const source = blobSource(blob)
  let furthest = 0
  return {
    size: source.size,
    async read(offset, length, options) {
      const bytes = await source.read(offset, length, options)
      if (offset + length > furthest) {
        furthest = offset + length
        onRead?.(furthest)
      }
      return bytes
    },
  }
}
