/**
 * `mayfly start`: a node with its gateway, put together, until it is told to end. The HTTP in front is handed in, since `gateway/` is
 * known to `command.ts` alone.
 */

import { once } from 'node:events'
import { createPeer } from '../../index.ts'
import type { InboxEvent } from '../../server/inbox/inbox.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createWebSocketListener } from '../../server/port/listener.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { loadIdentity } from '../../server/store/identity.ts'
import { openOutboxStore, outboxPathIn } from '../../server/store/outbox-store.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { tabDirectory } from '../package.ts'
import { logEvents } from '../print/event-log.ts'
import { createLogger, type Logger } from '../print/logger.ts'
import { publicMultiaddr, urlOf } from '../values/public-address.ts'
import type { GatewayParts, StoppableGateway } from './gateway-parts.ts'
import { describeInboxEvent, openReceiver } from './open-receiver.ts'

/** By when a node that was told to end has ended, in ms; an operator's supervisor often kills after 10 s. */
const STOP_MS = 4_500
/** What a sender may send at once, in seconds of its rate. */
const BURST_S = 10

/**
 * @throws {MayflyError} ERR_BAD_OPTION
 * @throws the system's error, in words: the port is taken, the data directory cannot be used
 */
export async function runStart<Gateway extends StoppableGateway>(context: CommandContext, http: GatewayParts<Gateway>): Promise<ExitCode> {
  const { configuration, signal, output, version } = context
  const { port, host, join, publicUrl, token, trustProxy, clientFetches, clientRate, peerRate, messageRate, receive } = configuration
  const logger = createLogger({ stream: context.stderr, level: configuration.logLevel, colours: !context.env.NO_COLOR })
  const privateKey = await loadIdentity(configuration.data).catch((error) => {
    throw explainSystemError(`Cannot use the data directory ${configuration.data}`, error)
  })
  const opened = receive === undefined ? undefined : await openReceiver({ configuration, name: receive, onEvent: logInboxEvents(logger) })
  const server = http.createGatewayServer({ trustProxy })
  const listener = createWebSocketListener(server.server, { trustProxy })
  const announce = publicUrl === undefined ? [] : [publicMultiaddr(publicUrl)]
  const limits = {
    ...(peerRate !== undefined && { maxPeerBytesPerSecond: peerRate }),
    ...(messageRate !== undefined && { messagesPerSecond: messageRate, messageBurst: messageRate * BURST_S }),
  }
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
  const receiver = opened?.connect(peer.messages, (error) => logger.error({ error }, 'cannot receive'))
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
    ...(receiver !== undefined && { inbox: receiver.inbox }),
  })
  try {
    signal.throwIfAborted()
    const bound = await server.listen({ port, host }).catch((error) => {
      throw explainSystemError(`Cannot listen at ${host} port ${port}`, error)
    })
    await peer.start()
    receiver?.start()
    server.serve(gateway)
    const url = publicUrl ?? urlOf(host, bound.port)
    const { id, addresses } = peer.status()
    const address = opened && { hashname: opened.hashname }
    output.result([`mayfly runs at ${url}`, ...Object.values(address ?? {})].join('\n'), { url, id, addresses, ...address })
    logger.info({ url, id, addresses, join, ...address }, 'started')
    if (!signal.aborted) await once(signal, 'abort')
    return EXIT.done
  } catch (error) {
    // Told to end while starting: that is an end as good as any.
    if (signal.aborted) return EXIT.done
    throw error
  } finally {
    gateway.drain()
    await stopInTime([async () => receiver?.stop(), () => peer.stop(), () => server.stop(), async () => opened?.close()], logger)
  }
}

function logInboxEvents(logger: Logger): (event: InboxEvent) => void {
  return (event) => logger[event.type === 'recovered' ? 'info' : 'error'](event, describeInboxEvent(event))
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
