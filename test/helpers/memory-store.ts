import type { SessionStore } from '../../browser/peer/tab-session.ts'

/** A storage in memory, with a quota like a browser's. */
export class MemoryStore implements SessionStore {
  readonly #items = new Map<string, string>()
  readonly #maxCharacters: number

  constructor(maxCharacters = Number.POSITIVE_INFINITY) {
    this.#maxCharacters = maxCharacters
  }

  get length(): number {
    return this.#items.size
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null
  }

  getItem(name: string): string | null {
    return this.#items.get(name) ?? null
  }

  setItem(name: string, value: string): void {
    if (value.length > this.#maxCharacters) throw new DOMException('full', 'QuotaExceededError')
    this.#items.set(name, value)
  }

  removeItem(name: string): void {
    this.#items.delete(name)
  }
}
