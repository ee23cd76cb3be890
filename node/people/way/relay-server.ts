/**
 * A home as the relay between its tabs and their people: hands streams on, within limits, and reads nothing of them but the request in front.
 * Every node does this for its own tabs, whether or not it has people itself.
 */

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { WebSockets, WebSocketsSecure } from '@multiformats/multiaddr-matcher'
import { timeoutSignal } from '../../async/abort.ts'
import { createQuota, type Quota } from '../../async/quota.ts'
import { createTokenBuckets } from '../../async/token-bucket.ts'
import { connectionKind, withPeerId } from '../../network/index.ts'
import { createConnectionPings } from './connection-pings.ts'
import { openRelayStream, RelayRefused } from './relay-client.ts'
import { createRelayEndpoint, type RelayRouter, type RoutedRequest } from './relay-endpoint.ts'
import type { RelayRequest } from './relay-wire.ts'
import { createSplices } from './splices.ts'
import type { RelayLimits } from './types.ts'

export const RELAY_SERVER_DEFAULTS = {
  /** New streams from one tab at once: one with a thousand contacts links to all of them without a wait. */
  openBurst: 1_024,
  /** New streams to one tab at once: each costs it a handshake. */
  openToBurst: 256,
  /** New streams from one tab per second, for long; as many again to one tab. */
  opensPerSecond: 32,
  /** As many times more for another home, which asks for all of its tabs. */
  homeFactor: 16,
  /** How long the way on may take, dial included, in ms. */
  openTimeoutMs: 8_000,
  /** A stream on which nothing went either way for this long is ended, in ms. */
  idleMs: 43_200_000,
  /** How long a stream may stay open one way after the other way was closed, in ms. */
  halfOpenMs: 60_000,
}

export type RelayServerOptions = Partial<typeof RELAY_SERVER_DEFAULTS>

export interface RelayServerContext {
  libp2p: Pick<Libp2p, 'peerId' | 'getConnections' | 'dial'>
  /** True for a tab whose home is here. */
  isTab(peer: string): boolean
  /** Where a node can be dialled, as it said itself. */
  addressesOf(peer: string): Multiaddr[]
  limits: RelayLimits
  /** Clock, in ms; any origin. */
  now?(): number
}

/** Peers whose rate of new streams is remembered; the one that was used longest ago is forgotten first. */
const MAX_RATED = 32_768

/** The way on of one request. */
interface Route {
  peer: string
  addresses: readonly Multiaddr[]
  request: RelayRequest
  /** The quotas that it takes from. */
  places: [Quota, string][]
  /** The senders on the asking side, and on the side that leads on. */
  keys: [string, string]
}

export type PeopleRelay = ReturnType<typeof createPeopleRelay>

/** A node's part of the relay protocol: it hands streams on for its tabs, and takes those that are for itself. */
export function createPeopleRelay(context: RelayServerContext & { libp2p: Libp2p }, options: RelayServerOptions = {}) {
  const server = createRelayServer(context, options)
  return {
    ...createRelayEndpoint(context.libp2p, server),
    get counts() {
      return server.counts
    },
  }
}

export function createRelayServer(context: RelayServerContext, options: RelayServerOptions = {}) {
  const { libp2p, isTab, limits, now = () => performance.now() } = context
  const settings = { ...RELAY_SERVER_DEFAULTS, ...options }
  const self = libp2p.peerId.toString()
  const splices = createSplices({
    ...settings,
    now,
    bytesPerSecond: () => limits.relayedBytesPerSecond,
    maxWaitingBytes: () => limits.maxRelayedWaitingBytes,
  })
  const pings = createConnectionPings()
  const all = createQuota({ max: limits.maxRelayedStreams })
  const peers = createQuota({ maxPerKey: limits.maxRelayedStreamsPerPeer })
  const homes = createQuota({ maxPerKey: limits.maxRelayedStreamsPerHome })
  const { openBurst, openToBurst, opensPerSecond: perSecond, homeFactor } = settings
  const opensFrom = createTokenBuckets({ burst: openBurst, perSecond, now, maxKeys: MAX_RATED })
  const opensTo = createTokenBuckets({ burst: openToBurst, perSecond, now, maxKeys: MAX_RATED })
  const homeOpens = createTokenBuckets({ burst: openToBurst * homeFactor, perSecond: perSecond * homeFactor, now, maxKeys: MAX_RATED })
  let refused = 0

  /** @throws {RelayRefused} */
  function plan(request: RoutedRequest, asking: string): Route {
    if (request.type === 'forward') {
      if (isTab(asking)) throw new RelayRefused('stranger')
      if (homeOpens.take(asking) > 0) throw new RelayRefused('rate')
      const { from } = request
      return {
        ...toTab(request.peer, from, request.protocol),
        places: [...placesTo(request.peer), [homes, asking]],
        keys: [`${asking} ${from}`, request.peer],
      }
    }
    if (!isTab(asking)) throw new RelayRefused('stranger')
    if (opensFrom.take(asking) > 0) throw new RelayRefused('rate')
    const { peer, home, protocol, addresses } = request
    const own: [Quota, string] = [peers, `from ${asking}`]
    if (home === self) return { ...toTab(peer, asking, protocol), places: [...placesTo(peer), own], keys: [asking, peer] }
    const onward: RelayRequest =
      peer === home ? { type: 'incoming', protocol, from: asking } : { type: 'forward', protocol, peer, from: asking }
    return { peer: home, addresses, request: onward, places: [[all, ''], own, [homes, home]], keys: [asking, `${home} ${peer}`] }
  }

  /** @throws {RelayRefused} */
  function toTab(peer: string, from: string, protocol: string): Pick<Route, 'peer' | 'addresses' | 'request'> {
    if (!isTab(peer)) throw new RelayRefused('not-here')
    if (opensTo.take(peer) > 0) throw new RelayRefused('rate')
    return { peer, addresses: [], request: { type: 'incoming', protocol, from } }
  }

  const placesTo = (peer: string): [Quota, string][] => [
    [all, ''],
    [peers, `to ${peer}`],
  ]

  /** Takes all of them or none. @throws {RelayRefused} */
  function enter(places: readonly [Quota, string][]): () => void {
    const leaves: (() => void)[] = []
    const leaveAll = () => {
      for (const leave of leaves) leave()
    }
    for (const [quota, key] of places) {
      const leave = quota.enter(key)
      if (typeof leave === 'string') {
        leaveAll()
        throw new RelayRefused(leave === 'full' ? 'full' : 'too-many')
      }
      leaves.push(leave)
    }
    return leaveAll
  }

  /** @throws {RelayRefused} */
  async function connect({ peer, addresses }: Route, signal: AbortSignal): Promise<Connection> {
    const id = peerIdFromString(peer)
    const open = libp2p.getConnections(id).find((each) => each.status === 'open' && connectionKind(each) === 'socket')
    if (open !== undefined) return open
    const known = [...context.addressesOf(peer), ...addresses].filter(isWebSocket).map((address) => withPeerId(address, peer))
    if (known.length === 0) throw new RelayRefused(isTab(peer) ? 'not-here' : 'unreachable')
    try {
      return await libp2p.dial(known, { signal })
    } catch {
      throw new RelayRefused('unreachable')
    }
  }

  async function openOn(route: Route, left: AbortSignal): Promise<{ onward: Stream; connection: Connection }> {
    const late = timeoutSignal(settings.openTimeoutMs)
    const signal = AbortSignal.any([left, late])
    try {
      const connection = await connect(route, signal)
      return { connection, onward: await openRelayStream(connection, route.request, signal) }
    } catch (error) {
      left.throwIfAborted()
      if (error instanceof RelayRefused) throw error
      // A peer that speaks another version, or has ended the stream; one that is silent.
      throw new RelayRefused(late.aborted ? 'unreachable' : 'no-protocol')
    }
  }

  async function join(request: RoutedRequest, asking: Connection, signal: AbortSignal): Promise<(stream: Stream) => void> {
    const route = plan(request, asking.remotePeer.toString())
    const leave = enter(route.places)
    try {
      const { onward, connection } = await openOn(route, signal)
      return (stream) => {
        // A tab is watched by the presence server.
        const toNodes = [asking, connection].filter(({ remotePeer }) => !isTab(remotePeer.toString()))
        const ends = [leave, ...toNodes.map(pings.watch)]
        splices.add(stream, onward, route.keys, () => {
          for (const end of ends) end()
        })
      }
    } catch (error) {
      leave()
      throw error
    }
  }

  return {
    /** Relayed streams that are open now; bytes that went through them and requests that were refused since the start. */
    get counts() {
      const { streams, bytes } = splices.counts
      return { relayed: streams, relayedBytes: bytes, relayedRefused: refused }
    },
    route(request: RoutedRequest, connection: Connection, signal: AbortSignal) {
      const joined = join(request, connection, signal)
      joined.catch(() => refused++)
      return joined
    },
    start: splices.start,
    stop() {
      splices.stop()
      pings.stop()
    },
  } satisfies RelayRouter & { counts: object }
}

/** The only kind of address that nodes are dialled at: what a tab tells may be anything. */
function isWebSocket(address: Multiaddr): boolean {
  return WebSockets.matches(address) || WebSocketsSecure.matches(address)
}
