/**
 * Fetches content that travels whole, or the outline of larger content, from its holders. Callers that want the same at the same time share
 * one fetch. Several holders are asked side by side when one is slow, and every answer is checked before it counts. A holder that sends
 * wrong bytes is named in an event, passed over, and asked last from then on.
 */

import { inTime } from '../../async/abort.ts'
import { createSingleFlight } from '../../async/single-flight.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes, sha256, sha256AtOnce } from '../../keys/index.ts'
import type { GivenContent } from '../../rendezvous/types.ts'
import type { Key, RefusedEvent } from '../../types.ts'
import { decodeOutline, type OutlinedContent, swarmKey } from '../format/outline.ts'
import type { ContentClient } from '../protocol/content-client.ts'
import { ASK_SCOPE } from '../protocol/wire.ts'
import type { ContentEvent, FetchedContent } from '../types.ts'
import {
  type Candidate,
  type CandidatesContext,
  createCandidates,
  type FindContentOptions,
  type OnContent,
  type Reach,
  type Sought,
} from './candidates.ts'

export const FETCHER_DEFAULTS = {
  /** How long a holder may send nothing, in ms. */
  stallMs: 1_000,
  /** The same for a home that answers for tabs: it may have to try several of them. */
  homeStallMs: 4_000,
  /** After this long without an answer the next candidate is asked as well, in ms. */
  hedgeMs: 200, // nine stalling liars before the one honest holder: 1.3 s (test/faults/liars.test.ts)
  /** Candidates asked at the same time. */
  maxParallel: 6,
  /** Candidates asked before giving up. */
  maxTries: 64,
  /** How long a peer that sent wrong bytes, or none in time, is asked last, in ms. The right bytes end it. */
  distrustMs: 600_000,
}

export type FetcherOptions = Partial<Readonly<typeof FETCHER_DEFAULTS>>

interface FetcherContext extends CandidatesContext {
  client: Pick<ContentClient, 'request'>
  emit(event: ContentEvent | RefusedEvent): void
}

/** Content that travels whole, checked; or the outline of larger content, which has the link's hash or is only its sender's claim. */
export type Fetched = FetchedContent | FetchedOutline

export interface FetchedOutline extends OutlinedContent {
  /** See `FetchedContent.from`. */
  from: string
  /** See `OpenOptions.bundle`. */
  bundle?: Key | undefined
}

/** Why a candidate gave nothing: it does not hold the content, it failed or sent wrong bytes, or it has no connection into the overlay. */
type Failure = 'not-held' | 'bad' | 'no-network'

/** Made once: an error made for each fetch would have its stack written down each time. */
const OVER = new Error('the fetch has ended')

export type Fetcher = ReturnType<typeof createFetcher>

export function createFetcher(context: FetcherContext, options: FetcherOptions = {}) {
  const { client, emit } = context
  const settings = { ...FETCHER_DEFAULTS, ...options }
  const candidates = createCandidates(context, settings)
  /** By reach, key, outline and bundle. Bounded by the callers: the limits of the gateway and of each stream. */
  const flights = createSingleFlight<string, Fetched>()

  function report(type: 'bad-holder' | 'lost-holder', candidate: Pick<Candidate, 'peer' | 'holder'>, key: Key, reason: string): void {
    emit({ type, key: encodeKeyHex(key), peer: candidate.holder, home: candidate.peer, reason })
  }

  /** The candidate sent wrong bytes, or none: names it in an event, and asks it last from now on. */
  function distrust(candidate: Pick<Candidate, 'peer' | 'holder'>, key: Key, reason: string): void {
    report('bad-holder', candidate, key, reason)
    candidates.distrust(candidate.peer)
  }

  /** Checks content that came with an answer. Undefined when it is of another key. */
  function check(key: Key, { bytes, from }: GivenContent): Fetched | undefined {
    if (equalBytes(sha256AtOnce(bytes), key)) return { key, bytes: bytes.slice(), from }
    report('bad-holder', { peer: from, holder: from }, key, 'other content than the one asked for')
    return undefined
  }

  /** Asks one candidate and checks the reply. */
  async function attempt(key: Key, expected: Key | undefined, candidate: Candidate, signal: AbortSignal): Promise<Fetched | Failure> {
    const { peer: from } = candidate
    const result = await client.request(candidate, key, { signal })
    // A peer that was found as a holder and has nothing may just have left. A home that looks everywhere never claimed to hold it.
    if ('none' in result) return result.none === 'no-network' || result.none === 'not-held' ? result.none : 'bad'
    const rejectLie = (reason: string): 'bad' => {
      distrust(candidate, key, reason)
      return 'bad'
    }
    if ('broken' in result) return rejectLie(result.broken)
    if ('unreachable' in result) {
      // It may have left, or be restarting, or another peer gave a wrong address: no fault of its own.
      report('lost-holder', candidate, key, result.unreachable)
      return 'bad'
    }
    if ('outline' in result) {
      const outlineHash = await sha256(result.outline)
      if (expected !== undefined && !equalBytes(outlineHash, expected)) return rejectLie('an outline with another hash than the link says')
      try {
        return { key, outline: decodeOutline(result.outline), outlineBytes: result.outline, outlineHash, from }
      } catch (error) {
        return rejectLie(error instanceof Error ? error.message : String(error))
      }
    }
    if (!equalBytes(await sha256(result.bytes), key))
      return rejectLie(`wrong bytes: ${result.bytes.byteLength} of them, with another SHA-256`)
    candidates.trust(from)
    return { key, bytes: result.bytes, from }
  }

  /** Holders of the whole; and peers that receive larger content, since they have its outline as well. */
  async function* askable(
    sought: Sought,
    reach: Reach,
    expected: Key | undefined,
    signal: AbortSignal,
    onContent: OnContent,
  ): AsyncGenerator<Candidate> {
    yield* candidates.of(sought, reach, 'by-homes', signal, onContent)
    if (expected === undefined) return
    for await (const candidate of candidates.of({ key: await swarmKey(expected) }, reach, 'direct', signal)) {
      if (candidate.scope === ASK_SCOPE.own) yield candidate
    }
  }

  function share(key: Key, reach: Reach, { signal, outline, bundle, known }: FindContentOptions): Promise<Fetched> {
    const id = [reach, ...[key, outline, bundle].map((each) => each && encodeKeyHex(each))].join(':')
    const work = async (flightSignal: AbortSignal): Promise<Fetched> => {
      const startedAtMs = performance.now()
      const content = await fetchHedged<Fetched>(
        (ended, onFound) => askable({ key, bundle, known }, reach, outline, ended, (given) => onFound(check(key, given))),
        (candidate, ended) => attempt(key, outline, candidate, ended),
        settings,
        flightSignal,
      )
      const { byteLength: bytes } = 'bytes' in content ? content.bytes : content.outlineBytes
      emit({ type: 'fetched', key: encodeKeyHex(key), bytes, from: content.from, ms: Math.round(performance.now() - startedAtMs) })
      return content
    }
    return flights.run(id, work, signal && { signal })
  }

  /**
   * One upload of a tab serves callers from the overlay and from this node's gateway. Tabs that send nothing for `stallMs` do not keep the
   * others waiting.
   */
  async function fetchFromTabsFirst(key: Key, { signal, ...sought }: FindContentOptions): Promise<Fetched> {
    const ended = new AbortController()
    const options = { ...sought, signal: signal ? AbortSignal.any([signal, ended.signal]) : ended.signal }
    const fromTabs = share(key, 'tabs', options)
    let early: Fetched | undefined
    const settled = fromTabs.then(
      (content) => {
        early = content
      },
      () => {},
    )
    try {
      await inTime(settled, settings.stallMs)
      return early ?? (await Promise.any([fromTabs, share(key, 'network', options)]))
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof AggregateError ? error.errors.at(-1) : error
    } finally {
      ended.abort(new Error('another source was faster'))
    }
  }

  return {
    /**
     * @param reach 'tabs' is all that other peers may ask of this node
     * @param options.outline the outline's hash, from the link: an outline with another hash is a lie
     * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE
     * @throws signal.reason, when aborted
     */
    async fetch(key: Key, reach: Reach, options: FindContentOptions = {}): Promise<Fetched> {
      options.signal?.throwIfAborted()
      const { bundle } = options
      const keys = bundle === undefined ? [key] : [key, bundle]
      const hasTabs = reach === 'network' && keys.some((each) => context.tabsHolding(each).length > 0)
      return hasTabs ? fetchFromTabsFirst(key, options) : share(key, reach, options)
    },
    /** The peers to request pieces from, each once, distrusted ones last. Tabs are asked directly where this peer can. */
    candidates: (sought: Sought, reach: Reach, signal: AbortSignal) => candidates.of(sought, reach, 'direct', signal),
    distrust,
  }
}

/**
 * Hedged requests: the first candidate is asked at once, each further one when one before it has failed or all have been silent for a while.
 * Resolves with the first right result. The other attempts are aborted then.
 *
 * @param candidates may hand in a result that came with one of them
 * @param attempt asks one candidate
 * @throws {MayflyError} ERR_UNAVAILABLE, ERR_CLOCK, ERR_NO_NETWORK, ERR_NO_HOLDER, when there is none
 * @throws signal.reason, when aborted
 */
async function fetchHedged<T extends object>(
  candidates: (signal: AbortSignal, onFound: (result: T | undefined) => boolean) => AsyncIterable<Candidate>,
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
  let unchecked: MayflyError | undefined
  const failures = { 'not-held': 0, bad: 0, 'no-network': 0 }

  function onFound(result: T | undefined): boolean {
    if (result === undefined) return false
    isFound = true
    right.resolve(result)
    ended.abort(OVER) // at once, so that nobody else is asked meanwhile
    return true
  }

  function start(candidate: Candidate): void {
    tries++
    const ending = attempt(candidate, signal)
      .then((result) => {
        if (typeof result === 'string') failures[result]++
        else onFound(result)
      })
      .catch(() => {
        if (!signal.aborted) failures.bad++
      })
      .finally(() => running.delete(ending))
    running.add(ending)
  }

  async function tryAll(): Promise<T> {
    try {
      for await (const candidate of candidates(signal, onFound)) {
        if (signal.aborted) break
        start(candidate)
        await inTime(Promise.race(running), hedgeMs)
        while (running.size >= maxParallel) await Promise.race(running)
        if (tries >= maxTries) break
      }
    } catch (error) {
      if (!(error instanceof MayflyError)) throw error
      if (error.code === 'ERR_CLOCK') unchecked = error
      else if (error.code === 'ERR_NO_NETWORK') failures['no-network']++
      else throw error
    }
    await Promise.all(running)
    if (isFound) return right.promise
    signal.throwIfAborted()
    if (failures.bad > 0)
      throw new MayflyError(
        'ERR_UNAVAILABLE',
        `Cannot get content: ${failures.bad} of the ${tries} asked could not give the right bytes, nor could the others`,
      )
    if (unchecked !== undefined) throw unchecked
    if (failures['no-network'] > 0) throw new MayflyError('ERR_NO_NETWORK', 'Cannot look for holders: not connected to the overlay')
    throw new MayflyError('ERR_NO_HOLDER', 'Cannot get content: nobody holds it now')
  }

  const tried = tryAll()
  tried.catch(() => {})
  try {
    return await Promise.race([right.promise, tried])
  } finally {
    ended.abort(OVER)
  }
}
