/**
 * The overlay's websockets on the gateway's own HTTP server: one port for pages, API and overlay. Admission keeps strangers cheap: small
 * frames, few sockets of each address without a proved peer id (the oldest is evicted first), and a deadline for proving it.
 */

import type { Server } from 'node:http'
import type { ComponentLogger, Transport } from '@libp2p/interface'
import type { WebSocket } from 'ws'
import type { ClientAddress } from '../../network/client-address.ts'
import { type ClientConnections, createClientConnections } from '../../network/client-connections.ts'
import type { HeartbeatOptions } from './heartbeat.ts'
import { OverlayTransport, type SocketAdmission } from './overlay-transport.ts'
import { countPortBytes } from './port-bytes.ts'

export const LISTENER_DEFAULTS = {
  /** The largest websocket frame that is accepted, in bytes. */
  maxFrameBytes: 131_072, // the largest real frame is 65,519 bytes
  /** Sockets in all. */
  maxSockets: 8_192,
  /** Sockets of one client that have not yet proved a peer id; one more ends the oldest of them. */
  maxPendingPerAddress: 128,
  /** By when a new socket must have proved its peer id, in ms. */
  upgradeTimeoutMs: 8_000,
}

export interface ListenerOptions extends HeartbeatOptions, Partial<typeof LISTENER_DEFAULTS> {
  /** The connections of each client, counted together with those of the HTTP server. Without it, the listener counts its sockets alone. */
  connections?: ClientConnections
}

export type WebSocketListener = ReturnType<typeof createWebSocketListener>

/** @param server before or after its `listen()`; the peer is to be started once the server has its port */
export function createWebSocketListener(server: Server, options: ListenerOptions = {}) {
  const { connections = createClientConnections(), ...given } = options
  const limits = { ...LISTENER_DEFAULTS, ...given }
  /** Sockets turned away since the start, by reason. */
  const refused = { full: 0, 'address-full': 0, 'pending-evicted': 0, 'upgrade-failed': 0 }
  /** Sockets without a proved peer id by client, oldest first; none of the sets is empty. Bounded: maxSockets. */
  const pending = new Map<string, Set<WebSocket>>()
  let sockets = 0
  const bytes = countPortBytes(server)

  function refuse(reason: keyof typeof refused): undefined {
    refused[reason]++
  }

  function endPending(socket: WebSocket, { group }: ClientAddress): void {
    const own = pending.get(group)
    own?.delete(socket)
    if (own?.size === 0) pending.delete(group)
  }

  const admission: SocketAdmission = {
    admit(request) {
      if (sockets >= limits.maxSockets) return refuse('full')
      const client = connections.upgrade(request)
      if (client === undefined) return refuse('address-full')
      const own = pending.get(client.group)
      if (own !== undefined && own.size >= limits.maxPendingPerAddress) {
        refused['pending-evicted']++
        const [oldest] = own
        if (oldest !== undefined) endPending(oldest, client)
        oldest?.terminate()
      }
      return client
    },
    track(socket, client) {
      const own = pending.get(client.group) ?? new Set<WebSocket>()
      pending.set(client.group, own.add(socket))
      sockets++
      socket.once('close', () => {
        sockets--
        endPending(socket, client)
      })
    },
    onUpgraded: endPending,
    onUpgradeFailed: () => refuse('upgrade-failed'),
  }

  return {
    /** Passed to libp2p as a transport. */
    transport: ({ logger }: { logger: ComponentLogger }): Transport => new OverlayTransport({ server, admission, logger, ...limits }),
    /** Passed to libp2p as the address to listen on; the port is the HTTP server's own. */
    listen: ['/ip4/0.0.0.0/tcp/0/ws'],
    get sockets() {
      return sockets
    },
    /** Traffic of the port since the start, HTTP and overlay, in bytes. */
    get bytes() {
      return bytes.total
    },
    refused: refused as Readonly<typeof refused>,
  }
}
