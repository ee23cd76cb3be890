/**
 * Fair queueing of the work that peers cause. Sources (streams) are served round-robin, and within a source its lines are: a node forwards
 * messages of many senders, each in a line of its own. So a flood delays only itself. Bounded: what one source may have waiting, and how much
 * runs in other threads at once. Between slices the event loop gets its turn.
 */

import { createRoundRobin, type RoundRobin } from '../../async/round-robin.ts'

const FAIR_QUEUE_DEFAULTS = {
  /** Pieces of work that one source may have waiting, and their weight in bytes. */
  maxWaiting: 1_024,
  maxWaitingBytes: 4 * 1_048_576,
  /** The longest time that the event loop is held at once, in ms. */
  sliceMs: 4,
  /** Pieces of asynchronous work under way at once. */
  maxUnderWay: 16, // four for each thread that Node.js has for such work: some are ready whenever one is free
}

export type FairQueueOptions = Partial<typeof FAIR_QUEUE_DEFAULTS>

type Work = () => unknown

/** The next turn of the event loop, input first. Timers of a tab wait longer, but there nobody queues. */
const nextTurn: (work: () => void) => void = globalThis.setImmediate ?? ((work: () => void) => setTimeout(work, 0))

export function createFairQueue(now: () => number, options: FairQueueOptions = {}) {
  const { maxWaiting, maxWaitingBytes, sliceMs, maxUnderWay } = { ...FAIR_QUEUE_DEFAULTS, ...options }
  /** In the order of their turns; none is empty. Bounded by the streams. */
  const sources = new Map<object, RoundRobin<Work>>()
  let isRunning = false
  let underWay = 0

  function run(): void {
    const until = now() + sliceMs
    while (sources.size > 0 && underWay < maxUnderWay) {
      const working = runNext()
      if (working instanceof Promise) {
        underWay++
        void working.then(onDone)
      }
      if (now() >= until) break
    }
    isRunning = false
    runLater()
  }

  /** Does the next piece of work, and moves its source behind the others. */
  function runNext(): unknown {
    const [source, waiting] = sources.entries().next().value as [object, RoundRobin<Work>]
    const work = waiting.take()
    sources.delete(source)
    if (waiting.size > 0) sources.set(source, waiting)
    return work?.()
  }

  function runLater(): void {
    if (isRunning || sources.size === 0 || underWay >= maxUnderWay) return
    isRunning = true
    nextTurn(run)
  }

  function onDone(): void {
    underWay--
    runLater()
  }

  return {
    /** True when nothing waits, and nothing is under way. */
    get isIdle() {
      return sources.size === 0 && underWay === 0
    },
    /**
     * Queues work. False when the source has as much waiting as it may: then the work is not done.
     *
     * @param work when it returns a promise, it is under way until that resolves; it never rejects
     * @param line pieces of one line are done in their order
     */
    push(source: object, bytes: number, work: Work, line = '') {
      const waiting = sources.get(source) ?? createRoundRobin<Work>()
      if (waiting.size >= maxWaiting || (waiting.weight + bytes > maxWaitingBytes && waiting.size > 0)) return false
      waiting.push(line, work, bytes)
      sources.set(source, waiting)
      runLater()
      return true
    },
    /** Drops what the source has waiting. */
    remove: (source: object) => void sources.delete(source),
  }
}
