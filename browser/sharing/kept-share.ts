/**
 * Keeps what this tab shares over a reload, in its session storage: the share's record with its secrets, its texts, and its small files. They are
 * gone when the tab is closed. Of a large file only the name and the size are kept, so that it can be told when it is chosen again.
 */

import type { SessionStore } from '../peer/tab-session.ts'
import { fromBase64, toBase64 } from '../text/base64.ts'
import { SHARE_RECORD } from './own-share-parts.ts'

export const KEPT_SHARE_LIMITS = {
  /** A larger file is chosen again after a reload, in bytes. */
  maxFileBytes: 262_144,
  /** All kept files of a share together, in characters of base64; the session storage also has the pages that the tab holds. */
  maxCharacters: 1_000_000,
} as const

const FILE = 'mayfly:share:'

/** An entry as it comes back after a reload. */
export type KeptItem = { path: string } & (
  | { kind: 'text'; text: string }
  /** `name` and `size` are those of the file that was chosen. */
  | { kind: 'file'; name: string; size: number; modifiedMs: number | undefined; mediaType: string; bytes: Uint8Array | undefined }
)

export interface KeptRecord {
  id: string
  /** `Share.snapshot()`. */
  snapshot: Uint8Array
  items: readonly ({ entry: number } & KeptItem)[]
}

type StoredItem = { entry: number; path: string } & (
  | { text: string }
  | { name: string; size: number; modifiedMs?: number; mediaType: string }
)

export class KeptShare {
  readonly #store: SessionStore
  readonly #maxCharacters: number
  /** Characters of the kept files; undefined until they are counted. */
  #used: number | undefined

  constructor(store: SessionStore, maxCharacters: number = KEPT_SHARE_LIMITS.maxCharacters) {
    this.#store = store
    this.#maxCharacters = maxCharacters
  }

  /** Keeps the bytes of a small file. A file that does not fit is chosen again after a reload. */
  keepFile(entry: number, bytes: Uint8Array): void {
    if (!this.hasRoomFor(bytes.byteLength)) return
    this.dropFile(entry)
    try {
      const base64 = toBase64(bytes)
      this.#store.setItem(FILE + entry, base64)
      this.#used = this.#count() + base64.length
    } catch {
      // The browser's own quota is smaller, or storage is switched off.
    }
  }

  /** @param size of a file, in bytes */
  hasRoomFor(size: number): boolean {
    return this.#count() + 4 * Math.ceil(size / 3) <= this.#maxCharacters
  }

  dropFile(entry: number): void {
    this.#used = this.#count() - (this.#store.getItem(FILE + entry)?.length ?? 0)
    this.#store.removeItem(FILE + entry)
  }

  /** False when it does not fit: the share then ends with a reload. */
  keep({ id, snapshot, items }: KeptRecord): boolean {
    const stored = items.map(({ entry, path, ...item }): StoredItem => {
      if (item.kind === 'text') return { entry, path, text: item.text }
      const { name, size, modifiedMs, mediaType } = item
      return { entry, path, name, size, mediaType, ...(modifiedMs !== undefined && { modifiedMs }) }
    })
    try {
      this.#store.setItem(SHARE_RECORD, JSON.stringify({ id, snapshot: toBase64(snapshot), items: stored }))
      return true
    } catch {
      this.clear() // an older record would bring back what has been removed
      return false
    }
  }

  /** The share of before a reload; undefined when there was none. */
  read(): KeptRecord | undefined {
    try {
      const text = this.#store.getItem(SHARE_RECORD)
      if (text === null) return undefined
      const { id, snapshot, items } = JSON.parse(text) as { id: string; snapshot: string; items: StoredItem[] }
      return { id, snapshot: fromBase64(snapshot), items: items.map((item) => this.#itemOf(item)) }
    } catch {
      this.clear()
      return undefined
    }
  }

  clear(): void {
    for (const name of [SHARE_RECORD, ...this.#fileNames()]) this.#store.removeItem(name)
    this.#used = 0
  }

  #itemOf(item: StoredItem): { entry: number } & KeptItem {
    const { entry, path } = item
    if ('text' in item) return { entry, path, kind: 'text', text: item.text }
    const { name, size, modifiedMs, mediaType } = item
    const base64 = this.#store.getItem(FILE + entry)
    return { entry, path, kind: 'file', name, size, modifiedMs, mediaType, bytes: base64 === null ? undefined : fromBase64(base64) }
  }

  #count(): number {
    this.#used ??= this.#fileNames().reduce((sum, name) => sum + (this.#store.getItem(name)?.length ?? 0), 0)
    return this.#used
  }

  #fileNames(): string[] {
    const names = Array.from({ length: this.#store.length }, (_, i) => this.#store.key(i))
    return names.filter((name): name is string => name?.startsWith(FILE) === true)
  }
}
