/** Bytes that this tab uploads, second by second, for the graph on the page. `app/activity-console.tsx` draws it. */

import { Cell } from '../cell.ts'

/** The width of the graph, in seconds. */
export const WAVE_SECONDS = 60

export class Traffic {
  readonly #now: () => number
  readonly totals = new Cell({ times: 0, bytes: 0 })
  /** Bytes by second since the epoch. Bounded: adding one removes those older than the graph. */
  readonly #bySecond = new Map<number, number>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  add(bytes: number, times = 1): void {
    const second = this.#second()
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + bytes)
    for (const old of this.#bySecond.keys()) if (old <= second - WAVE_SECONDS) this.#bySecond.delete(old)
    this.totals.update((totals) => ({ times: totals.times + times, bytes: totals.bytes + bytes }))
  }

  /** Bytes in each of the last seconds, oldest first. */
  wave(): number[] {
    const last = this.#second()
    return Array.from({ length: WAVE_SECONDS }, (_, i) => this.#bySecond.get(last - WAVE_SECONDS + 1 + i) ?? 0)
  }

  #second(): number {
    return Math.floor(this.#now() / 1000)
  }
}
