/**
 * The overlay's websockets on the gateway's own HTTP server: one port for pages, API and overlay. Admission keeps strangers cheap: small
 * frames, few sockets of each address without a proved peer id (the oldest is evicted first), and a deadline for proving it.
 */

import type { IncomingMessage, Server } from 'node:http'
import { isIP } from 'node:net'
import type { ComponentLogger, Transport } from '@libp2p/interface'
import type { WebSocket } from 'ws'
import type { HeartbeatOptions } from './heartbeat.ts'
import { OverlayTransport, type SocketAdmission } from './overlay-transport.ts'
import { countPortBytes } from './port-bytes.ts'

export interface ListenerOptions extends HeartbeatOptions {
  /** The largest websocket frame that is accepted, in bytes. */
  maxFrameBytes?: number
  /** Sockets in all. */
  maxSockets?: number
  /** Sockets from one address. */
  maxSocketsPerAddress?: number
  /** Sockets from one address that have not yet proved a peer id; one more ends the oldest of them. */
  maxPendingPerAddress?: number
  /** By when a new socket must have proved its peer id, in ms. */
  upgradeTimeoutMs?: number
  /** Behind a reverse proxy on this machine: take the client's address from the last entry of X-Forwarded-For. */
  trustProxy?: boolean
}

export const LISTENER_DEFAULTS: Readonly<Required<Omit<ListenerOptions, keyof HeartbeatOptions>>> = {
  maxFrameBytes: 131_072, // the largest real frame is 65,519 bytes
  maxSockets: 8_192,
  maxSocketsPerAddress: 4_096, // a school or a company behind one address; lower it on a public node
  maxPendingPerAddress: 128,
  upgradeTimeoutMs: 8_000,
  trustProxy: false,
}

export interface WebSocketListener {
  /** Passed to libp2p as a transport. */
  transport: (components: { logger: ComponentLogger }) => Transport
  /** Passed to libp2p as the address to listen on; the port is the HTTP server's own. */
  listen: string[]
  readonly sockets: number
  /** Traffic of the port since the start, HTTP and overlay, in bytes. */
  readonly bytes: { received: number; sent: number }
  /** Sockets turned away since the start, by reason. */
  readonly refused: Readonly<Record<'full' | 'address-full' | 'pending-evicted' | 'upgrade-failed', number>>
}

/** @param server before or after its `listen()`; the peer is to be started once the server has its port */
export function createWebSocketListener(server: Server, options: ListenerOptions = {}): WebSocketListener {
  const limits = { ...LISTENER_DEFAULTS, ...options }
  const refused = { full: 0, 'address-full': 0, 'pending-evicted': 0, 'upgrade-failed': 0 }
  /** Open sockets by client address, oldest first; the value says whether it is still pending. Bounded: maxSockets. */
  const byAddress = new Map<string, Map<WebSocket, boolean>>()
  let sockets = 0
  const bytes = countPortBytes(server)

  function clientAddress(request: IncomingMessage): string {
    const forwarded = limits.trustProxy ? request.headers['x-forwarded-for'] : undefined
    const last = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(',').at(-1)?.trim()
    // Some proxies write `unknown`, or a port behind the address.
    return (last !== undefined && isIP(last) > 0 ? last : request.socket.remoteAddress) ?? '0.0.0.0'
  }

  /** Makes room for one more socket of the address, or returns why there is none. */
  function refuse(address: string): keyof typeof refused | undefined {
    if (sockets >= limits.maxSockets) return 'full'
    const own = byAddress.get(address)
    if (own === undefined) return undefined
    if (own.size >= limits.maxSocketsPerAddress) return 'address-full'
    const pending = [...own].filter(([, isPending]) => isPending)
    if (pending.length < limits.maxPendingPerAddress) return undefined
    refused['pending-evicted']++
    pending[0]?.[0].terminate()
    return undefined
  }

  const admission: SocketAdmission = {
    admit(request) {
      const address = clientAddress(request)
      const reason = refuse(address)
      if (reason === undefined) return address
      refused[reason]++
      return undefined
    },
    track(socket, address) {
      const own = byAddress.get(address) ?? new Map<WebSocket, boolean>()
      byAddress.set(address, own)
      own.set(socket, true)
      sockets++
      socket.once('close', () => {
        sockets--
        own.delete(socket)
        if (own.size === 0 && byAddress.get(address) === own) byAddress.delete(address)
      })
    },
    onUpgraded(socket, address) {
      const own = byAddress.get(address)
      if (own?.has(socket)) own.set(socket, false)
    },
    onUpgradeFailed: () => void refused['upgrade-failed']++,
  }

  return {
    transport: ({ logger }) => new OverlayTransport({ server, admission, ...limits }, logger),
    listen: ['/ip4/0.0.0.0/tcp/0/ws'],
    get sockets() {
      return sockets
    },
    get bytes() {
      return bytes.total
    },
    refused,
  }
}
