/**
 * Guard in front of what libp2p reads by itself, on every connection and stream, in both directions: the choice of a protocol, and the stock
 * protocols behind it. Their reader takes a length byte by byte, without a bound, and reads one message after the other for as long as some
 * have come, while nothing else runs. So they get whole messages only, each with a length of a few bytes, and one in each turn of the event
 * loop. Our own protocols have frame-decoder.ts.
 *
 * @see https://github.com/multiformats/multistream-select
 */

import type { Connection, MessageStream, PeerId, Stream, StreamMuxer } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { inNextTurn } from '../async/turn.ts'
import { MayflyError } from '../errors.ts'
import { createFrameDecoder } from './frame-decoder.ts'
import { withLength } from './frames.ts'

/** A stream once its protocol is chosen: so many messages with a length in front, then bytes that libp2p does not read. */
interface StockProtocol {
  messages: number
}

const ALL: StockProtocol = { messages: Number.POSITIVE_INFINITY }

/** Every protocol that libp2p registers by itself at a node or a tab; kad-dht's name is ours. A test holds this against the registry. */
export const STOCK_PROTOCOLS: ReadonlyMap<string, StockProtocol> = new Map([
  ['/mayfly/kad/1.0.0', ALL],
  ['/ipfs/id/1.0.0', ALL],
  ['/ipfs/id/push/1.0.0', ALL],
  ['/ipfs/ping/1.0.0', { messages: 0 }],
  // Behind the first message of each way, the bytes of two tabs: those who read them have a guard of their own.
  ['/libp2p/circuit/relay/0.2.0/hop', { messages: 1 }],
  ['/libp2p/circuit/relay/0.2.0/stop', { messages: 1 }],
  ['/webrtc-signaling/0.0.1', ALL],
])

export const LENGTH_GUARD_DEFAULTS = {
  /** One message of a stock protocol, in bytes. */
  maxMessageBytes: 1_048_576,
  /** Messages that may wait for their turn, in bytes. */
  maxWaitingBytes: 4_194_304,
  /** Messages of one choice of a protocol: proposals, or replies to ours. */
  maxProposals: 32,
}

export type LengthGuardOptions = Partial<typeof LENGTH_GUARD_DEFAULTS>

/** The name of one protocol, with its newline; libp2p's own limit. */
const MAX_NAME_BYTES = 1_024

/** The methods by which the library takes bytes in, besides its interface. */
interface Receiver {
  onData(bytes: Uint8Array | Uint8ArrayList): void
  onRemoteCloseWrite(): void
  readBuffer: Uint8ArrayList
}

/**
 * Reads a stream's bytes before libp2p does, from the choice of its protocol on.
 *
 * @param isChosen true for the name with which the choice ends
 * @param onCut called when the stream is ended
 */
export function guardStream(
  stream: MessageStream,
  isChosen: (name: string) => boolean,
  options: LengthGuardOptions = {},
  onCut: (reason: Error) => void = () => {},
): void {
  const { maxMessageBytes, maxWaitingBytes, maxProposals } = { ...LENGTH_GUARD_DEFAULTS, ...options }
  const target = stream as unknown as Receiver
  const deliver = target.onData.bind(stream)
  const closeWrite = target.onRemoteCloseWrite.bind(stream)
  let decoder = createFrameDecoder(MAX_NAME_BYTES)
  let isChoosing = true
  let messagesLeft = maxProposals
  let isRaw = false
  let isWaiting = false
  let isWriteClosed = false

  /** The protocol is chosen: what comes behind its name belongs to it. */
  function begin(name: string): void {
    isChoosing = false
    messagesLeft = STOCK_PROTOCOLS.get(name)?.messages ?? 0
    const rest = decoder.takeRest()
    decoder = createFrameDecoder(maxMessageBytes)
    decoder.push(rest)
  }

  function read(): void {
    while (messagesLeft > 0 && stream.status === 'open') {
      const message = decoder.next()
      if (message === undefined) return
      messagesLeft--
      deliver(withLength(message))
      const name = isChoosing ? new TextDecoder().decode(message).trimEnd() : ''
      if (isChoosing && isChosen(name)) begin(name)
      else if (isChoosing && messagesLeft === 0) throw new MayflyError('ERR_LIMIT', `Stream ended: over ${maxProposals} protocols proposed`)
      else if (!isChoosing && decoder.byteLength > 0) {
        isWaiting = true
        inNextTurn(goOn)
        return
      }
    }
    if (messagesLeft > 0) return // the stream has ended
    isRaw = true
    const rest = decoder.takeRest()
    if (rest.byteLength > 0) deliver(rest)
  }

  function goOn(): void {
    isWaiting = false
    guarded(read)
    if (isWriteClosed && !isWaiting) closeWrite()
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      if (stream.status === 'open') onCut(reason)
      stream.abort(reason)
    }
  }

  target.onData = (bytes) => {
    if (isRaw) return deliver(bytes)
    decoder.push(bytes)
    guarded(() => {
      if (decoder.byteLength > maxWaitingBytes) throw new MayflyError('ERR_LIMIT', `Stream ended: over ${maxWaitingBytes} bytes waited`)
      if (!isWaiting) read()
    })
  }
  // The end comes behind the messages that wait.
  target.onRemoteCloseWrite = () => {
    if (isWaiting) isWriteClosed = true
    else closeWrite()
  }
  const early = target.readBuffer.sublist()
  if (early.byteLength === 0) return
  target.readBuffer.consume(early.byteLength)
  target.onData(early)
}

/** The parts of libp2p's upgrader through which every connection goes, and the registry of protocols. */
export interface GuardedComponents {
  upgrader: unknown
  registrar: { getProtocols(): string[] }
}

interface Upgrader {
  _encryptInbound(stream: MessageStream, ...rest: unknown[]): unknown
  _encryptOutbound(stream: MessageStream, ...rest: unknown[]): unknown
  _multiplexInbound(stream: MessageStream, ...rest: unknown[]): unknown
  _multiplexOutbound(stream: MessageStream, ...rest: unknown[]): unknown
  _createConnection(init: { muxer?: StreamMuxer; remotePeer?: PeerId }): Connection
  getConnectionEncrypters(): ReadonlyMap<string, unknown>
  getStreamMuxers(): ReadonlyMap<string, unknown>
}

/** The muxer's methods through which every stream begins. */
interface StreamMaker {
  onRemoteStream(stream: Stream): void
  createStream(options?: { protocol?: string }): Promise<Stream>
}

/** Puts the guard in front of every connection and stream of a libp2p, whatever its transport. To be called before the first of them. */
export function guardLengths(
  { upgrader: own, registrar }: GuardedComponents,
  onCut: (peer: string, reason: Error) => void = () => {},
): void {
  const upgrader = own as Upgrader
  const isEncrypter = (name: string) => upgrader.getConnectionEncrypters().has(name)
  const isMuxer = (name: string) => upgrader.getStreamMuxers().has(name)
  for (const [method, isChosen] of [
    ['_encryptInbound', isEncrypter],
    ['_encryptOutbound', isEncrypter],
    ['_multiplexInbound', isMuxer],
    ['_multiplexOutbound', isMuxer],
  ] as const) {
    const choose = upgrader[method].bind(upgrader)
    upgrader[method] = (stream, ...rest) => {
      guardStream(stream, isChosen)
      return choose(stream, ...rest)
    }
  }
  const isServed = (name: string) => registrar.getProtocols().includes(name)
  const createConnection = upgrader._createConnection.bind(upgrader)
  upgrader._createConnection = (init) => {
    const { muxer, remotePeer } = init
    if (muxer !== undefined) guardMuxer(muxer, isServed, (reason) => onCut(String(remotePeer), reason))
    return createConnection(init)
  }
}

function guardMuxer(muxer: StreamMuxer, isServed: (name: string) => boolean, onCut: (reason: Error) => void): void {
  const maker = muxer as unknown as StreamMaker
  for (const stream of muxer.streams) guardStream(stream, isServed, {}, onCut)
  const begin = maker.onRemoteStream.bind(muxer)
  maker.onRemoteStream = (stream) => {
    guardStream(stream, isServed, {}, onCut)
    begin(stream)
  }
  const create = maker.createStream.bind(muxer)
  maker.createStream = async (options) => {
    const stream = await create(options)
    guardStream(stream, (name) => name === options?.protocol, {}, onCut)
    return stream
  }
}
