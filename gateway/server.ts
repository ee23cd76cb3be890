/**
 * The HTTP server around a gateway: one port, with limits on time, size and number. The overlay's websockets arrive at the `upgrade` event
 * of the same server. The overlay's listener takes them, except those under `/to/` and `/s/`, which belong to the gateway.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener, RequestError } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { CLIENT_CONNECTIONS_DEFAULTS, type ClientConnections, createClientConnections } from '../node/index.ts'
import { createShareSockets } from './api/share-sockets.ts'
import { allowEarlyAnswer, hasBody } from './http/early-answer.ts'
import { allowHalfClosed, endIdleSockets, watchHalfClosed } from './http/idle-sockets.ts'
import { originRefusal } from './http/page-origins.ts'
import type { Problem } from './http/problem.ts'
import { problemAnswer } from './http/problem-answer.ts'
import { answerParseError, findRequestFault, toOriginForm } from './http/request-rules.ts'
import { findSocketOwner } from './http/socket-owner.ts'
import { writeChunks } from './http/write-chunks.ts'
import { createMessageSockets } from './inbox/message-sockets.ts'
import type { Client, Gateway, InboxFeed, ShareVisit } from './types.ts'

export const GATEWAY_SERVER_DEFAULTS = {
  /** How long a client may take to send its headers, in ms, a silent beginning included. */
  headersTimeoutMs: 10_000,
  /** How long the body of a request may stall, in ms. As long as bytes arrive, it may take its time. */
  bodyStallMs: 30_000,
  /** How much of a body is still taken, and dropped, after its request is answered; a client may hear the answer only after it has sent all. */
  maxDroppedBytes: 268_435_456,
  /** How long it is, in ms. */
  maxDroppingMs: 60_000,
  /** How long a connection may idle between requests, in ms. */
  keepAliveMs: 20_000,
  /** How long a socket may stall while an answer is under way, in ms, give or take a quarter. More than the longest wait and keep-alive. */
  idleTimeoutMs: 120_000,
  /** All headers of a request together, in bytes. */
  maxHeaderBytes: 16_384,
  /** Connections in all, websockets included. */
  maxConnections: 20_000,
  /** Connections of one client address, websockets included. This machine's HTTP connections are exempt: a proxy on it speaks for many. */
  maxConnectionsPerAddress: CLIENT_CONNECTIONS_DEFAULTS.maxPerClient,
  /** Connections of one client address that are not websockets of the overlay. */
  maxHttpConnectionsPerAddress: CLIENT_CONNECTIONS_DEFAULTS.maxHttpPerClient,
  /** How long `stop` lets answers under way finish, in ms. */
  stopGraceMs: 1_000,
  /** Believe the X-Forwarded-For of a proxy on this machine: its last entry is the client. */
  trustProxy: false,
}

export type GatewayServerOptions = Partial<typeof GATEWAY_SERVER_DEFAULTS>

export interface GatewayServer {
  /** For the overlay's listener, which takes its `upgrade` event. */
  readonly server: Server
  /** For the overlay's listener, which counts its websockets there. */
  readonly connections: ClientConnections
  /** For the overlay's listener: why a websocket may not join, in words. */
  readonly findJoinFault: (request: IncomingMessage) => string | undefined
  /** Passes requests to the gateway. Until then all are answered with 503. */
  serve(gateway: Gateway): void
  /** Resolves once connections are accepted. Port 0 lets the system choose. */
  listen(options: { port: number; host: string }): Promise<{ port: number }>
  /** Accepts no more connections, lets answers finish for a moment, then closes everything. May be called twice. */
  stop(): Promise<void>
}

/** The least that arrives between two checks, in bytes: a slower body stalls. */
const LEAST_BYTES = 1_024
/** How long a client may take to read the 408, in ms. */
const HEAR_MS = 1_000

const STARTING = 'This gateway is starting. Ask again in a moment.'

// Where `Response` was replaced before its module was loaded, it would be taken for an answer whose head is still to be written.
void RESPONSE_ALREADY_SENT.body

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => unknown

/** The gateway's own; a further listener is the overlay's. */
const OWN_UPGRADE_LISTENERS = 1
/** Connections that may wait to be accepted: as many as Linux allows. With Node.js's 511, further clients of a busy node wait for a TCP retry. */
const LISTEN_BACKLOG = 4_096
/** How often overdue connections are looked for, in ms. */
const CHECK_INTERVAL_MS = 1_000
/** How often finished connections are closed while stopping, in ms. */
const SWEEP_INTERVAL_MS = 50

export function createGatewayServer(given: GatewayServerOptions = {}): GatewayServer {
  const options = { ...GATEWAY_SERVER_DEFAULTS, ...given }
  /** Bounded: maxConnections. */
  const sockets = new Set<Socket>()
  const connections = createClientConnections({
    maxPerClient: options.maxConnectionsPerAddress,
    maxHttpPerClient: options.maxHttpConnectionsPerAddress,
    trustProxy: options.trustProxy,
  })
  const takeSocket = createMessageSockets(options.idleTimeoutMs)
  const takeVisit = createShareSockets()
  let listenToGateway: Listener = answerNotReady
  /** The newest answer of each socket. */
  const answers = new WeakMap<Duplex, ServerResponse>()
  /** Tells a client to send the body that it holds back. */
  const proceeds = new WeakMap<IncomingMessage, () => void>()
  let gateway: Gateway | null = null
  let stopping: Promise<void> | null = null

  const server: Server = createServer({
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: 0, // it would cut a long upload, however fast; see bodyStallMs
    keepAliveTimeout: options.keepAliveMs,
    maxHeaderSize: options.maxHeaderBytes,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    shouldUpgradeCallback(incoming) {
      const { headers, url = '' } = incoming
      if (findRequestFault(incoming) !== undefined) return false
      // An upgrade to another protocol (curl offers HTTP/2) is answered like a plain request, and so is one without an overlay.
      if (headers.upgrade?.toLowerCase() !== 'websocket') return false
      if (isMessagePath(url)) return gateway?.takesSocket(url) === true
      if (isSharePath(url)) return gateway?.takesVisit?.(url) === true
      return server.listenerCount('upgrade') > OWN_UPGRADE_LISTENERS
    },
  })
  function handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket, url = '' } = incoming
    answers.set(socket, outgoing)
    watchHalfClosed(incoming, outgoing)
    incoming.url = toOriginForm(url)
    const fault = findRequestFault(incoming)
    const listener = fault === undefined ? listenToGateway : () => void refuse(outgoing, fault)
    watchBody(incoming, outgoing, options.bodyStallMs, () => proceeds.has(incoming))
    if (!hasBody(incoming)) return void listener(incoming, outgoing)
    allowEarlyAnswer(incoming, outgoing, options)
    // A short body that came with its headers is parsed first: its connection can stay open, whatever the answer.
    setImmediate(() => listener(incoming, outgoing))
  }

  endIdleSockets(server, options.idleTimeoutMs, () => gateway?.countStalled?.())
  allowHalfClosed(server)
  server.on('clientError', (error, socket) => answerParseError(error, socket, answers.get(socket)?.headersSent === true))
  server.maxConnections = options.maxConnections
  server.on('request', (incoming, outgoing) => {
    if (stopping !== null) outgoing.setHeader('connection', 'close')
    else if (answerAtOnce(gateway, incoming, outgoing, connections)) return void answers.set(incoming.socket, outgoing)
    handle(incoming, outgoing)
  })
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (gateway?.defersBody?.(incoming.url ?? '') === true) {
      proceeds.set(incoming, () => {
        if (proceeds.delete(incoming) && !outgoing.headersSent) outgoing.writeContinue()
      })
    }
    // A body that is too large is refused before it is sent.
    else if (Number(incoming.headers['content-length'] ?? 0) <= (gateway?.maxBodyBytes ?? 0)) outgoing.writeContinue()
    handle(incoming, outgoing)
  })
  server.on('upgrade', (incoming, duplex, head) => {
    const isMessages = isMessagePath(incoming.url ?? '')
    if (isSharePath(incoming.url ?? '')) return void takeVisit(incoming, duplex, head, openVisit(gateway, incoming, connections))
    if (!isMessages && server.listenerCount('upgrade') > OWN_UPGRADE_LISTENERS) return
    // Before Node.js 24.9 there is no `shouldUpgradeCallback`: every upgrade comes here, and must be answered.
    const open = isMessages && gateway !== null ? openFeed(gateway, incoming, connections) : async () => noSocket()
    void takeSocket(incoming, duplex, head, open)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    const limit = connections.accept(socket)
    if (limit !== undefined) refuseConnection(socket, limit)
  })
  return {
    server,
    connections,
    findJoinFault(incoming) {
      if (gateway === null) return incoming.headers.origin === undefined ? undefined : STARTING
      const origin = gateway.refusedOrigin?.({ headers: headersOf(incoming) }, clientOf(incoming, connections))
      return origin === undefined ? undefined : originRefusal(origin)
    },
    serve(next) {
      gateway = next
      listenToGateway = createListener(next, connections, (incoming) => proceeds.get(incoming))
    },
    async listen({ port, host }) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ port, host, backlog: LISTEN_BACKLOG }, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return { port: (server.address() as AddressInfo).port }
    },
    stop() {
      stopping ??= stopServer(server, sockets, gateway, options.stopGraceMs)
      return stopping
    },
  }
}

/** Answers with what the gateway has ready. False for every request that needs more: also for one that waits behind another on its connection. */
function answerAtOnce(
  gateway: Gateway | null,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  connections: ClientConnections,
): boolean {
  if (incoming.method !== 'GET' || outgoing.socket === null || incoming.url === undefined) return false
  const ready = gateway?.findReady?.(incoming.url, incoming.rawHeaders, connections.clientOf(incoming))
  if (ready === undefined) return false
  outgoing.writeHead(200, ready.headers as string[])
  outgoing.end(ready.body, 'latin1')
  if (!outgoing.writableFinished) watchHalfClosed(incoming, outgoing)
  return true
}

function createListener(
  gateway: Gateway,
  connections: ClientConnections,
  proceedOf: (incoming: IncomingMessage) => (() => void) | undefined,
): Listener {
  return getRequestListener(
    async (request, { incoming, outgoing }) => {
      const proceed = proceedOf(incoming as IncomingMessage)
      const client = { ...clientOf(incoming as IncomingMessage, connections), cut: () => void outgoing.destroy() }
      const answer = await gateway.fetch(request, proceed === undefined ? client : { ...client, proceed })
      return (await writeChunks(answer, outgoing as ServerResponse)) ? RESPONSE_ALREADY_SENT : answer
    },
    {
      hostname: 'localhost', // HTTP/1.0 may leave out Host; this name allows nothing, since access control reads the header
      errorHandler: (error) =>
        problemAnswer(
          error instanceof RequestError
            ? { status: 400, code: 'ERR_BAD_REQUEST', message: 'The request has a Host or a target that cannot be read.' }
            : { status: 500, code: 'ERR_INTERNAL', message: 'Something broke in this gateway.' },
          { method: 'GET', headers: new Headers() },
        ),
    },
  )
}

/** Passes the request of a websocket's handshake to the gateway. */
function openFeed(gateway: Gateway, incoming: IncomingMessage, connections: ClientConnections): () => Promise<InboxFeed | Response> {
  return () => gateway.openFeed(new Request('http://localhost/', { headers: headersOf(incoming) }), clientOf(incoming, connections))
}

/** Passes the handshake of a visitor's websocket to the gateway. */
function openVisit(gateway: Gateway | null, incoming: IncomingMessage, connections: ClientConnections) {
  return async (): Promise<ShareVisit | Response> =>
    gateway?.openVisit?.(new Request('http://localhost/', { headers: headersOf(incoming) }), clientOf(incoming, connections)) ?? noSocket()
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(headersDistinct)) for (const value of values ?? []) headers.append(name, value)
  return headers
}

function noSocket(): Response {
  const problem = { status: 400, code: 'ERR_BAD_REQUEST', message: 'No address here changes to that protocol.' } as const
  return problemAnswer(problem, { method: 'GET', headers: new Headers() })
}

function isMessagePath(target: string): boolean {
  return target.startsWith('/to/')
}

function isSharePath(target: string): boolean {
  return target.startsWith('/s/')
}

function clientOf(incoming: IncomingMessage, connections: ClientConnections): Client {
  const { socket, url, httpVersion } = incoming
  return {
    address: connections.clientOf(incoming),
    isTrustedProxy: connections.isTrustedProxy(incoming),
    httpVersion,
    owner: () => findSocketOwner(socket),
    ...(socket.localAddress !== undefined && { localAddress: socket.localAddress }),
    ...(url !== undefined && { target: url }),
  }
}

function answerNotReady(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const body = `${JSON.stringify({ error: { code: 'ERR_NOT_STARTED', message: STARTING } })}\n`
  const headers = { 'content-type': 'application/json', 'content-length': body.length, 'cache-control': 'no-store', 'retry-after': '1' }
  outgoing.writeHead(503, headers)
  outgoing.end(incoming.method === 'HEAD' ? undefined : body)
}

async function refuse(outgoing: ServerResponse, problem: Problem): Promise<void> {
  const answer = problemAnswer(problem, { method: 'GET', headers: new Headers() })
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers))
  outgoing.end(await answer.text())
}

/** Answers with the reason, and waits a moment at most for the client to read it. */
function refuseConnection(socket: Socket, limit: number): void {
  const body = `At most ${limit} connections from one address.\n`
  socket.setTimeout(CHECK_INTERVAL_MS, () => socket.destroy())
  socket.end(`HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
}

async function stopServer(server: Server, sockets: Set<Socket>, gateway: Gateway | null, graceMs: number): Promise<void> {
  gateway?.close()
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // Node.js has no event for a connection that becomes idle.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_INTERVAL_MS)
  const end = setTimeout(() => {
    for (const socket of sockets) socket.destroy()
  }, graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(end)
}

/**
 * Ends a request whose body stalls. As long as bytes arrive, a body may take its time: a large file over a slow line takes hours. Its size is
 * limited where it is read. A client does not stall while bytes of it wait to be read, or while it was not told to send.
 *
 * @param stallMs the interval of the checks: a body that stalls is given up after two of them at the latest
 */
function watchBody(incoming: IncomingMessage, outgoing: ServerResponse, stallMs: number, isHeldBack: () => boolean): void {
  const { socket } = incoming
  if (!hasBody(incoming)) return
  let seenBytes = socket.bytesRead
  const timer = setInterval(() => {
    if (incoming.complete) return end()
    const newBytes = socket.bytesRead - seenBytes
    seenBytes += newBytes
    if (newBytes >= LEAST_BYTES || incoming.readableLength > 0 || isHeldBack()) return
    end()
    if (outgoing.headersSent) return void socket.destroy()
    const body = `The body of the request stopped coming: less than ${LEAST_BYTES} bytes in ${stallMs / 1_000} s.\n`
    socket.setTimeout(HEAR_MS, () => socket.destroy())
    socket.end(`HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  }, stallMs)
  const end = () => clearInterval(timer)
  incoming.once('end', end)
  incoming.once('close', end)
}
