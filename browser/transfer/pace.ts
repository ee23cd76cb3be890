/** Throughput over the last few seconds. */

const WINDOW_MS = 5_000 // long enough to be calm, short enough to follow a change

export class Pace {
  readonly #now: () => number
  /** Bounded: adding one removes those older than the window. */
  readonly #steps: { atMs: number; bytes: number }[]

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#steps = [{ atMs: now(), bytes: 0 }]
  }

  add(bytes: number): void {
    const atMs = this.#now()
    this.#steps.push({ atMs, bytes })
    while (this.#steps.length > 2 && (this.#steps[0]?.atMs ?? atMs) < atMs - WINDOW_MS) this.#steps.shift()
  }

  /** 0 before the first bytes. */
  bytesPerSecond(): number {
    const [first, ...later] = this.#steps
    const last = later.at(-1)
    if (!first || !last || last.atMs <= first.atMs) return 0
    return (1_000 * later.reduce((sum, { bytes }) => sum + bytes, 0)) / (last.atMs - first.atMs)
  }
}
