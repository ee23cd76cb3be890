/**
 * Direct connections between tabs: WebRTC, signalled through the other tab's home. This dials them, bounds them, closes idle ones and
 * remembers for a while which peers could not be reached. WebRTC comes in as a transport, since its package loads a native library in
 * Node.js. They carry content (content/); presence never rests on them.
 */

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { Connection, Libp2p, PeerId, Transport } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { timeoutSignal } from '../async/abort.ts'
import { backoffMs } from '../async/backoff.ts'
import { createRecentMap } from '../async/recent-map.ts'
import type { AbortOptions } from '../types.ts'
import { createCircuits } from './circuits.ts'
import { connectionKind } from './connection-kind.ts'
import { type DirectTarget, directAddresses } from './direct-address.ts'
import { createDirectUses } from './direct-uses.ts'
import { createReservationKeeper, type Reservations } from './reservation-keeper.ts'
import { createSignallings } from './signalling.ts'
import { createTurnWatch } from './turn-watch.ts'
import type { TransportFactory } from './types.ts'

export { createPing } from './ping.ts'
export type { Signalling } from './signalling.ts'
export { useWholeMessages } from './whole-messages.ts'

export const DIRECT_DEFAULTS = {
  /** How long opening a direct connection may take, in ms. */
  dialTimeoutMs: 8_000, // half a second mostly, more on a busy machine; the reserve gives meanwhile, so a longer wait costs nothing
  /** Direct connections at once, in and out. */
  maxConnections: 16,
  /** A direct connection that has carried nothing for this long is closed, in ms. */
  idleMs: 60_000,
  /** A peer that could not be reached is not tried again for about this long, in ms; twice as long with each further failure. */
  unreachableMs: 15_000, // one dial may fail because a machine was busy, and what is large is under way for longer
  /** The longest of these waits, in ms. */
  maxUnreachableMs: 180_000,
  /** How many such peers are remembered; oldest out first. */
  maxUnreachable: 256,
}

export type DirectOptions = Partial<typeof DIRECT_DEFAULTS>

export type Direct = ReturnType<typeof createDirect>

/** @param page `isSecurePage` is true where the page was served over https, which may not open ws://; `random` is from 0 to 1 */
export function createDirect(
  { isSecurePage, random }: { isSecurePage: boolean; random(): number },
  webRTC: TransportFactory,
  options: DirectOptions = {},
) {
  const settings = { ...DIRECT_DEFAULTS, ...options }
  const backoff = { firstMs: settings.unreachableMs, maxMs: settings.maxUnreachableMs }
  let home: PeerId | undefined
  let libp2p: Libp2p | undefined
  let reservations: Reservations | undefined
  let sweeper: ReturnType<typeof setInterval> | undefined
  const circuits = createCircuits((peer) => home?.equals(peer) === true)
  /** By peer id: until when, and how often it failed in a row. */
  const unreachable = createRecentMap<string, { untilMs: number; failures: number }>({
    maxEntries: settings.maxUnreachable,
    order: 'written',
  })
  const keeper = createReservationKeeper(
    () => reservations,
    () => home,
  )

  const uses = createDirectUses(settings.maxConnections, settings.dialTimeoutMs)
  const signallings = createSignallings(webRTC, uses, settings.dialTimeoutMs)
  const turn = createTurnWatch()

  const direct = () => (libp2p?.getConnections() ?? []).filter((connection) => connectionKind(connection) === 'direct')
  const isFull = () => direct().length >= settings.maxConnections
  const isClosed = (peer: PeerId) => uses.isClosedTo(peer.toString(), direct())
  const isUnreachable = (peer: string) => (unreachable.peek(peer)?.untilMs ?? 0) > performance.now()

  function rememberFailure(peer: string): void {
    const failures = (unreachable.peek(peer)?.failures ?? 0) + 1
    unreachable.set(peer, { untilMs: performance.now() + backoffMs(failures, backoff, random), failures })
  }

  const sweep = () => uses.idle(direct(), settings.idleMs).map((connection) => connection.close().catch(() => {}))

  const openTo = (network: Libp2p, peer: PeerId) =>
    network.getConnections(peer).find((connection) => connection.status === 'open' && connectionKind(connection) === 'direct')

  /**
   * Where the holder can be dialled directly. None for a node, for a peer that could not be reached lately, or where its home cannot be dialled.
   *
   * @param options isRetry: also where it could not be reached lately
   */
  function addressesOf(holder: DirectTarget, { isRetry = false } = {}): string[] {
    if (!isRetry && isUnreachable(holder.peer)) return []
    const hasOpen = direct().some(({ remotePeer }) => remotePeer.toString() === holder.peer)
    if (!hasOpen && isFull()) return []
    return directAddresses(holder, { home: home?.toString(), isSecurePage })
  }

  const canSignal = (peer: PeerId) => libp2p !== undefined && !isFull() && openTo(libp2p, peer) === undefined

  return {
    /** For libp2p's `transports`. */
    transports: [
      (components) => {
        const transport = circuitRelayTransport()(components)
        reservations = (transport as Transport & { reservationStore: Reservations }).reservationStore
        return transport
      },
      signallings.transport,
    ] satisfies TransportFactory[],
    /** For libp2p's `connectionGater`. */
    gater: {
      denyInboundRelayedConnection(_relay: PeerId, peer: PeerId) {
        if (!keeper.isNeeded || isClosed(peer)) return true
        uses.arrive(peer.toString()) // others may come while it connects
        return false
      },
      denyInboundUpgradedConnection: (peer: PeerId, connection: Pick<Connection, 'remoteAddr'>) =>
        connectionKind(connection) === 'direct' && (isFull() || (keeper.isNeeded && isClosed(peer))),
    },
    /** True while the peer, or the relay to it, is being dialled from here. */
    isDialling: circuits.isInUse,
    addressesOf,
    /** Offers a direct connection over a stream, as `Signallings.offer`, and answers an offer. Undefined where there is one, or no place for it. */
    offer: (peer: PeerId, send: (bytes: Uint8Array) => void) => (canSignal(peer) ? signallings.offer(peer, send) : undefined),
    answer: (peer: PeerId, send: (bytes: Uint8Array) => void) => (canSignal(peer) ? signallings.answer(peer, send) : undefined),
    /**
     * The direct connection to the peer, opened if there is none.
     *
     * @throws when it cannot be opened in time; the peer is then not tried again for a while
     */
    async dial(peer: PeerId, addresses: readonly string[], { signal }: AbortOptions = {}): Promise<Connection> {
      if (libp2p === undefined) throw new TypeError('Not attached')
      const network = libp2p
      const open = openTo(network, peer)
      if (open !== undefined) return open
      const id = peer.toString()
      const targets = addresses.map((address) => multiaddr(address))
      const endCircuit = circuits.use(network, peer, targets)
      const endDial = uses.dial(id)
      const inTime = timeoutSignal(settings.dialTimeoutMs)
      try {
        const ended = signal === undefined ? inTime : AbortSignal.any([signal, inTime])
        await signallings.ready(peer, ended)
        const connection = openTo(network, peer) ?? (await network.dial(targets, { signal: ended }))
        if (connectionKind(connection) !== 'direct') throw new Error('not connected directly')
        uses.used(id)
        unreachable.delete(id)
        return connection
      } catch (error) {
        // The other may have been quicker, and through the circuit that this end began.
        const other = openTo(network, peer)
        if (other !== undefined) return other
        if (!signal?.aborted) rememberFailure(id)
        throw error
      } finally {
        endDial()
        endCircuit()
      }
    },
    /** Peers that are connected directly, in or out, or are being so. */
    peers: () => uses.peers(direct()),
    /** How many direct connections there are, or will be. */
    places: () => uses.places(direct()),
    /**
     * Makes this tab reachable directly, until the function that is returned is called.
     *
     * @param maxConnections others are let in while there are fewer
     */
    need(maxConnections?: number): () => void {
      const ends = [uses.need(maxConnections), keeper.need()]
      return () => {
        for (const end of ends) end()
      }
    },
    ...{ isArriving: uses.isArriving, keep: uses.keep, used: uses.used, isThroughTurn: turn.isThroughTurn, signalled: signallings.ready },
    /** To be called once, with the libp2p that was made with these transports. */
    attach(made: Libp2p) {
      libp2p = made
      turn.attach(made)
      signallings.attach(made)
      made.addEventListener('connection:open', ({ detail }) => {
        if (connectionKind(detail) === 'direct') uses.leave(detail.remotePeer.toString())
      })
      sweeper ??= setInterval(sweep, settings.idleMs / 4)
    },
    /** The tab has a home, another one, or none: others reach it through its home. */
    setHome(next: PeerId | undefined) {
      home = next
      keeper.look()
    },
    stop() {
      clearInterval(sweeper)
      sweeper = undefined
      keeper.stop()
    },
  }
}
