/**
 * Entries of a received share that may be fetched or saved now: looked through once, not after each of thousands of files. Large and small ones stand
 * in two lines: where large ones are full, small ones behind them go on.
 */

import type { ShareEntry } from '../../node/index.ts'

interface Due {
  entry: ShareEntry
  /** Its place in the list. */
  at: number
}

/** The next one is the last. */
type Line = Due[]

export class DueEntries {
  readonly #find: () => readonly ShareEntry[]
  readonly #isLarge: (entry: ShareEntry) => boolean
  /** Undefined: to be found anew. Bounded by the entries. */
  #lines: readonly Line[] | undefined

  /** @param find those that are due, in the order of the list */
  constructor(find: () => readonly ShareEntry[], isLarge: (entry: ShareEntry) => boolean) {
    this.#find = find
    this.#isLarge = isLarge
  }

  /** More has changed than that entries were begun, or saved. */
  again(): void {
    this.#lines = undefined
  }

  /**
   * Begins the next ones, in the order of the list.
   *
   * @param begin 'waits': for another one, and comes before the rest the next time; 'full': so do all of its line
   */
  begin(begin: (entry: ShareEntry) => 'begun' | 'waits' | 'full'): void {
    this.#lines ??= this.#findLines()
    const open = new Set(this.#lines)
    const waiting = new Map(this.#lines.map((line) => [line, [] as Due[]]))
    for (let line = firstOf(open); line !== undefined; line = firstOf(open)) {
      const due = line.pop() as Due
      const outcome = begin(due.entry)
      if (outcome !== 'begun') waiting.get(line)?.push(due)
      if (outcome === 'full') open.delete(line)
    }
    for (const [line, dues] of waiting) line.push(...dues.reverse())
  }

  /** All that were due have been begun. */
  get areBegun(): boolean {
    return this.#lines?.every(({ length }) => length === 0) === true
  }

  #findLines(): readonly Line[] {
    const dues = this.#find().map((entry, at) => ({ entry, at }))
    const lineOf = (isLarge: boolean) => dues.filter(({ entry }) => this.#isLarge(entry) === isLarge).reverse()
    return [lineOf(true), lineOf(false)]
  }
}

/** The line of which the next entry comes first in the list; undefined where all are empty. */
function firstOf(lines: Iterable<Line>): Line | undefined {
  let first: Line | undefined
  for (const line of lines) {
    const next = line.at(-1)
    if (next !== undefined && next.at < (first?.at(-1)?.at ?? Number.POSITIVE_INFINITY)) first = line
  }
  return first
}
