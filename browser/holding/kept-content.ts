/**
 * Keeps the bytes that this tab holds over a reload, in the tab's session storage (as base64, since it takes only text). They are gone when
 * the tab is closed. `holdings.ts` holds them again after a reload.
 */

import type { SessionStore } from '../peer/tab-session.ts'
import { fromBase64, toBase64 } from '../text/base64.ts'
import type { HeldPage } from './held-page-list.ts'

export const KEPT_CONTENT_DEFAULTS = {
  maxCharacters: 4_000_000, // browsers allow about 5 million characters of session storage per origin and tab
} as const

export type KeptEntry = Pick<HeldPage, 'hash' | 'madeHere' | 'label'> & { bytes: Uint8Array }

const PREFIX = 'mayfly:held:'

/** An entry in the storage, under its hash. */
type StoredEntry = Pick<HeldPage, 'label' | 'madeHere'> & { order: number; base64: string }

export class KeptContent {
  readonly #store: SessionStore
  readonly #maxCharacters: number

  /** @param maxCharacters limit for all entries, in characters of base64 text */
  constructor(store: SessionStore, maxCharacters: number = KEPT_CONTENT_DEFAULTS.maxCharacters) {
    this.#store = store
    this.#maxCharacters = maxCharacters
  }

  /** False when it does not fit: the content is then held only until the tab is reloaded. */
  keep(entry: KeptEntry): boolean {
    const others = this.#stored().filter(([hash]) => hash !== entry.hash)
    const order = Math.max(0, ...others.map(([, stored]) => stored.order)) + 1
    const stored: StoredEntry = { label: entry.label, madeHere: entry.madeHere, order, base64: toBase64(entry.bytes) }
    const used = others.reduce((sum, [, other]) => sum + other.base64.length, 0)
    if (used + stored.base64.length > this.#maxCharacters) return false
    try {
      this.#store.setItem(PREFIX + entry.hash, JSON.stringify(stored))
      return true
    } catch {
      return false // the browser's own quota is smaller, or storage is switched off
    }
  }

  drop(hash: string): void {
    this.#store.removeItem(PREFIX + hash)
  }

  get(hash: string): KeptEntry | undefined {
    const stored = parseEntry(this.#store.getItem(PREFIX + hash))
    return stored && toKept(hash, stored)
  }

  /** All entries, oldest first. Unreadable ones are skipped. */
  list(): KeptEntry[] {
    return this.#stored()
      .sort(([, a], [, b]) => a.order - b.order)
      .flatMap(([hash, stored]) => toKept(hash, stored) ?? [])
  }

  #stored(): [hash: string, StoredEntry][] {
    const found: [string, StoredEntry][] = []
    for (let i = 0; i < this.#store.length; i++) {
      const name = this.#store.key(i)
      if (!name?.startsWith(PREFIX)) continue
      const stored = parseEntry(this.#store.getItem(name))
      if (stored) found.push([name.slice(PREFIX.length), stored])
    }
    return found
  }
}

function parseEntry(text: string | null): StoredEntry | undefined {
  if (text === null) return undefined
  try {
    const { label, madeHere, order, base64 } = JSON.parse(text) as Partial<StoredEntry>
    if (typeof label !== 'string' || typeof madeHere !== 'boolean' || typeof order !== 'number' || typeof base64 !== 'string')
      return undefined
    return { label, madeHere, order, base64 }
  } catch {
    return undefined
  }
}

function toKept(hash: string, { label, madeHere, base64 }: StoredEntry): KeptEntry | undefined {
  try {
    return { hash, label, madeHere, bytes: fromBase64(base64) }
  } catch {
    return undefined
  }
}
