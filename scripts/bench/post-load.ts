/** Posts one after the other, so many in flight, for a while: how many were acknowledged, and how long each took. */

import { randomBytes } from 'node:crypto'

export interface LoadOptions {
  /** Posts that are on their way at once. */
  inFlight: number
  forMs: number
  bodyBytes: number
}

export interface LoadResult {
  /** From the first post to the last acknowledgement, in ms. */
  ms: number
  /** Latency of each acknowledged post, in ms. */
  latencies: number[]
}

/** @throws what a post threw: one that is not acknowledged makes the figures worthless */
export async function runLoad({ inFlight, forMs, bodyBytes }: LoadOptions, post: (body: string) => Promise<void>): Promise<LoadResult> {
  const latencies: number[] = []
  const startedAtMs = performance.now()
  const postOn = async () => {
    for (let beganAtMs = startedAtMs; beganAtMs - startedAtMs < forMs; beganAtMs = performance.now()) {
      await post(randomBytes(bodyBytes / 2).toString('hex'))
      latencies.push(performance.now() - beganAtMs)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, postOn))
  return { ms: performance.now() - startedAtMs, latencies }
}
