/** `mayfly start`: a node with its gateway, until the process is asked to stop. */

import { once } from 'node:events'
import { createGateway, createGatewayServer, describeOwner, type GatewayServer, type GatewaySettings } from '../../../gateway/index.ts'
import { inTime } from '../../async/abort.ts'
import { createPeer, type Inbox, type Peer, type PeerRates } from '../../index.ts'
import { multiaddrOfUrl } from '../../network/addresses.ts'
import type { InboxEvent } from '../../server/inbox/inbox.ts'
import { createHttpPieces } from '../../server/port/http-pieces.ts'
import { createWebSocketListener } from '../../server/port/listener.ts'
import { createNativeHasher } from '../../server/port/native-hasher.ts'
import { openFilesLimit, watchOpenFiles } from '../../server/port/open-files.ts'
import { boundYoungMemory } from '../../server/port/young-memory.ts'
import { openNodeDirectory } from '../../server/store/node-directory.ts'
import { openOutboxStore, outboxPathIn } from '../../server/store/outbox-store.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import type { CommandContext } from '../command-context.ts'
import type { SettingSources } from '../configuration.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { idleSettings } from '../idle-settings.ts'
import { tabDirectory } from '../package.ts'
import { logEvents } from '../print/event-log.ts'
import { createLogger, type Logger } from '../print/logger.ts'
import type { Configuration } from '../settings.ts'
import { checkTurn } from '../values/ice-server.ts'
import { urlOf, urlsForOthers } from '../values/server-values.ts'
import { describeInboxEvent, describeOutboxEvent, openReceiver } from './open-receiver.ts'
import type { Reload } from './reload.ts'

/** Deadline for stopping a node, in ms; an operator's supervisor often kills after 10 s. */
const STOP_MS = 4_500
/** The levels at which events of the inbox and the outbox are logged. */
const EVENT_LEVELS = { recovered: 'info', 'kept-back': 'warn', failing: 'error', damaged: 'error' } as const
/** Messages that a sender may send at once, in seconds of its rate. */
const BURST_S = 10

/**
 * @throws {MayflyError} ERR_BAD_OPTION
 * @throws the system's error, in words: the port is taken, the data directory cannot be used
 */
export async function runStart(context: CommandContext, reload: Reload, sources: SettingSources): Promise<ExitCode> {
  const { configuration } = context
  checkTurn(configuration)
  const logger = createLogger(context.stderr, configuration.logLevel, !context.env.NO_COLOR)
  for (const { sentence } of idleSettings('start', configuration, sources, [])) logger.warn(sentence)
  const { privateKey, release } = await openNodeDirectory(configuration.data)
  try {
    return await runNode(context, privateKey, { logger, reload })
  } finally {
    release()
  }
}

async function runNode(
  context: CommandContext,
  privateKey: Uint8Array,
  { logger, reload }: { logger: Logger; reload: Reload },
): Promise<ExitCode> {
  const { configuration, signal, output } = context
  const { port, host, join, publicUrl, trustProxy, receive } = configuration
  const openFiles = openFilesLimit()
  const opened = receive === undefined ? undefined : await openReceiver(configuration, receive, logInboxEvents(logger))
  const server = createGatewayServer({ trustProxy })
  const peer = await createNode(configuration, server, privateKey, logger)
  logEvents(peer, logger)
  const endOpenFiles = watchOpenFiles((isFull) => logOpenFiles(logger, isFull, openFiles))
  const receiver = opened?.connect(peer.messages, (error) => logger.error({ error }, 'cannot receive'))
  let urls: string[] = []
  let hasStarted = false
  const gateway = createNodeGateway(context, peer, { inbox: receiver?.inbox, logger, urlForOthers: () => urls[0] })
  try {
    signal.throwIfAborted()
    const bound = await server.listen({ port, host }).catch((error) => {
      throw explainSystemError(`Cannot listen at ${host} port ${port}`, error)
    })
    await peer.start()
    receiver?.start()
    server.serve(gateway)
    const url = publicUrl ?? urlOf(host, bound.port)
    urls = publicUrl === undefined ? urlsForOthers(host, bound.port) : []
    const { id, addresses } = peer.status()
    const facts = { url, id, addresses, ...(urls.length > 0 && { urlsForOthers: urls }), ...(opened && { hashname: opened.hashname }) }
    const lines = [`mayfly runs at ${url}`, ...urls.map((each) => `for other machines: ${each}`), ...(opened ? [opened.hashname] : [])]
    output.result(lines.join('\n'), facts)
    if (opened !== undefined) output.remark(`Messages to ${opened.hashname} are received here: ${url}/inbox`)
    logger.info({ ...facts, join }, 'started')
    hasStarted = true
    boundYoungMemory()
    logger.info({ owner: describeOwner(configuration) }, 'the inbox, the content API and the metrics are for the owner only')
    reload.begin(logger, (next) => {
      checkTurn(next)
      opened?.configure(next) // the only one that can fail, so it goes first
      peer.setRates(peerRates(next))
      gateway.configure(gatewaySettings(next))
      logger.level = next.logLevel
    })
    if (!signal.aborted) await once(signal, 'abort')
    return EXIT.done
  } catch (error) {
    // A node that is asked to stop while it starts has ended well, too.
    if (signal.aborted) return EXIT.done
    throw error
  } finally {
    gateway.drain()
    endOpenFiles()
    // The peer stops before the server, since its farewells go over the server's sockets.
    const stops = [async () => receiver?.stop(), () => peer.stop(), () => server.stop(), async () => opened?.close()]
    await stopInTime(stops, logger, hasStarted ? 'info' : 'debug') // A node that never started need not say that it has stopped.
  }
}

function createNode(
  configuration: Configuration,
  { server, connections, findJoinFault }: GatewayServer,
  privateKey: Uint8Array,
  logger: Logger,
): Promise<Peer> {
  const { join, publicUrl, data } = configuration
  return createPeer({
    role: 'node',
    listener: createWebSocketListener(server, { connections, findJoinFault }),
    announce: publicUrl === undefined ? [] : [multiaddrOfUrl(new URL(publicUrl)).toString()],
    join,
    privateKey,
    limits: peerRates(configuration),
    outboxStore: openOutboxStore(outboxPathIn(data), (event) => logger[EVENT_LEVELS[event.type]](event, describeOutboxEvent(event))),
    createHasher: createNativeHasher,
    fetchPiece: createHttpPieces(),
    sharing: true, // its gateway passes files on to drop boxes
  })
}

interface NodeGatewayParts {
  inbox: Inbox | undefined
  logger: Logger
  urlForOthers: () => string | undefined
}

function createNodeGateway({ configuration, version }: CommandContext, peer: Peer, { inbox, logger, urlForOthers }: NodeGatewayParts) {
  const { publicUrl, contentHost } = configuration
  return createGateway({
    peer,
    assetsDir: tabDirectory(),
    version,
    ...gatewaySettings(configuration),
    urlForOthers,
    visitBox: peer.sharing?.visitBox,
    passOn: peer.sharing?.passOn,
    onEvent: (event) => logger[event.type === 'failed' ? 'error' : 'debug'](event, `http ${event.type}`),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(contentHost !== undefined && { contentHost }),
    ...(inbox !== undefined && { inbox }),
  })
}

function peerRates({ peerRate, messageRate }: Configuration): Partial<PeerRates> {
  return {
    ...(peerRate !== undefined && { maxPeerBytesPerSecond: peerRate }),
    ...(messageRate !== undefined && { messagesPerSecond: messageRate, messageBurst: messageRate * BURST_S }),
  }
}

function gatewaySettings(configuration: Configuration): GatewaySettings {
  const { token, allowOrigin, clientFetches, clientRate, iceServer, turnSecret } = configuration
  return {
    token,
    allowedOrigins: allowOrigin,
    iceServers: iceServer,
    turnSecret,
    limits: {
      ...(clientFetches !== undefined && { maxFetchesPerAddress: clientFetches }),
      ...(clientRate !== undefined && { maxBytesPerSecondPerAddress: clientRate }),
    },
  }
}

function logOpenFiles(logger: Logger, isFull: boolean, limit: number | undefined): void {
  const raise = 'Raise the limit: LimitNOFILE= in a systemd unit, "ulimit -n" in a shell, --ulimit nofile= in a container'
  if (!isFull) logger.info('Files and connections can be opened again')
  else logger.error({ limit }, `No more files can be opened (EMFILE), and connections count as files: new ones are cut. ${raise}`)
}

function logInboxEvents(logger: Logger): (event: InboxEvent) => void {
  return (event) => logger[EVENT_LEVELS[event.type]](event, describeInboxEvent(event))
}

/** Stops the parts one after the other, and returns at the deadline even if some are still open: the process ends then. */
async function stopInTime(stops: (() => Promise<void>)[], logger: Logger, level: 'info' | 'debug'): Promise<void> {
  const startedAtMs = performance.now()
  let isDone = false
  const stopAll = async () => {
    for (const stop of stops) await stop().catch((error: unknown) => logger.error({ error: String(error) }, 'stop failed'))
    isDone = true
  }
  await inTime(stopAll(), STOP_MS)
  const ms = Math.round(performance.now() - startedAtMs)
  logger.flush()
  if (isDone) logger[level]({ ms }, 'stopped')
  else logger.error({ ms }, 'stopped without waiting longer')
}
