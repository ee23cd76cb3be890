/**
 * Faults of delegates, of which the second costs one its place, and delegates that have had no room. Either is forgotten after a while without
 * another: a server that was wrong in one moment is not worse than others for ever.
 */

import { createRecentMap } from '../async/recent-map.ts'
import type { Timers } from '../async/timers.ts'

/** Faults after which a delegate loses its place. */
const MAX_FAULTS = 2
const MAX_FAULTY = 1_024
/** How long a fault, or a lack of room, is remembered, in ms: as long as a delegate that has lost its place is not taken for one again. */
export const FAULT_MS = 600_000

export type Faults = ReturnType<typeof createFaults>

export function createFaults({ now }: Pick<Timers, 'now'>) {
  /** By delegate, its peer id. */
  const faults = createRecentMap<string, { count: number; untilMs: number }>({ maxEntries: MAX_FAULTY, order: 'written' })
  /** By delegate: until when it is taken for one without room. */
  const full = createRecentMap<string, number>({ maxEntries: MAX_FAULTY, order: 'written' })

  function countOf(id: string): number {
    const known = faults.peek(id)
    return known === undefined || known.untilMs <= now() ? 0 : known.count
  }

  const isFull = (id: string) => (full.peek(id) ?? 0) > now()

  return {
    countOf,
    /** @returns true when the delegate is to lose its place */
    add(id: string): boolean {
      const count = countOf(id) + 1
      faults.set(id, { count, untilMs: now() + FAULT_MS })
      return count >= MAX_FAULTS
    },
    isFull,
    /** The delegate has refused a lease for want of room. @returns true when that is news */
    noteFull(id: string): boolean {
      const isNews = !isFull(id)
      full.set(id, now() + FAULT_MS)
      return isNews
    },
  }
}
