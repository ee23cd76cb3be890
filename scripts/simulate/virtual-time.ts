/** Time that passes when it is told to: whatever waits for it runs in order, and all that follows at once is done before it goes on. */

import type { Timers } from '../../node/async/timers.ts'

/** One is a tenth of a millisecond: what is due in the same one is done together. */
const TICKS_PER_MS = 10

interface Wait {
  atTicks: number
  /** Of two waits for the same tick the one that began first ends first. */
  sequence: number
  /** Undefined once it was ended. */
  work: (() => void) | undefined
}

export type VirtualTime = ReturnType<typeof createVirtualTime>

export function createVirtualTime() {
  /** A binary heap. */
  const waits: Wait[] = []
  let ticks = 0
  let sequence = 0
  let events = 0

  const isBefore = (a: Wait, b: Wait) => a.atTicks < b.atTicks || (a.atTicks === b.atTicks && a.sequence < b.sequence)

  function push(wait: Wait): void {
    let at = waits.length
    while (at > 0) {
      const parent = waits[(at - 1) >> 1] as Wait
      if (!isBefore(wait, parent)) break
      waits[at] = parent
      at = (at - 1) >> 1
    }
    waits[at] = wait
  }

  function pop(): Wait {
    const first = waits[0] as Wait
    const last = waits.pop() as Wait
    if (waits.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= waits.length) break
      if (child + 1 < waits.length && isBefore(waits[child + 1] as Wait, waits[child] as Wait)) child++
      if (!isBefore(waits[child] as Wait, last)) break
      waits[at] = waits[child] as Wait
      at = child
    }
    waits[at] = last
    return first
  }

  function after(ms: number, work: () => void): () => void {
    const wait: Wait = { atTicks: ticks + Math.max(0, Math.round(ms * TICKS_PER_MS)), sequence: sequence++, work }
    push(wait)
    return () => {
      wait.work = undefined
    }
  }

  const timers: Timers = {
    now: () => ticks / TICKS_PER_MS,
    after,
    every(ms, work) {
      let end = () => {}
      const again = () => {
        end = after(ms, () => {
          again()
          work()
        })
      }
      again()
      return () => end()
    },
  }

  return {
    timers,
    /** Works that were run. */
    get events() {
      return events
    },
    /** Lets so much time pass. */
    async pass(ms: number) {
      const untilTicks = ticks + Math.round(ms * TICKS_PER_MS)
      await settled()
      for (let next = waits[0]; next !== undefined && next.atTicks <= untilTicks; next = waits[0]) {
        ticks = next.atTicks
        while (waits[0]?.atTicks === ticks) {
          const { work } = pop()
          if (work === undefined) continue
          events++
          work()
        }
        await settled()
      }
      ticks = untilTicks
    },
    /** The same at once, for works that promise nothing: a hundred times as many of them in a second. */
    passAtOnce(ms: number) {
      const untilTicks = ticks + Math.round(ms * TICKS_PER_MS)
      for (let next = waits[0]; next !== undefined && next.atTicks <= untilTicks; next = waits[0]) {
        ticks = next.atTicks
        const { work } = pop()
        if (work === undefined) continue
        events++
        work()
      }
      ticks = untilTicks
    },
  }
}

/** Resolves when all promises that can be settled now have been, and all that follows from them. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))
