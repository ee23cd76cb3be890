/** Entries of a received share that may be fetched or saved now: looked through once, not after each of thousands of files. */

import type { ShareEntry } from '../../node/index.ts'

export class DueEntries {
  readonly #find: () => readonly ShareEntry[]
  /** The next one is the last. Undefined: to be found anew. Bounded by the entries. */
  #queue: ShareEntry[] | undefined

  /** @param find those that are due, in the order of the list */
  constructor(find: () => readonly ShareEntry[]) {
    this.#find = find
  }

  /** More has changed than that entries were begun, or saved. */
  again(): void {
    this.#queue = undefined
  }

  /** Begins the next ones. @param begin 'waits': for another one, and comes before the rest the next time; 'full': so do all */
  begin(begin: (entry: ShareEntry) => 'begun' | 'waits' | 'full'): void {
    this.#queue ??= [...this.#find()].reverse()
    const waiting: ShareEntry[] = []
    for (let entry = this.#queue.pop(); entry !== undefined; entry = this.#queue.pop()) {
      const outcome = begin(entry)
      if (outcome !== 'begun') waiting.push(entry)
      if (outcome === 'full') break
    }
    this.#queue.push(...waiting.reverse())
  }

  /** All that were due have been begun. */
  get areBegun(): boolean {
    return this.#queue?.length === 0
  }
}
