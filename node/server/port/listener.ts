/**
 * The overlay's websockets on the gateway's own HTTP server: one port for pages, API and overlay. Admission keeps strangers cheap: small
 * frames, few sockets of each address without a proved peer id (the oldest is evicted first), and a deadline for proving it. At a full
 * node the client that has the most sockets loses one to a client that has fewer: unproved ones first.
 */

import type { IncomingMessage, Server } from 'node:http'
import type { ComponentLogger, Transport } from '@libp2p/interface'
import type { WebSocket } from 'ws'
import { type ClientConnections, createClientConnections } from '../../network/client-connections.ts'
import type { HeartbeatOptions } from './heartbeat.ts'
import { OverlayTransport, type SocketAdmission } from './overlay-transport.ts'
import { countPortBytes } from './port-bytes.ts'

export const LISTENER_DEFAULTS = {
  /** The largest websocket frame that is accepted, in bytes. */
  maxFrameBytes: 131_072, // the largest real frame is 65,519 bytes
  /** Sockets in all; at this many, a client that has few takes the place of one that has many. */
  maxSockets: 8_192,
  /** Sockets of one client that have not yet proved a peer id; one more ends the oldest of them. */
  maxPendingPerAddress: 128,
  /** By when a new socket must have proved its peer id, in ms. */
  upgradeTimeoutMs: 8_000,
}

export interface ListenerOptions extends HeartbeatOptions, Partial<typeof LISTENER_DEFAULTS> {
  /** The connections of each client, counted together with those of the HTTP server. Without it, the listener counts its sockets alone. */
  connections?: ClientConnections
  /** Why a request's websocket may not join, in words. */
  findJoinFault?: (request: IncomingMessage) => string | undefined
}

export type WebSocketListener = ReturnType<typeof createWebSocketListener>

/** @param server before or after its `listen()`; the peer is to be started once the server has its port */
export function createWebSocketListener(server: Server, options: ListenerOptions = {}) {
  const { connections = createClientConnections(), findJoinFault, ...given } = options
  const limits = { ...LISTENER_DEFAULTS, ...given }
  /** Sockets turned away since the start, by reason. */
  const refused = { full: 0, 'address-full': 0, 'pending-evicted': 0, evicted: 0, 'upgrade-failed': 0, origin: 0 }
  /** Sockets without a proved peer id, and all, by client. */
  const pending = createGroupedSockets()
  const open = createGroupedSockets()
  const bytes = countPortBytes(server)

  function refuse(reason: keyof typeof refused): undefined {
    refused[reason]++
  }

  /** Ends a socket so that another may come. At once, since its `close` comes only after those who wait behind it. */
  function evict(socket: WebSocket | undefined, group: string, reason: 'pending-evicted' | 'evicted'): void {
    if (socket === undefined) return
    refuse(reason)
    pending.delete(group, socket)
    open.delete(group, socket)
    socket.terminate()
  }

  /** Makes room for a socket of this client at a full node. False when no other client has more. */
  function makeRoom(group: string): boolean {
    if (open.size < limits.maxSockets) return true
    const unproved = pending.largest()
    if (unproved !== undefined) evict(pending.oldest(unproved), unproved, 'pending-evicted')
    else {
      const largest = open.largest()
      // The newest, since it has the least to lose.
      if (largest !== undefined && open.sizeOf(largest) > open.sizeOf(group) + 1) evict(open.newest(largest), largest, 'evicted')
    }
    return open.size < limits.maxSockets
  }

  const admission: SocketAdmission = {
    findFault(request) {
      const fault = findJoinFault?.(request)
      if (fault !== undefined) refuse('origin')
      return fault
    },
    admit(request) {
      if (!makeRoom(connections.clientOf(request).group)) return refuse('full')
      const client = connections.upgrade(request)
      if (client === undefined) return refuse('address-full')
      const { group } = client
      if (pending.sizeOf(group) >= limits.maxPendingPerAddress) evict(pending.oldest(group), group, 'pending-evicted')
      return client
    },
    track(socket, { group }) {
      pending.add(group, socket)
      open.add(group, socket)
      socket.once('close', () => {
        pending.delete(group, socket)
        open.delete(group, socket)
      })
    },
    onUpgraded: (socket, { group }) => pending.delete(group, socket),
    onUpgradeFailed: () => refuse('upgrade-failed'),
  }

  return {
    /** Passed to libp2p as a transport. */
    transport: ({ logger }: { logger: ComponentLogger }): Transport => new OverlayTransport({ server, admission, logger, ...limits }),
    /** Passed to libp2p as the address to listen on; the port is the HTTP server's own. */
    listen: ['/ip4/0.0.0.0/tcp/0/ws'],
    get sockets() {
      return open.size
    },
    /** Traffic of the port since the start, HTTP and overlay, in bytes. */
    get bytes() {
      return bytes.total
    },
    refused: refused as Readonly<typeof refused>,
  }
}

/** Sockets by client, the oldest of each first; no client has none. Bounded by `maxSockets`. */
function createGroupedSockets() {
  const groups = new Map<string, Set<WebSocket>>()
  let size = 0
  return {
    get size() {
      return size
    },
    sizeOf: (group: string) => groups.get(group)?.size ?? 0,
    oldest: (group: string) => groups.get(group)?.values().next().value,
    newest: (group: string) => [...(groups.get(group) ?? [])].at(-1),
    /** The client that has the most; the one that came first among several. */
    largest(): string | undefined {
      let largest: string | undefined
      for (const [group, { size: own }] of groups) if (own > (groups.get(largest ?? '')?.size ?? 0)) largest = group
      return largest
    },
    add(group: string, socket: WebSocket) {
      const own = groups.get(group) ?? new Set<WebSocket>()
      groups.set(group, own.add(socket))
      size++
    },
    delete(group: string, socket: WebSocket) {
      const own = groups.get(group)
      if (own?.delete(socket) !== true) return
      size--
      if (own.size === 0) groups.delete(group)
    },
  }
}
