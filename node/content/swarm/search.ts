/** Searches for members of a swarm: once when it is started, and again whenever presence counts more holders than before. */

import type { Candidate } from '../fetch/candidates.ts'

/** Holders of the whole content, or of some pieces. */
export type Part = 'whole' | 'some'

export interface SearchContext {
  part: Part
  /** The peers to ask, each once; ends when all were found. */
  candidates(part: Part, signal: AbortSignal): AsyncIterable<Candidate>
  /**
   * Calls back with how many hold the whole or some pieces, this peer included: at once when the count is known, and after each change.
   * Returns a function that ends it.
   */
  onCount(part: Part, listener: (count: number) => void): () => void
  /** Resolves when there is room for another member. */
  room(): Promise<void>
  listener: { onCandidate(candidate: Candidate, part: Part): void; onRise(): void; onEnd(): void }
}

export function createSearch({ part, candidates, onCount, room, listener }: SearchContext) {
  const stopped = new AbortController()
  const { signal } = stopped
  let isRunning = false
  let isWanted = false
  let counted: number | undefined
  let hasFound = false

  async function run(): Promise<void> {
    isRunning = true
    while (isWanted && !signal.aborted) {
      isWanted = false
      try {
        for await (const candidate of candidates(part, signal)) {
          await room()
          if (signal.aborted) break
          hasFound = true
          listener.onCandidate(candidate, part)
        }
      } catch {
        // The network is down. The next rise of the count starts another search.
      }
    }
    isRunning = false
    listener.onEnd()
  }

  function start(): void {
    isWanted = true
    if (!isRunning && !signal.aborted) void run()
  }

  const stopCounting = onCount(part, (now) => {
    // The first count includes the holders that are being found already.
    const before = counted ?? (isRunning || hasFound ? now : 0)
    counted = now
    if (now <= before) return
    listener.onRise()
    start()
  })
  return {
    start,
    stop() {
      stopped.abort(new Error('the swarm was stopped'))
      stopCounting()
    },
    get isRunning() {
      return isRunning
    },
    /** Holders by presence; undefined while that is not known. */
    get counted() {
      return counted
    },
  }
}
