/**
 * Reconnection. libp2p gives up after five attempts; this goes on for as long as the peer runs. A node keeps a connection to each address
 * that it was given to join, and dials servers that it lost. A tab keeps at least one connection into the overlay, first to the addresses
 * that it was given, then to any server that it knows.
 */

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createTimeout } from '../async/abort.ts'
import { backoffMs } from '../async/backoff.ts'
import { createEmitter } from '../async/emitter.ts'
import { MayflyError } from '../errors.ts'
import { peerIdIn, withPeerId } from './addresses.ts'
import { connectionKind } from './connection-kind.ts'
import type { DuplicateIdWatch } from './duplicate-id.ts'
import { explainDialFailure, findJoinAddresses } from './join-address.ts'
import type { RoutingTable } from './routing-table.ts'
import type { ServerRecords } from './server-records.ts'
import type { NetworkEvent } from './types.ts'

export const SUPERVISOR_DEFAULTS = {
  /** The wait after the first failure, in ms, give or take a half; each further one doubles it. */
  minRetryMs: 200,
  /** The longest wait, in ms, give or take a half. */
  maxRetryMs: 3_500, // 5 s with its jitter: a restarted node must have its tabs back, and readable, within 10 s
  /** How long a first attempt may take, in ms. */
  tryTimeoutMs: 5_000,
  /** How long an attempt may take after a failure, in ms: a slow server must be reached in the end. */
  maxTryTimeoutMs: 10_000, // no more, since a new try begins with a new SYN, and one under way waits ever longer for its next
  /** Servers that are remembered as places to dial. */
  maxKnownServers: 64,
}

export type SupervisorOptions = Partial<typeof SUPERVISOR_DEFAULTS>

interface Place {
  /** The address as it was given, or a server's peer id. */
  name: string
  peer?: PeerId
  /** Of a server. Those of an address to join are looked up at each attempt. */
  addresses?: Multiaddr[]
  failures: number
  nextTryAtMs: number
  busy: boolean
}

const UNTRIED = { failures: 0, nextTryAtMs: 0, busy: false }
/** Between two looks at what is due, in ms. */
const LOOK_MS = 250
/** A server that was not given by the owner is forgotten after so many failures in a row. */
const MAX_FAILURES = 8

export type Supervisor = ReturnType<typeof createSupervisor>

interface SupervisorContext {
  libp2p: Libp2p
  servers: RoutingTable
  role: 'node' | 'tab'
  /** A node's. */
  records?: (Pick<ServerRecords, 'remove'> & Partial<Pick<ServerRecords, 'mayJoin' | 'mayDial'>>) | undefined
  /** A node's. */
  duplicates?: Pick<DuplicateIdWatch, 'onMet' | 'dialPlaces'> | undefined
  emit(event: NetworkEvent): void
  /** From 0 to 1. */
  random(): number
}

export function createSupervisor(context: SupervisorContext, options: SupervisorOptions = {}) {
  const { libp2p, servers, role, records, duplicates, emit, random } = context
  const { minRetryMs, maxRetryMs, tryTimeoutMs, maxTryTimeoutMs, maxKnownServers } = { ...SUPERVISOR_DEFAULTS, ...options }
  /** Bounded by what the owner gave. */
  const joins = new Map<string, Place>()
  /** By peer id, oldest out first. Bounded: maxKnownServers. */
  const known = new Map<string, Place>()
  const stopped = new AbortController()
  const changes = createEmitter<void>()
  duplicates?.onMet((met) => emit({ type: 'duplicate-id', ...met }))
  let timer: ReturnType<typeof setInterval> | undefined

  /** The page is frozen, or about to be: in the browser's back/forward cache, or hidden and put to sleep. */
  let isFrozen = false

  const isConnected = (place: Place) => place.peer !== undefined && libp2p.getConnections(place.peer).length > 0
  /** A connection to another tab is no way into the overlay. */
  const hasSocket = () => libp2p.getConnections().some((connection) => connectionKind(connection) === 'socket')

  async function tryPlace(place: Place): Promise<void> {
    place.busy = true
    const late = createTimeout(place.failures === 0 ? tryTimeoutMs : maxTryTimeoutMs)
    const signal = AbortSignal.any([stopped.signal, late.signal])
    try {
      const { name, addresses: told } = place
      const addresses = told?.map((address) => withPeerId(address, name)) ?? (await findJoinAddresses(name, { signal }))
      if (addresses.some((address) => peerIdIn(address) === libp2p.peerId.toString())) {
        joins.delete(place.name) // one's own address: nothing to join there
        changes.emit()
        duplicates?.dialPlaces(libp2p, addresses, stopped.signal)
        return
      }
      const connection = await libp2p.dial(addresses, { signal }).catch(async (error: unknown) => {
        throw await explainDialFailure(name, error, { signal })
      })
      place.peer = connection.remotePeer
      place.failures = 0
    } catch (error) {
      if (stopped.signal.aborted) return
      place.failures++
      const waitMs = backoffMs(place.failures, { firstMs: minRetryMs, maxMs: maxRetryMs }, random)
      place.nextTryAtMs = performance.now() + waitMs
      if (joins.has(place.name)) {
        const reason = error instanceof Error ? error.message : String(error)
        const code = error instanceof MayflyError ? { code: error.code } : {}
        emit({ type: 'join-failed', address: place.name, reason, ...code, retryInMs: Math.round(waitMs) })
      } else if (place.failures >= MAX_FAILURES) {
        known.delete(place.name)
        records?.remove(place.name)
      }
    } finally {
      late.end()
      place.busy = false
    }
  }

  function look(): void {
    const now = performance.now()
    const due = (place: Place) => !place.busy && place.nextTryAtMs <= now && !isConnected(place)
    if (isFrozen || (role === 'tab' && (servers.size > 0 || hasSocket()))) return
    if (records?.mayJoin?.(servers.size) !== false) for (const place of joins.values()) if (due(place)) void tryPlace(place)
    // A tab goes elsewhere once the given addresses have failed; a node dials each server that it lost.
    const told = [...joins.values()]
    if (role === 'tab' && told.length > 0 && told.every((place) => place.failures === 0)) return
    for (const place of known.values()) if (due(place) && records?.mayDial?.(place.peer) !== false) void tryPlace(place)
  }

  /** The network is back, or the page is visible again: dials at once. */
  const wake = () => {
    for (const place of [...joins.values(), ...known.values()]) place.nextTryAtMs = 0
    look()
  }

  /** Ends a page's holds with its connections: a browser may keep these open, and answer pings, for a page that answers nobody. */
  const freeze = () => {
    isFrozen = true
    for (const connection of libp2p.getConnections()) connection.abort(new Error('the page was frozen'))
  }
  const thaw = () => {
    isFrozen = false
    wake()
  }
  const pageEvents = [
    [globalThis, 'online', wake],
    [globalThis, 'pagehide', freeze],
    [globalThis, 'pageshow', thaw],
    [globalThis.document, 'visibilitychange', wake],
    [globalThis.document, 'freeze', freeze],
    [globalThis.document, 'resume', thaw],
  ] as const

  /** Remembers where a server can be dialled. */
  function rememberServer(peer: PeerId, addresses: Multiaddr[]): void {
    const name = peer.toString()
    if (addresses.length === 0 || peer.equals(libp2p.peerId)) return
    const place = known.get(name)
    if (place !== undefined) return void Object.assign(place, { addresses })
    if (known.size >= maxKnownServers) {
      const oldest = [...known.values()].find((candidate) => !isConnected(candidate)) ?? [...known.values()][0]
      if (oldest !== undefined) known.delete(oldest.name)
    }
    known.set(name, { name, peer, addresses, ...UNTRIED })
  }

  return {
    /** True while there is an address to join that is not this peer's own. */
    get hasJoins() {
      return joins.size > 0
    },
    /** The addresses to join that this peer is connected to. */
    joined: () => [...joins.values()].filter(isConnected).map(({ name }) => name),
    /** True for a peer that was met at an address that the owner gave. */
    isToBeJoined: (peer: PeerId) => [...joins.values()].some((place) => place.peer?.equals(peer)),
    /** Hears when there is one address less to join. Returns the function that ends it. */
    onChange: changes.on,
    join(addresses: string[]) {
      for (const name of addresses) if (!joins.has(name)) joins.set(name, { name, ...UNTRIED })
      if (timer !== undefined) look()
    },
    rememberServer,
    /** Servers that are known, connected or not. */
    knownServers: () => [...known.values()] as readonly Pick<Place, 'peer' | 'addresses'>[],
    start() {
      if (timer !== undefined) return
      timer = setInterval(look, LOOK_MS)
      for (const [target, type, listener] of pageEvents) target?.addEventListener?.(type, listener)
      look()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
      stopped.abort()
      for (const [target, type, listener] of pageEvents) target?.removeEventListener?.(type, listener)
    },
  }
}
