/** Hedged requests: the first candidate is asked at once, each further one when one before it has failed or all have been silent for a while. */

import { inTime } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { Candidate } from './candidates.ts'

/** Why a candidate gave nothing: it does not hold the content, it failed or sent wrong bytes, or it has no connection into the overlay. */
export type Failure = 'not-held' | 'bad' | 'no-network'

/**
 * Resolves with the first right result. The other attempts are aborted then.
 *
 * @param attempt asks one candidate
 * @throws {MayflyError} ERR_UNAVAILABLE, ERR_NO_NETWORK, ERR_NO_HOLDER, when there is none
 * @throws signal.reason, when aborted
 */
export async function fetchHedged<T extends object>(
  candidates: (signal: AbortSignal) => AsyncIterable<Candidate>,
  attempt: (candidate: Candidate, signal: AbortSignal) => Promise<T | Failure>,
  { hedgeMs, maxParallel, maxTries }: Record<'hedgeMs' | 'maxParallel' | 'maxTries', number>,
  given: AbortSignal,
): Promise<T> {
  const ended = new AbortController()
  const signal = AbortSignal.any([given, ended.signal])
  const right = Promise.withResolvers<T>()
  /** Bounded: maxParallel. */
  const running = new Set<Promise<void>>()
  let isFound = false
  let tries = 0
  const failures = { 'not-held': 0, bad: 0, 'no-network': 0 }

  function start(candidate: Candidate): void {
    tries++
    const ending = attempt(candidate, signal)
      .then((result) => {
        if (typeof result === 'string') failures[result]++
        else right.resolve(result)
        isFound ||= typeof result !== 'string'
      })
      .catch(() => {
        if (!signal.aborted) failures.bad++
      })
      .finally(() => running.delete(ending))
    running.add(ending)
  }

  async function tryAll(): Promise<T> {
    try {
      for await (const candidate of candidates(signal)) {
        if (signal.aborted) break
        start(candidate)
        await inTime(Promise.race(running), hedgeMs)
        while (running.size >= maxParallel) await Promise.race(running)
        if (tries >= maxTries) break
      }
    } catch (error) {
      if (!(error instanceof MayflyError && error.code === 'ERR_NO_NETWORK')) throw error
      failures['no-network']++
    }
    await Promise.all(running)
    if (isFound) return right.promise
    signal.throwIfAborted()
    if (failures.bad > 0)
      throw new MayflyError(
        'ERR_UNAVAILABLE',
        `Cannot get content: ${failures.bad} of the ${tries} asked could not give the right bytes, nor could the others`,
      )
    if (failures['no-network'] > 0) throw new MayflyError('ERR_NO_NETWORK', 'Cannot look for holders: not connected to the overlay')
    throw new MayflyError('ERR_NO_HOLDER', 'Cannot get content: nobody holds it now')
  }

  const tried = tryAll()
  tried.catch(() => {})
  try {
    return await Promise.race([right.promise, tried])
  } finally {
    ended.abort(new Error('the fetch has ended'))
  }
}
