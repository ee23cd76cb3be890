/**
 * Gets content from whoever holds it now: one fetch for all who ask for a key meanwhile, several holders tried side by side when one is
 * slow, every answer checked against the key before it counts. Who gives wrong bytes is named, passed over, and tried last from then on.
 */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex, equalBytes, sha256 } from '../keys/index.ts'
import { raceAbort } from '../network/index.ts'
import type { Holder } from '../rendezvous/types.ts'
import type { AbortOptions, Key, RefusedEvent } from '../types.ts'
import { decodeOutline, type Outline } from './format/outline.ts'
import { swarmKey } from './format/swarm-key.ts'
import type { Asking } from './protocol/asking.ts'
import { type Candidate, holderCandidate, homeCandidate, tabCandidate } from './protocol/candidate.ts'
import { ASK_SCOPE } from './protocol/wire.ts'
import type { ContentEvent, FetchedContent, OpenOptions } from './types.ts'

export interface FetcherOptions {
  /** How long a holder may send nothing, in ms. */
  stallMs?: number
  /** The same for a home that answers for tabs: it may have to try several of them. */
  homeStallMs?: number
  /** After this long without an answer the next holder is tried as well, in ms. */
  hedgeMs?: number
  /** Holders tried side by side. */
  maxParallel?: number
  /** Holders tried before giving up. */
  maxTries?: number
  /** How long somebody who gave wrong bytes, or none in time, is tried last, in ms; giving the right ones ends it. */
  distrustMs?: number
}

export const FETCHER_DEFAULTS: Readonly<Required<FetcherOptions>> = {
  stallMs: 1_000,
  homeStallMs: 4_000,
  hedgeMs: 200, // nine stalling liars before the one honest holder: 1.3 s (test/faults/liars.test.ts)
  maxParallel: 6,
  maxTries: 64,
  distrustMs: 600_000,
}

export interface FetcherContext {
  self: string
  asking: Asking
  /** Tabs whose home is here and that hold the key. */
  tabsHolding(key: Key): string[]
  find(key: Key, options: AbortOptions): AsyncIterable<Holder>
  /** A tab's home, which can be asked about the whole network. */
  home(): PeerId | undefined
  /** Where a holder can be dialled directly; left out where nobody can. */
  directAddresses?(holder: Holder): string[]
  emit(event: ContentEvent | RefusedEvent): void
}

export interface Fetcher {
  /**
   * @param reach 'tabs' is what others may ask of this node
   * @param options.outline the outline's hash, from the link: an outline with another hash is a lie
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE
   * @throws signal.reason, when aborted
   */
  fetch(key: Key, reach: Reach, options?: OpenOptions): Promise<Fetched>
  /** Whom to ask for pieces, each once, those who gave wrong bytes before last: tabs directly, where this tab can. */
  candidates(key: Key, reach: Reach, signal: AbortSignal): AsyncGenerator<Candidate>
  /** Somebody gave wrong bytes, or none: it is named, and tried last from now on. */
  distrust(candidate: Pick<Candidate, 'ask' | 'holder'>, key: Key, reason: string): void
}

/** Only from tabs whose home is here, or from anybody. */
export type Reach = 'tabs' | 'network'

/** Content that travels whole, checked; or the outline of larger content, which fits the link's hash or is only its giver's word. */
export type Fetched = FetchedContent | FetchedOutline

export interface FetchedOutline {
  key: Key
  outline: Outline
  outlineBytes: Uint8Array
  outlineHash: Key
  from: string
}

type Attempt = Fetched | 'not-held' | 'bad' | 'no-network'

interface Flight {
  promise: Promise<Fetched>
  waiting: number
  stop: AbortController
}

/** Peers that gave wrong bytes or none, remembered; oldest out first. */
const MAX_DISTRUSTED = 1_024

export function createFetcher(context: FetcherContext, options: FetcherOptions = {}): Fetcher {
  const { asking, emit } = context
  const settings = { ...FETCHER_DEFAULTS, ...options }
  /** By reach and key. Bounded by who asks: the gateway's and each stream's own limits. */
  const flights = new Map<string, Flight>()
  const distrusted = new Map<string, number>()

  const isDistrusted = (peer: string) => (distrusted.get(peer) ?? 0) > Date.now()

  function distrust(candidate: Pick<Candidate, 'ask' | 'holder'>, key: Key, reason: string): void {
    emit({ type: 'bad-holder', key: encodeKeyHex(key), peer: candidate.holder, home: candidate.ask, reason })
    distrusted.delete(candidate.ask)
    distrusted.set(candidate.ask, Date.now() + settings.distrustMs)
    const oldest = distrusted.size > MAX_DISTRUSTED ? distrusted.keys().next().value : undefined
    if (oldest !== undefined) distrusted.delete(oldest)
  }

  /** Whom to ask, each once; those who gave wrong bytes before come last. */
  async function* candidates(key: Key, reach: Reach, ways: 'by-homes' | 'direct', signal: AbortSignal): AsyncGenerator<Candidate> {
    const met = new Set([context.self])
    const later: Candidate[] = []
    const meet = (candidate: Candidate): Candidate[] => {
      if (met.has(candidate.ask)) return []
      met.add(candidate.ask)
      if (!isDistrusted(candidate.ask)) return [candidate]
      later.push(candidate)
      return []
    }
    if (reach === 'tabs') {
      for (const tab of context.tabsHolding(key)) yield* meet(tabCandidate(tab, settings))
    } else {
      const directAddresses = ways === 'direct' ? context.directAddresses : undefined
      const home = context.home()?.toString()
      if (home !== undefined) yield* meet({ ...homeCandidate(home, settings), ...(directAddresses && { isReserve: true }) })
      for await (const holder of context.find(key, { signal })) {
        yield* meet(holderCandidate(holder, directAddresses?.(holder) ?? [], settings))
      }
    }
    yield* later
  }

  /** Resolves with what is right, or with why there is nothing. */
  async function attempt(key: Key, expected: Key | undefined, candidate: Candidate, signal: AbortSignal): Promise<Attempt> {
    const { ask, addresses, scope, stallMs } = candidate
    const result = await asking.ask(peerIdFromString(ask), addresses, key, scope, stallMs, { signal })
    if ('none' in result) {
      if (result.none === 'no-network') return 'no-network'
      // Who was found as a holder and has nothing to give may just have left; a home asked about the network never said that it holds.
      return result.none === 'not-held' ? 'not-held' : 'bad'
    }
    const lie = (reason: string): 'bad' => {
      distrust(candidate, key, reason)
      return 'bad'
    }
    if ('broken' in result) return lie(result.broken)
    if ('unreachable' in result) {
      // It may be restarting, or its address was told wrongly: named, but no worse off the next time.
      emit({ type: 'bad-holder', key: encodeKeyHex(key), peer: candidate.holder, home: ask, reason: result.unreachable })
      return 'bad'
    }
    if ('outline' in result) {
      const outlineHash = await sha256(result.outline)
      if (expected !== undefined && !equalBytes(outlineHash, expected)) return lie('an outline with another hash than the link says')
      try {
        const outline = decodeOutline(result.outline)
        return { key, outline, outlineBytes: result.outline, outlineHash, from: ask }
      } catch (error) {
        return lie(error instanceof Error ? error.message : String(error))
      }
    }
    if (!equalBytes(await sha256(result.bytes), key)) return lie(`wrong bytes: ${result.bytes.byteLength} of them, with another SHA-256`)
    distrusted.delete(ask)
    return { key, bytes: result.bytes, from: ask }
  }

  async function run(key: Key, reach: Reach, expected: Key | undefined, signal: AbortSignal): Promise<Fetched> {
    const stop = new AbortController()
    const inner = AbortSignal.any([signal, stop.signal])
    const right = Promise.withResolvers<Fetched>()
    const running = new Set<Promise<void>>()
    let tries = 0
    let bad = 0
    let noNetwork = false

    function start(candidate: Candidate): void {
      tries++
      const ended = attempt(key, expected, candidate, inner)
        .then((result) => {
          if (typeof result === 'object') right.resolve(result)
          else if (result === 'bad') bad++
          else if (result === 'no-network') noNetwork = true
        })
        .catch(() => {
          if (!inner.aborted) bad++
        })
        .finally(() => running.delete(ended))
      running.add(ended)
    }

    /** Who receives large content has its outline as well. */
    async function* whom(): AsyncGenerator<Candidate> {
      yield* candidates(key, reach, 'by-homes', inner)
      if (expected === undefined) return
      for await (const candidate of candidates(await swarmKey(expected), reach, 'direct', inner)) {
        if (candidate.scope === ASK_SCOPE.own) yield candidate
      }
    }

    /** The first is tried at once; each further one when one before it has failed, or all have been silent for a while. */
    async function tryAll(): Promise<never> {
      try {
        for await (const candidate of whom()) {
          if (inner.aborted) break
          start(candidate)
          const hedge = delay(settings.hedgeMs)
          await Promise.race([hedge.promise, ...running])
          hedge.cancel()
          while (running.size >= settings.maxParallel) await Promise.race(running)
          if (tries >= settings.maxTries) break
        }
      } catch (error) {
        if (!(error instanceof MayflyError && error.code === 'ERR_NO_NETWORK')) throw error
        noNetwork = true
      }
      await Promise.all(running)
      inner.throwIfAborted()
      if (bad > 0)
        throw new MayflyError(
          'ERR_UNAVAILABLE',
          `Cannot get content: ${bad} of the ${tries} asked could not give the right bytes, nor could the others`,
        )
      if (noNetwork) throw new MayflyError('ERR_NO_NETWORK', 'Cannot look for holders: not connected to the overlay')
      throw new MayflyError('ERR_NO_HOLDER', 'Cannot get content: nobody holds it now')
    }

    const tried = tryAll()
    tried.catch(() => {})
    try {
      return await Promise.race([right.promise, tried])
    } catch (error) {
      // The last attempt may have been the right one: its bytes and the end of the list come in the same turn.
      const late = await Promise.race([right.promise, Promise.resolve(undefined)])
      if (late !== undefined) return late
      throw error
    } finally {
      stop.abort(new Error('the fetch has ended'))
    }
  }

  /** One flight for all who ask for the same meanwhile; it ends early when nobody waits for it any more. */
  async function share(key: Key, reach: Reach, { signal, outline }: OpenOptions): Promise<Fetched> {
    const id = `${reach}:${encodeKeyHex(key)}:${outline === undefined ? '' : encodeKeyHex(outline)}`
    let flight = flights.get(id)
    if (flight === undefined) {
      const stop = new AbortController()
      const startedAtMs = Date.now()
      const promise = run(key, reach, outline, stop.signal).then((content) => {
        const { byteLength: bytes } = 'bytes' in content ? content.bytes : content.outlineBytes
        emit({ type: 'fetched', key: encodeKeyHex(key), bytes, from: content.from, ms: Date.now() - startedAtMs })
        return content
      })
      flight = { promise, waiting: 0, stop }
      flights.set(id, flight)
      const own = flight
      promise.catch(() => {}).finally(() => flights.get(id) === own && flights.delete(id))
    }
    flight.waiting++
    try {
      return await (signal === undefined ? flight.promise : raceAbort(flight.promise, signal))
    } finally {
      if (--flight.waiting === 0) {
        flight.stop.abort(new Error('nobody waits for it any more'))
        if (flights.get(id) === flight) flights.delete(id)
      }
    }
  }

  return {
    async fetch(key, reach, options = {}) {
      options.signal?.throwIfAborted()
      if (reach === 'tabs' || context.tabsHolding(key).length === 0) return share(key, reach, options)
      // A tab's one upload serves those who come through the overlay and those who come through this node's gateway. Tabs that say
      // nothing do not keep its own visitors waiting.
      const { signal } = options
      const given = new AbortController()
      const inner = { ...options, signal: signal === undefined ? given.signal : AbortSignal.any([signal, given.signal]) }
      const fromTabs = share(key, 'tabs', inner)
      fromTabs.catch(() => {})
      try {
        const early = await Promise.race([fromTabs.catch(() => undefined), delay(settings.stallMs).promise.then(() => undefined)])
        return early ?? (await Promise.any([fromTabs, share(key, 'network', inner)]))
      } catch (error) {
        signal?.throwIfAborted()
        throw error instanceof AggregateError ? error.errors.at(-1) : error
      } finally {
        given.abort(new Error('somebody else gave it'))
      }
    },
    candidates: (key, reach, signal) => candidates(key, reach, 'direct', signal),
    distrust,
  }
}

function delay(ms: number): { promise: Promise<'hedge'>; cancel(): void } {
  let timer: ReturnType<typeof setTimeout>
  const promise = new Promise<'hedge'>((resolve) => {
    timer = setTimeout(resolve, ms, 'hedge')
  })
  return { promise, cancel: () => clearTimeout(timer) }
}
