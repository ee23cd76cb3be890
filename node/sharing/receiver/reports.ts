/**
 * How far a receiver is, for its sharer: at most four times a second, and told by the pieces that come, since the timers of a hidden tab are slow.
 */

import type { ShareFrame } from '../format/share-frames.ts'

const EVERY_MS = 250

interface ReportsContext {
  monotonic(): number
  send(frame: ShareFrame): void
}

export function createReports({ monotonic, send }: ReportsContext) {
  /** Plain bytes by entry. Bounded by the entries. */
  const bytesOf = new Map<number, number>()
  const saved = new Set<number>()
  const unsent = new Set<number>()
  let sentAtMs = Number.NEGATIVE_INFINITY

  function flush(): void {
    if (unsent.size === 0) return
    const reports = [...unsent].slice(0, 256).map((entry): [number, number] => [entry, bytesOf.get(entry) ?? 0])
    unsent.clear()
    sentAtMs = monotonic()
    send({ type: 'progress', reports })
  }

  return {
    progress(entry: number, bytes: number): void {
      bytesOf.set(entry, bytes)
      unsent.add(entry)
      if (monotonic() - sentAtMs >= EVERY_MS) flush()
    },
    saved(entry: number): void {
      saved.add(entry)
      unsent.delete(entry)
      flush()
      send({ type: 'saved', entry })
    },
    flush,
    /** The sharer was met anew: it may have forgotten. */
    again(): void {
      for (const entry of bytesOf.keys()) if (!saved.has(entry)) unsent.add(entry)
      flush()
      for (const entry of saved) send({ type: 'saved', entry })
    },
  }
}
