/**
 * Work that strangers give, done in turns: one piece of each source's after the other, so that a flood waits behind itself and nobody else.
 * What one source may have waiting is bounded. Between slices the event loop gets its turn.
 */

export interface FairQueueOptions {
  /** Pieces of work that one source may have waiting, and their weight in bytes. */
  maxWaiting?: number
  maxWaitingBytes?: number
  /** How long the event loop is held at once, in ms. */
  sliceMs?: number
}

export const FAIR_QUEUE_DEFAULTS: Readonly<Required<FairQueueOptions>> = {
  maxWaiting: 1_024,
  maxWaitingBytes: 4 * 1_048_576,
  sliceMs: 4,
}

export interface FairQueue {
  /** False when the source has as much waiting as it may: nothing is done then. */
  push(source: object, bytes: number, work: () => void): boolean
  /** Forgets what the source has waiting. */
  remove(source: object): void
}

interface Line {
  works: { bytes: number; work: () => void }[]
  bytes: number
}

/** The next turn of the event loop, input first. Timers of a tab wait longer; there nobody queues. */
const nextTurn: (work: () => void) => void = globalThis.setImmediate ?? ((work: () => void) => setTimeout(work, 0))

export function createFairQueue(now: () => number, options: FairQueueOptions = {}): FairQueue {
  const { maxWaiting, maxWaitingBytes, sliceMs } = { ...FAIR_QUEUE_DEFAULTS, ...options }
  /** By source, in the order of their turns. Bounded by the streams. */
  const lines = new Map<object, Line>()
  let isRunning = false

  function run(): void {
    const until = now() + sliceMs
    while (lines.size > 0) {
      const [source, line] = lines.entries().next().value as [object, Line]
      const next = line.works.shift()
      lines.delete(source)
      if (next === undefined) continue
      line.bytes -= next.bytes
      if (line.works.length > 0) lines.set(source, line) // behind everybody else
      next.work()
      if (now() >= until) break
    }
    isRunning = lines.size > 0
    if (isRunning) nextTurn(run)
  }

  return {
    push(source, bytes, work) {
      const line = lines.get(source) ?? { works: [], bytes: 0 }
      if (line.works.length >= maxWaiting || (line.bytes + bytes > maxWaitingBytes && line.works.length > 0)) return false
      line.works.push({ bytes, work })
      line.bytes += bytes
      lines.set(source, line)
      if (!isRunning) {
        isRunning = true
        nextTurn(run)
      }
      return true
    },
    remove: (source) => void lines.delete(source),
  }
}
