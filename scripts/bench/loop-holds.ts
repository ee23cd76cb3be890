/** How long this process's event loop did nothing else: what came late in that time was late for the machine's sake. */

export interface LoopHolds {
  /** The longest time for which the loop was held, in ms. */
  longestMs: number
  /** All of them together, in ms. */
  sumMs: number
}

/** Between two looks at the clock, in ms. */
const EVERY_MS = 10
/** A look that comes so much later than it should is one, in ms. */
const LEAST_MS = 10
/** Holds that are remembered; the oldest are forgotten first. */
const MAX_HOLDS = 10_000

/** Moments are those of `performance.timeOrigin + performance.now()`, the same in all processes of a machine. */
export function createLoopHolds() {
  const holds: { fromMs: number; toMs: number }[] = []
  const nowMs = () => performance.timeOrigin + performance.now()
  let dueAtMs = nowMs() + EVERY_MS
  const timer = setInterval(() => {
    const toMs = nowMs()
    if (toMs - dueAtMs >= LEAST_MS) holds.push({ fromMs: dueAtMs, toMs })
    if (holds.length > MAX_HOLDS) holds.shift()
    dueAtMs = toMs + EVERY_MS
  }, EVERY_MS)
  timer.unref()
  return {
    /** Those between two moments. */
    within(fromMs: number, toMs: number): LoopHolds {
      const parts = holds.map((hold) => Math.min(hold.toMs, toMs) - Math.max(hold.fromMs, fromMs)).filter((ms) => ms > 0)
      return { longestMs: Math.max(0, ...parts), sumMs: parts.reduce((sum, ms) => sum + ms, 0) }
    },
  }
}
