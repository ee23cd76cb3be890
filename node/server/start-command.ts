/**
 * `mayfly start`: a node with its gateway, put together, until it is told to end. The HTTP in front is handed in, since `gateway/` is
 * known to `command.ts` alone.
 */

import { once } from 'node:events'
import type { Server } from 'node:http'
import { createPeer, type IceServer, type Peer } from '../index.ts'
import type { CommandContext } from './command-context.ts'
import { logEvents } from './event-log.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { createHttpPieces } from './http-pieces.ts'
import { loadIdentity } from './identity.ts'
import { createWebSocketListener } from './listener.ts'
import { createLogger, type Logger } from './logger.ts'
import { createNativeHasher } from './native-hasher.ts'
import { openOutboxStore, outboxPathIn } from './outbox-store.ts'
import { tabDirectory } from './package.ts'
import { publicMultiaddr, urlOf } from './public-address.ts'
import { explainSystemError } from './system-error.ts'

/** By when a node that was told to end has ended, in ms; an operator's supervisor often kills after 10 s. */
const STOP_MS = 4_500

interface HttpServer<Gateway> {
  readonly server: Server
  serve(gateway: Gateway): void
  listen(address: { port: number; host: string }): Promise<{ port: number }>
  stop(): Promise<void>
}

interface HttpOptions {
  peer: Peer
  assetsDir: string
  publicUrl?: string
  token?: string
  limits: { maxFetchesPerAddress?: number; maxBytesPerSecondPerAddress?: number }
  iceServers: readonly IceServer[]
  version: string
  onEvent: (event: { type: 'request' | 'failed'; error?: unknown }) => void
}

/** What this needs of `gateway/index.ts`. */
export interface HttpParts<Gateway extends { drain(): void }> {
  createGatewayServer(options: { trustProxy: boolean }): HttpServer<Gateway>
  createGateway(options: HttpOptions): Gateway
}

/**
 * @throws {MayflyError} ERR_BAD_OPTION
 * @throws the system's error, in words: the port is taken, the data directory cannot be used
 */
export async function runStart<Gateway extends { drain(): void }>(context: CommandContext, http: HttpParts<Gateway>): Promise<ExitCode> {
  const { configuration, signal, output, version } = context
  const { port, host, join, publicUrl, token, trustProxy, clientFetches, clientRate, peerRate } = configuration
  const logger = createLogger({ stream: context.stderr, level: configuration.logLevel, colours: !context.env.NO_COLOR })
  const privateKey = await loadIdentity(configuration.data).catch((error) => {
    throw explainSystemError(`Cannot use the data directory ${configuration.data}`, error)
  })
  const server = http.createGatewayServer({ trustProxy })
  const listener = createWebSocketListener(server.server, { trustProxy })
  const announce = publicUrl === undefined ? [] : [publicMultiaddr(publicUrl)]
  const limits = peerRate === undefined ? {} : { maxPeerBytesPerSecond: peerRate }
  const peer = await createPeer({
    role: 'node',
    listener,
    announce,
    join,
    privateKey,
    limits,
    outboxStore: openOutboxStore(outboxPathIn(configuration.data)),
    createHasher: createNativeHasher,
    fetchPiece: createHttpPieces(),
  })
  logEvents(peer, logger)
  const gateway = http.createGateway({
    peer,
    assetsDir: tabDirectory(),
    version,
    limits: {
      ...(clientFetches !== undefined && { maxFetchesPerAddress: clientFetches }),
      ...(clientRate !== undefined && { maxBytesPerSecondPerAddress: clientRate }),
    },
    iceServers: configuration.iceServer,
    onEvent: (event) => logger[event.type === 'failed' ? 'error' : 'debug'](event, `http ${event.type}`),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(token !== undefined && { token }),
  })
  try {
    signal.throwIfAborted()
    const bound = await server.listen({ port, host }).catch((error) => {
      throw explainSystemError(`Cannot listen at ${host} port ${port}`, error)
    })
    await peer.start()
    server.serve(gateway)
    const url = publicUrl ?? urlOf(host, bound.port)
    const { id, addresses } = peer.status()
    output.result(`mayfly runs at ${url}`, { url, id, addresses })
    logger.info({ url, id, addresses, join }, 'started')
    if (!signal.aborted) await once(signal, 'abort')
    return EXIT.done
  } catch (error) {
    // Told to end while starting: that is an end as good as any.
    if (signal.aborted) return EXIT.done
    throw error
  } finally {
    gateway.drain()
    await stopInTime([() => peer.stop(), () => server.stop()], logger)
  }
}

/** The peer first: it says good-bye over the server's sockets. */
async function stopInTime(stops: (() => Promise<void>)[], logger: Logger): Promise<void> {
  const startedAtMs = performance.now()
  const over = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => over.resolve('late'), STOP_MS)
  const done = (async () => {
    for (const stop of stops) await stop().catch((error: unknown) => logger.error({ error: String(error) }, 'stop failed'))
  })()
  const outcome = await Promise.race([done, over.promise])
  clearTimeout(timer)
  const ms = Math.round(performance.now() - startedAtMs)
  if (outcome === 'late') logger.error({ ms }, 'stopped without waiting longer')
  else logger.info({ ms }, 'stopped')
}
