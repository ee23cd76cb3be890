/** How much this tab gave to others, second by second, for the wave on the page. Drawing is left to `app/traffic-wave.tsx`. */

import { Cell, type ReadableCell } from '../cell.ts'

export interface TrafficTotals {
  /** How many times content was given to somebody. */
  times: number
  bytes: number
}

export const TRAFFIC_DEFAULTS = {
  seconds: 60, // the width of the wave
} as const

export class Traffic {
  readonly #now: () => number
  readonly #totals = new Cell<TrafficTotals>({ times: 0, bytes: 0 })
  /** Bytes by second since the epoch. Bounded: seconds that left the wave are removed with each one that enters. */
  readonly #buckets = new Map<number, number>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get totals(): ReadableCell<TrafficTotals> {
    return this.#totals
  }

  add(bytes: number, times = 1): void {
    const second = this.#second()
    this.#buckets.set(second, (this.#buckets.get(second) ?? 0) + bytes)
    for (const old of this.#buckets.keys()) if (old <= second - TRAFFIC_DEFAULTS.seconds) this.#buckets.delete(old)
    this.#totals.update((totals) => ({ times: totals.times + times, bytes: totals.bytes + bytes }))
  }

  /** Bytes in each of the last seconds, oldest first. */
  wave(): number[] {
    const last = this.#second()
    return Array.from({ length: TRAFFIC_DEFAULTS.seconds }, (_, i) => this.#buckets.get(last - TRAFFIC_DEFAULTS.seconds + 1 + i) ?? 0)
  }

  #second(): number {
    return Math.floor(this.#now() / 1000)
  }
}
