/**
 * The overlay's websockets as a libp2p transport: dials with the `ws` package, and listens on the `upgrade` event of the gateway's own HTTP
 * server. `listener.ts` decides which sockets are admitted.
 *
 * @see https://github.com/libp2p/specs/blob/master/websockets/README.md
 */

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  type ComponentLogger,
  type Connection,
  type CreateListenerOptions,
  type DialTransportOptions,
  type Listener,
  type ListenerEvents,
  type Logger,
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
import { abortable } from '../../async/abort.ts'
import type { ClientAddress } from '../../network/client-address.ts'
import { markPageSocket } from '../../network/page-connections.ts'
import { createConnectionLog } from './connection-log.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { WebSocketConnection } from './websocket-connection.ts'

/** Decides which sockets come in, and counts them. */
export interface SocketAdmission {
  /** Why the page that a request comes from may not join, in words; undefined when it may. */
  findFault(request: IncomingMessage): string | undefined
  /** The client that a request comes from; undefined when its socket is turned away. */
  admit(request: IncomingMessage): ClientAddress | undefined
  /** Counts a socket until it closes. */
  track(socket: WebSocket, client: ClientAddress): void
  /** The socket has proved its peer id. */
  onUpgraded(socket: WebSocket, client: ClientAddress): void
  /** The socket did not prove a peer id in time; it is terminated. */
  onUpgradeFailed(): void
}

interface OverlayTransportOptions {
  server: Server
  admission: SocketAdmission
  maxFrameBytes: number
  upgradeTimeoutMs: number
  pingIntervalMs?: number
  logger: ComponentLogger
}

class OverlayListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #options: OverlayTransportOptions
  readonly #upgrader: Upgrader
  readonly #heartbeat: Heartbeat
  readonly #connectionLog: () => Logger
  readonly #socketServer: WebSocketServer
  /** Bounded by the admission. */
  readonly #open = new Set<WebSocket>()
  /** Bounded by the admission, and by the time that an upgrade may take. */
  readonly #upgrading = new Set<AbortController>()
  #isListening = false

  constructor(options: OverlayTransportOptions, upgrader: Upgrader, heartbeat: Heartbeat) {
    super()
    this.#options = options
    this.#upgrader = upgrader
    this.#heartbeat = heartbeat
    this.#connectionLog = createConnectionLog(options.logger, 'mayfly:listener:connection')
    this.#socketServer = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxFrameBytes,
      perMessageDeflate: false,
      clientTracking: false,
      autoPong: false,
    })
  }

  async listen(): Promise<void> {
    const { server } = this.#options
    if (server.address() === null) throw new TypeError('Start the http server before the peer: the overlay shares its port')
    this.#isListening = true
    server.on('upgrade', this.#onUpgrade)
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    const bound = this.#options.server.address()
    if (bound === null || typeof bound === 'string') return []
    return getThinWaistAddresses(ipPortToMultiaddr(bound.address, bound.port)).map((address) => address.encapsulate('/ws'))
  }

  updateAnnounceAddrs(): void {}

  async close(): Promise<void> {
    if (!this.#isListening) return
    this.#isListening = false
    this.#options.server.off('upgrade', this.#onUpgrade)
    for (const upgrade of this.#upgrading) upgrade.abort()
    for (const socket of this.#open) socket.terminate()
    this.safeDispatchEvent('close')
  }

  readonly #onUpgrade = (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    // Messages to programs, and visitors of shares, come over websockets too: the gateway's own listener answers for those.
    if (/^\/(?:to|s)\//.test(request.url ?? '') && this.#options.server.listenerCount('upgrade') > 1) return
    duplex.on('error', destroyFailed)
    const fault = this.#options.admission.findFault(request)
    if (fault !== undefined) return void turnAway(duplex, '403 Forbidden', `${fault}\n`)
    const client = this.#options.admission.admit(request)
    if (client === undefined) return void turnAway(duplex, '503 Service Unavailable\r\nRetry-After: 5')
    this.#socketServer.handleUpgrade(request, duplex, head, (socket) => void this.#onSocket(socket, duplex, client, request))
  }

  async #onSocket(socket: WebSocket, carrier: Duplex, client: ClientAddress, request: IncomingMessage): Promise<void> {
    const { admission, upgradeTimeoutMs } = this.#options
    const { remotePort: port = 0 } = request.socket
    admission.track(socket, client)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    this.#heartbeat.watch(socket)
    const connection = new WebSocketConnection({
      socket,
      remoteAddr: ipPortToMultiaddr(client.ip === '' ? '0.0.0.0' : client.ip, port).encapsulate('/ws'),
      direction: 'inbound',
      log: this.#connectionLog(),
      carrier,
    })
    if (mayBePage(request)) markPageSocket(connection)
    const upgrade = new AbortController()
    const timer = setTimeout(() => upgrade.abort(new DOMException('The upgrade timed out', 'TimeoutError')), upgradeTimeoutMs)
    this.#upgrading.add(upgrade)
    try {
      await this.#upgrader.upgradeInbound(connection, { signal: upgrade.signal })
      admission.onUpgraded(socket, client)
    } catch {
      admission.onUpgradeFailed()
      socket.terminate()
    } finally {
      clearTimeout(timer)
      this.#upgrading.delete(upgrade)
    }
  }
}

export class OverlayTransport implements Transport {
  readonly [transportSymbol] = true as const
  readonly [Symbol.toStringTag] = 'mayfly-websockets'
  readonly [serviceCapabilities] = ['@libp2p/transport']
  readonly #options: OverlayTransportOptions
  readonly #heartbeat: Heartbeat
  readonly #connectionLog: () => Logger

  constructor(options: OverlayTransportOptions) {
    this.#options = options
    this.#connectionLog = createConnectionLog(options.logger, 'mayfly:dialer:connection')
    this.#heartbeat = createHeartbeat(options)
  }

  async dial(address: Multiaddr, dial: DialTransportOptions): Promise<Connection> {
    const socket = new WebSocket(multiaddrToUri(address), {
      maxPayload: this.#options.maxFrameBytes,
      perMessageDeflate: false,
      autoPong: false,
    })
    let carrier: Duplex | undefined
    socket.once('upgrade', (response) => {
      carrier = response.socket
    })
    await whenOpen(socket, dial.signal)
    this.#heartbeat.watch(socket)
    const connection = new WebSocketConnection({
      socket,
      remoteAddr: address,
      direction: 'outbound',
      log: this.#connectionLog(),
      ...(carrier && { carrier }),
    })
    try {
      return await dial.upgrader.upgradeOutbound(connection, dial)
    } catch (error) {
      socket.terminate()
      throw error
    }
  }

  createListener({ upgrader }: CreateListenerOptions): Listener {
    return new OverlayListener(this.#options, upgrader, this.#heartbeat)
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => WebSockets.exactMatch(address))
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => WebSockets.exactMatch(address) || WebSocketsSecure.exactMatch(address))
  }
}

/**
 * The HTTP server has removed its own listeners from the socket: an error without one would end the process. Not made for each socket, where it
 * would keep the request, its headers too, for as long as the socket is open.
 */
function destroyFailed(this: Duplex): void {
  this.destroy()
}

/** Websockets of pages, and of programs that have theirs, offer to compress messages; a node's dialler, above, does not. */
const mayBePage = ({ headers }: IncomingMessage) => headers['sec-websocket-extensions'] !== undefined

/** Answers in place of a websocket. @param status with further headers of the answer */
function turnAway(duplex: Duplex, status: string, text = ''): void {
  const about = `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}`
  // Destroyed once the answer is written: otherwise the refused client could keep the socket, which is not counted, open for ever.
  duplex.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${about}\r\n\r\n${text}`, () => duplex.destroy())
}

/** Resolves once the socket is open, and terminates it when it fails or is aborted before. */
async function whenOpen(socket: WebSocket, signal: AbortSignal): Promise<void> {
  try {
    await abortable<void>(signal, (resolve, reject) => {
      socket.once('error', reject)
      socket.once('open', resolve)
      return () => {
        socket.off('error', reject)
        socket.off('open', resolve)
      }
    })
  } catch (error) {
    socket.on('error', () => {}) // a socket that is terminated while connecting emits one more
    socket.terminate()
    throw error
  }
}
