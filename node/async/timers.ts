/** Time as a part is handed it: the process's own, or that of a simulation. */

export interface Timers {
  /** Monotonic, of any origin, in ms. */
  now(): number
  /** Calls once, after `ms`. Returns the function that ends the wait. */
  after(ms: number, work: () => void): () => void
  /** Calls again and again, every `ms`. Returns the function that ends it. */
  every(ms: number, work: () => void): () => void
}

/** This process's. */
export const TIMERS: Timers = {
  now: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
  every(ms, work) {
    const timer = setInterval(work, ms)
    return () => clearInterval(timer)
  },
}
