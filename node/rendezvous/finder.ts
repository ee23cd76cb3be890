/**
 * The search for holders of a key, wider and wider while the caller goes on: this node's own records, then the key's record nodes, then
 * record nodes that only a walk finds, then every server it knows. Only leases whose signature is right are believed.
 */

import type { PeerId } from '@libp2p/interface'
import { createIdleTimeout, type IdleTimeout } from '../async/idle-timeout.ts'
import { TIMERS, type Timers } from '../async/timers.ts'
import { MayflyError } from '../errors.ts'
import { positionOf } from '../keys/index.ts'
import type { Clock, ServerName, ServerTable } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import type { Directory } from './directory.ts'
import { createFoundReader, type FindReply, type FoundHolder, type FoundReaderContext, type Search } from './found-holders.ts'
import { LEASE_CODEC, type LeaseCodec } from './lease.ts'
import type { RendezvousSettings } from './options.ts'
import type { OwnRecords } from './own-records.ts'
import type { Placement } from './placement.ts'
import type { PresenceStream } from './presence-stream.ts'
import type { FindOptions } from './types.ts'
import { SCOPE, type Scope } from './wire-frames.ts'

export type FinderOptions = Pick<RendezvousSettings, 'askTimeoutMs' | 'maxServersAsked' | 'lease'> & {
  /** A tab asks its home about the whole network. */
  scope: Scope
  /** Holders that one server is asked for. */
  holdersPerAnswer: number
}

/** The streams over which finds are asked. */
export interface FindStreams<Name extends ServerName = PeerId> {
  /** @throws when the peer cannot be reached */
  open(peer: Name, options: AbortOptions): Promise<Pick<PresenceStream, 'find'>>
}

/** A simulation hands in its own time, and leases without signatures. */
export interface VirtualParts {
  timers: Timers
  codec: LeaseCodec
}

export interface FinderContext<Name extends ServerName = PeerId> {
  placement: Placement<Name>
  servers: Pick<ServerTable<Name>, 'closest'>
  store: OwnRecords
  streams: FindStreams<Name>
  homes: Pick<Directory, 'findAddresses'> & FoundReaderContext['homes']
  clock: Pick<Clock, 'now' | 'times' | 'isDoubtful'>
  /** A server's answer breaks the rules. */
  onBadAnswer(peer: string, reason: string): void
  virtual?: VirtualParts
}

/**
 * However slowly answers come in, servers that have not answered after this many times the longest silence are given up. A busy machine
 * that opens forty streams at once takes seconds for it, and "nobody" would be a lie then.
 */
const LONGEST = 5
/** A home that asks the whole network for its tab needs the time of several questions. */
const WHOLE_NETWORK = 4
/** A delegate that asks the record nodes takes twice as long as one of these. */
const THROUGH_DELEGATE = 2

const CLOCK_AT_FAULT = 'Cannot check who holds this: the clocks of nodes differ too much'

export function createFinder<Name extends ServerName = PeerId>(context: FinderContext<Name>, options: FinderOptions) {
  const { placement, servers, store } = context
  const { timers, codec } = context.virtual ?? { timers: TIMERS, codec: LEASE_CODEC }
  const addressesOf = async (home: string) => (await context.homes.findAddresses(home)).map(String)
  const read = createFoundReader({ ...context, addressesOf, codec }, options.lease)

  async function askOne(
    from: Name,
    key: Key,
    scope: Scope,
    idle: IdleTimeout,
    signal: AbortSignal,
    search: Search,
  ): Promise<FindReply | undefined> {
    try {
      const stream = await context.streams.open(from, { signal })
      idle.touch()
      const found = await stream.find(key, options.holdersPerAnswer, scope, { signal }, search.maxContentBytes)
      idle.touch()
      if (found === 'clock') search.isClockAtFault = true
      return found === undefined || found === 'clock' ? undefined : { from: from.toString(), found }
    } catch {
      return undefined
    }
  }

  async function* askAll(peers: Name[], key: Key, scope: Scope, search: Search): AsyncGenerator<FoundHolder> {
    const silentMs = options.askTimeoutMs * (scope === SCOPE.network ? WHOLE_NETWORK : scope === SCOPE.group ? THROUGH_DELEGATE : 1)
    const idle = createIdleTimeout(silentMs, silentMs * LONGEST, timers)
    const signal = AbortSignal.any([search.signal, idle.signal])
    try {
      for await (const answer of asTheyCome(peers.map((peer) => askOne(peer, key, scope, idle, signal, search)))) {
        if (answer !== undefined) yield* read(key, answer, search)
      }
    } finally {
      idle.end()
    }
  }

  async function* stages(key: Key, search: Search): AsyncGenerator<FoundHolder> {
    for (const record of store.sample(key, options.holdersPerAnswer)) {
      const { holder, home, expiresAtMs, lease, content } = record
      if (content && search.onContent?.({ bytes: content, from: home })) return
      yield { peer: holder, home, addresses: await addressesOf(home), expiresAtMs, signed: lease !== undefined, record }
    }
    const position = await positionOf(key)
    const asked = new Set<string>()
    const isNew = (peer: Name) => !asked.has(peer.toString()) && asked.add(peer.toString())
    const ask = (peers: Name[], scope: Scope = options.scope) =>
      askAll(scope === SCOPE.group ? peers : peers.filter(isNew), key, scope, search)

    yield* placement.ask?.(position, ask, timers, search) ?? ask(placement.targets(position))
    if (search.isForServer) return
    for await (const peer of placement.walk(key, position, { signal: search.signal })) yield* ask([peer], SCOPE.own)
    yield* ask(servers.closest(position, options.maxServersAsked), SCOPE.own)
  }

  /**
   * Each holder once. Breaking out ends the questions that are still open.
   *
   * @throws {MayflyError} ERR_CLOCK
   * @throws signal.reason, when aborted
   */
  async function* find(key: Key, wish: FindOptions = {}, isForServer?: boolean): AsyncGenerator<FoundHolder> {
    const { signal } = wish
    const stop = new AbortController()
    const search = {
      ...wish,
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
      isClockAtFault: false,
      isForServer,
    }
    const met = new Set<string>()
    try {
      for await (const holder of stages(key, search)) {
        signal?.throwIfAborted()
        if (met.has(holder.peer)) continue
        met.add(holder.peer)
        yield holder
      }
      signal?.throwIfAborted()
      if (met.size === 0 && search.isClockAtFault) throw new MayflyError('ERR_CLOCK', CLOCK_AT_FAULT)
    } finally {
      stop.abort()
    }
  }

  return { find }
}

/** Yields what the promises resolve to, in the order in which they do. */
async function* asTheyCome<T>(promises: Promise<T>[]): AsyncGenerator<T> {
  const pending = new Map(promises.map((promise, index) => [index, promise.then((value) => ({ index, value }))]))
  while (pending.size > 0) {
    const { index, value } = await Promise.race(pending.values())
    pending.delete(index)
    yield value
  }
}
