/**
 * What this tab holds: makes pages, holds what it visited, stops, and holds again after a reload. Bytes live in the peer and in
 * `kept-content.ts`; who else holds them is left to `holder-counts.ts`.
 */

import { Cell, type ReadableCell } from './cell.ts'
import { contentLabel } from './content-kind.ts'
import type { KeptContent } from './kept-content.ts'
import type { PeerSession } from './peer-session.ts'

export interface HeldPage {
  /** 64 hex digits. */
  hash: string
  /** In bytes. */
  size: number
  /** A few words to know it by; may be empty. */
  label: string
  /** Made in this tab, and not fetched from others. */
  madeHere: boolean
  /** Whether it outlives a reload of the tab. */
  kept: boolean
}

export interface HoldingsOptions {
  session: PeerSession
  kept: KeptContent
}

export class Holdings {
  readonly #session: PeerSession
  readonly #kept: KeptContent
  /** Newest last. Bounded by the peer's limits on what it holds. */
  readonly #pages: Cell<readonly HeldPage[]>

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

  has(hash: string): boolean {
    return this.#pages.get().some((page) => page.hash === hash)
  }

  /** The bytes, when they were kept in this tab before: at once, without the peer. */
  keptBytes(hash: string): Uint8Array | undefined {
    return this.#kept.get(hash)?.bytes
  }

  /**
   * Makes a page of the bytes and holds it. `name` is a file's name.
   *
   * @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT
   */
  async make(bytes: Uint8Array, name?: string): Promise<HeldPage> {
    return this.#hold(bytes, name ?? contentLabel(bytes), true)
  }

  /** Holds bytes that came from others, checked by the caller. @throws {MayflyError} ERR_TOO_LARGE, ERR_LIMIT */
  async hold(bytes: Uint8Array): Promise<HeldPage> {
    return this.#hold(bytes, contentLabel(bytes), false)
  }

  async stop(hash: string): Promise<void> {
    this.#kept.drop(hash)
    this.#pages.update((pages) => pages.filter((page) => page.hash !== hash))
    const peer = this.#session.running
    if (peer === undefined) return // `restore` finds that it is not wanted any more
    const { decodeKeyHex } = await this.#session.library()
    await peer.content.release(decodeKeyHex(hash))
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
        const { key } = await peer.content.hold(bytes)
        if (encodeKeyHex(key) === hash && this.has(hash)) continue
        await peer.content.release(key)
        if (!this.has(hash)) continue // stopped while it was being held
      } catch {
        // The refusal is told below, with the page's name: it means the same as bytes that no longer match.
      }
      this.#kept.drop(hash)
      this.#pages.update((pages) => pages.filter((page) => page.hash !== hash))
      lost.push(hash)
    }
    return lost
  }

  async #hold(bytes: Uint8Array, label: string, madeHere: boolean): Promise<HeldPage> {
    const [{ encodeKeyHex }, peer] = await Promise.all([this.#session.library(), this.#session.peer()])
    const { key, size } = await peer.content.hold(bytes)
    const hash = encodeKeyHex(key)
    const before = this.#pages.get().find((page) => page.hash === hash)
    const mine = madeHere || before?.madeHere === true
    const page: HeldPage = { hash, size, label, madeHere: mine, kept: this.#kept.keep({ hash, bytes, madeHere: mine, label }) }
    this.#pages.update((pages) => [...pages.filter((other) => other.hash !== hash), page])
    return page
  }
}
