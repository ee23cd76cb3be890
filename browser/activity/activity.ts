/** The log of this tab, newest entry last, for the console on the page. */

import { Cell } from '../cell.ts'

interface ActivityEntry {
  /** Counts up: entries of one moment differ in it. */
  id: number
  atMs: number
  text: string
  /** How many times in a row the text was logged. */
  times: number
}

export const MAX_ENTRIES = 100 // a console to glance at, not an archive

export class Activity {
  readonly #now: () => number
  /** Bounded: MAX_ENTRIES, oldest out first. */
  readonly entries = new Cell<readonly ActivityEntry[]>([])
  #nextId = 1

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Repeating the newest text only increases its count. */
  log(text: string): void {
    const atMs = this.#now()
    this.entries.update((entries) => {
      const last = entries.at(-1)
      if (last?.text === text) return [...entries.slice(0, -1), { ...last, atMs, times: last.times + 1 }]
      return [...entries, { id: this.#nextId++, atMs, text, times: 1 }].slice(-MAX_ENTRIES)
    })
  }
}
