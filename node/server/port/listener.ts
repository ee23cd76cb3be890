/**
 * The overlay's websocket on the gateway's own http server: a libp2p transport that listens on the server's `upgrade` event and dials
 * with the same sockets. One port for pages, API and overlay. It keeps strangers cheap: small frames, few half-made connections for
 * each address (the oldest goes first), a time by which a connection must have proved its peer id, pings for those who fall silent.
 *
 * @see https://github.com/libp2p/specs/blob/master/websockets/README.md
 */

import type { IncomingMessage, Server } from 'node:http'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  type ComponentLogger,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type ListenerEvents,
  serviceCapabilities,
  type Transport,
  transportSymbol,
  type Upgrader,
} from '@libp2p/interface'
import { getThinWaistAddresses, ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { WebSockets, WebSocketsSecure } from '@multiformats/multiaddr-matcher'
import { multiaddrToUri } from '@multiformats/multiaddr-to-uri'
import { TypedEventEmitter } from 'main-event'
import { WebSocket, WebSocketServer } from 'ws'
import { countPortBytes } from './port-bytes.ts'
import { createPulse, type Pulse, type PulseOptions } from './pulse.ts'
import { createWebSocketConnection } from './websocket-connection.ts'

export interface ListenerOptions extends PulseOptions {
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

export const LISTENER_DEFAULTS: Readonly<Required<Omit<ListenerOptions, keyof PulseOptions>>> = {
  maxFrameBytes: 131_072, // the largest real frame is 65,519 bytes
  maxSockets: 8_192,
  maxSocketsPerAddress: 4_096, // a school or a company behind one address; lower it on a public node
  maxPendingPerAddress: 128,
  upgradeTimeoutMs: 8_000,
  trustProxy: false,
}

export interface WebSocketListener {
  /** What libp2p takes as a transport. */
  transport: (components: { logger: ComponentLogger }) => Transport
  /** What libp2p is told to listen on; the port is the http server's own. */
  listen: string[]
  readonly sockets: number
  /** What went over the port since the start, HTTP and overlay, in bytes. */
  readonly bytes: { received: number; sent: number }
  /** Sockets turned away since the start, by reason. */
  readonly refused: Readonly<Record<'full' | 'address-full' | 'pending-evicted' | 'upgrade-failed', number>>
}

/** Give it the server before or after `listen()`, but start the peer when the server has its port. */
export function createWebSocketListener(server: Server, options: ListenerOptions = {}): WebSocketListener {
  const limits = { ...LISTENER_DEFAULTS, ...options }
  const refused = { full: 0, 'address-full': 0, 'pending-evicted': 0, 'upgrade-failed': 0 }
  /** Open sockets by client address, oldest first; the value says whether it is still pending. Bounded: maxSockets. */
  const byAddress = new Map<string, Map<WebSocket, boolean>>()
  let sockets = 0
  const bytes = countPortBytes(server)

  const socketServer = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: false,
  })

  function clientAddress(request: IncomingMessage): string {
    const forwarded = limits.trustProxy ? request.headers['x-forwarded-for'] : undefined
    const last = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(',').at(-1)?.trim()
    // Some proxies write `unknown`, or a port behind the address.
    return (last !== undefined && isIP(last) > 0 ? last : request.socket.remoteAddress) ?? '0.0.0.0'
  }

  /** Makes room for one more socket of the address, or says why there is none. */
  function admit(address: string): keyof typeof refused | undefined {
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

  function track(address: string, socket: WebSocket): Map<WebSocket, boolean> {
    const own = byAddress.get(address) ?? new Map<WebSocket, boolean>()
    byAddress.set(address, own)
    own.set(socket, true)
    sockets++
    socket.once('close', () => {
      sockets--
      own.delete(socket)
      if (own.size === 0 && byAddress.get(address) === own) byAddress.delete(address)
    })
    return own
  }

  class OverlayListener extends TypedEventEmitter<ListenerEvents> implements Listener {
    readonly #logger: ComponentLogger
    readonly #upgrader: Upgrader
    readonly #pulse: Pulse
    readonly #open = new Set<WebSocket>()
    readonly #closing = new AbortController()
    #address: Multiaddr | undefined

    constructor(logger: ComponentLogger, upgrader: Upgrader, pulse: Pulse) {
      super()
      this.#logger = logger
      this.#upgrader = upgrader
      this.#pulse = pulse
    }

    async listen(address: Multiaddr): Promise<void> {
      if (server.address() === null) throw new TypeError('Start the http server before the peer: the overlay shares its port')
      this.#address = address
      server.on('upgrade', this.#onUpgrade)
      this.safeDispatchEvent('listening')
    }

    getAddrs(): Multiaddr[] {
      const bound = server.address()
      if (bound === null || typeof bound === 'string') return []
      return getThinWaistAddresses(ipPortToMultiaddr(bound.address, bound.port)).map((address) => address.encapsulate('/ws'))
    }

    updateAnnounceAddrs(): void {}

    async close(): Promise<void> {
      if (this.#address === undefined) return
      this.#address = undefined
      server.off('upgrade', this.#onUpgrade)
      this.#closing.abort()
      for (const socket of this.#open) socket.terminate()
      this.safeDispatchEvent('close')
    }

    readonly #onUpgrade = (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
      // Messages to programs come over websockets too: who else listens here answers for those.
      if (request.url?.startsWith('/to/') && server.listenerCount('upgrade') > 1) return
      // The http server has taken its own listeners off: an error that nobody hears would end the process.
      duplex.on('error', () => duplex.destroy())
      const address = clientAddress(request)
      const reason = admit(address)
      if (reason !== undefined) {
        refused[reason]++
        // Destroyed once said: who is turned away could else keep the socket, which nobody counts, for ever.
        duplex.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () =>
          duplex.destroy(),
        )
        return
      }
      socketServer.handleUpgrade(request, duplex, head, (socket) => void this.#onSocket(socket, address, request.socket.remotePort ?? 0))
    }

    async #onSocket(socket: WebSocket, address: string, port: number): Promise<void> {
      const own = track(address, socket)
      this.#open.add(socket)
      socket.once('close', () => this.#open.delete(socket))
      this.#pulse.watch(socket)
      const connection = createWebSocketConnection({
        socket,
        remoteAddr: ipPortToMultiaddr(address, port).encapsulate('/ws'),
        direction: 'inbound',
        log: this.#logger.forComponent('mayfly:listener:connection'),
      })
      try {
        await this.#upgrader.upgradeInbound(connection, {
          signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(limits.upgradeTimeoutMs)]),
        })
        if (own.has(socket)) own.set(socket, false)
      } catch {
        refused['upgrade-failed']++
        socket.terminate()
      }
    }
  }

  class OverlayTransport implements Transport {
    readonly [transportSymbol] = true as const
    readonly [Symbol.toStringTag] = 'mayfly-websockets'
    readonly [serviceCapabilities] = ['@libp2p/transport']
    readonly #logger: ComponentLogger
    readonly #pulse = createPulse(limits)

    constructor(components: { logger: ComponentLogger }) {
      this.#logger = components.logger
    }

    async dial(address: Multiaddr, dial: DialTransportOptions): Promise<Connection> {
      const socket = new WebSocket(multiaddrToUri(address), { maxPayload: limits.maxFrameBytes, perMessageDeflate: false })
      await opened(socket, dial.signal)
      this.#pulse.watch(socket)
      const connection = createWebSocketConnection({
        socket,
        remoteAddr: address,
        direction: 'outbound',
        log: this.#logger.forComponent('mayfly:dialer:connection'),
      })
      try {
        return await dial.upgrader.upgradeOutbound(connection, dial)
      } catch (error) {
        socket.terminate()
        throw error
      }
    }

    createListener(init: CreateListenerOptions): Listener {
      return new OverlayListener(this.#logger, init.upgrader, this.#pulse)
    }

    listenFilter(addresses: Multiaddr[]): Multiaddr[] {
      return addresses.filter((address) => WebSockets.exactMatch(address))
    }

    dialFilter(addresses: Multiaddr[]): Multiaddr[] {
      return addresses.filter((address) => WebSockets.exactMatch(address) || WebSocketsSecure.exactMatch(address))
    }
  }

  return {
    transport: (components) => new OverlayTransport(components),
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

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      signal.removeEventListener('abort', onAbort)
      socket.on('error', () => {}) // a socket that is terminated while connecting says so once more
      socket.terminate()
      reject(error)
    }
    const onAbort = () => fail(signal.reason)
    if (signal.aborted) return fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', fail)
    socket.once('open', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', fail)
      resolve()
    })
  })
}
