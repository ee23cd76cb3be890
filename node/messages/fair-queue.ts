/**
 * Work that strangers give, done in turns: one piece of each source's after the other, so that a flood waits behind itself and nobody else.
 * What one source may have waiting is bounded, and so is what is under way in other threads. Between slices the event loop gets its turn.
 */

export interface FairQueueOptions {
  /** Pieces of work that one source may have waiting, and their weight in bytes. */
  maxWaiting?: number
  maxWaitingBytes?: number
  /** How long the event loop is held at once, in ms. */
  sliceMs?: number
  /** Pieces of work under way at once, of those that take their time elsewhere. */
  maxUnderWay?: number
}

export const FAIR_QUEUE_DEFAULTS: Readonly<Required<FairQueueOptions>> = {
  maxWaiting: 1_024,
  maxWaitingBytes: 4 * 1_048_576,
  sliceMs: 4,
  maxUnderWay: 16, // four for each thread that Node.js has for such work: some are ready whenever one is free
}

export interface FairQueue {
  /** True when nothing waits, and nothing is under way. */
  readonly isIdle: boolean
  /**
   * False when the source has as much waiting as it may: nothing is done then.
   *
   * @param work when it returns a promise it is under way until that resolves; it never rejects
   */
  push(source: object, bytes: number, work: Work): boolean
  /** Forgets what the source has waiting. */
  remove(source: object): void
}

type Work = () => unknown

interface Line {
  works: { bytes: number; work: Work }[]
  bytes: number
}

/** The next turn of the event loop, input first. Timers of a tab wait longer; there nobody queues. */
const nextTurn: (work: () => void) => void = globalThis.setImmediate ?? ((work: () => void) => setTimeout(work, 0))

export function createFairQueue(now: () => number, options: FairQueueOptions = {}): FairQueue {
  const { maxWaiting, maxWaitingBytes, sliceMs, maxUnderWay } = { ...FAIR_QUEUE_DEFAULTS, ...options }
  /** By source, in the order of their turns. Bounded by the streams. */
  const lines = new Map<object, Line>()
  let isRunning = false
  let underWay = 0

  function run(): void {
    const until = now() + sliceMs
    while (lines.size > 0 && underWay < maxUnderWay) {
      const [source, line] = lines.entries().next().value as [object, Line]
      const next = line.works.shift()
      lines.delete(source)
      if (next === undefined) continue
      line.bytes -= next.bytes
      if (line.works.length > 0) lines.set(source, line) // behind everybody else
      const working = next.work()
      if (working instanceof Promise) {
        underWay++
        void working.then(onDone)
      }
      if (now() >= until) break
    }
    isRunning = false
    runLater()
  }

  function runLater(): void {
    if (isRunning || lines.size === 0 || underWay >= maxUnderWay) return
    isRunning = true
    nextTurn(run)
  }

  function onDone(): void {
    underWay--
    runLater()
  }

  return {
    get isIdle() {
      return lines.size === 0 && underWay === 0
    },
    push(source, bytes, work) {
      const line = lines.get(source) ?? { works: [], bytes: 0 }
      if (line.works.length >= maxWaiting || (line.bytes + bytes > maxWaitingBytes && line.works.length > 0)) return false
      line.works.push({ bytes, work })
      line.bytes += bytes
      lines.set(source, line)
      runLater()
      return true
    },
    remove: (source) => void lines.delete(source),
  }
}
