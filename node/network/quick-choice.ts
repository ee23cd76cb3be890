/**
 * The choice of a protocol, made with the first message of a stream. libp2p reads it string by string, a byte and then the rest of each, and answers
 * each string by a message of its own: for a tab's short streams this takes longer than all that comes behind. A first message that is the whole
 * choice of a protocol is answered at once, by one message; the guard (length-guard.ts) reads it as before. Anything else is left to the library.
 *
 * Works with libp2p 3.3 and @libp2p/utils 7, whose fields are named here.
 *
 * @see https://github.com/multiformats/multistream-select
 */

import {
  type Connection,
  LimitedConnectionError,
  type Stream,
  type StreamHandlerRecord,
  type StreamMuxer,
  TooManyInboundProtocolStreamsError,
} from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { withLength } from './frames.ts'

type Bytes = Uint8Array | Uint8ArrayList

/** A stream of the library, besides its interface. */
interface Choosing extends Stream {
  onData(data: Bytes): void
  /** Bytes that have come and were read by nobody. */
  readonly readBuffer: Uint8ArrayList
}

interface Muxer extends StreamMuxer {
  safeDispatchEvent(type: string, init?: { detail?: unknown }): boolean
}

interface Upgrader {
  _createConnection(init: { muxer?: StreamMuxer }): Connection
}

/** The part of libp2p's registrar that is used. */
interface Registrar {
  /** @throws where nobody serves the protocol */
  getHandler(protocol: string): StreamHandlerRecord
  getMiddleware(protocol: string): unknown[]
}

interface Components {
  upgrader: unknown
  registrar: Registrar
}

/** How long a stream may be silent before the library waits for its choice, in ms: it ends such a stream after a while. */
const SILENT_MS = 1_000
const MAX_NAME_BYTES = 127
/** libp2p's own, for a protocol that was registered without a limit. */
const MAX_INBOUND_STREAMS = 32

const lineOf = (text: string) => withLength(new TextEncoder().encode(`${text}\n`))
const HEADER = lineOf('/multistream/1.0.0')
const NEWLINE = 0x0a

/** To be called before the first connection, after the guard. */
export function chooseQuickly({ upgrader: own, registrar }: Components): void {
  const upgrader = own as Upgrader
  const createConnection = upgrader._createConnection.bind(upgrader)
  upgrader._createConnection = (init) => {
    const connection = createConnection(init)
    if (init.muxer !== undefined) chooseIn(init.muxer as Muxer, connection, registrar)
    return connection
  }
}

function chooseIn(muxer: Muxer, connection: Connection, registrar: Registrar): void {
  const dispatch = muxer.safeDispatchEvent.bind(muxer)
  muxer.safeDispatchEvent = (type, init) => {
    if (type !== 'stream') return dispatch(type, init)
    awaitChoice(
      init?.detail as Choosing,
      (name) => findHandler(registrar, name),
      (stream, handler) => (handler === undefined ? dispatch(type, init) : serve(stream, connection, handler)),
    )
    return true
  }
}

/** Undefined where the library is to find it, and to say that there is none. */
function findHandler(registrar: Registrar, name: string): StreamHandlerRecord | undefined {
  try {
    return registrar.getMiddleware(name).length > 0 ? undefined : registrar.getHandler(name)
  } catch {
    return undefined
  }
}

/** @param tell hands the stream on: to the handler of its protocol, or to the library to choose that */
function awaitChoice(
  stream: Choosing,
  find: (name: string) => StreamHandlerRecord | undefined,
  tell: (stream: Choosing, handler?: StreamHandlerRecord) => void,
): void {
  /** Of what has come, since nobody reads the stream yet. */
  function choose(): void {
    const choice = readChoice(stream.readBuffer.subarray())
    const handler = choice && find(choice.name)
    if (stream.status !== 'open') return
    try {
      if (choice !== undefined && handler !== undefined) {
        stream.readBuffer.consume(choice.reply.byteLength)
        stream.protocol = choice.name
        stream.send(choice.reply)
      }
      tell(stream, handler)
    } catch (error) {
      // This end may have closed the stream for writing. Thrown on, it would end the connection.
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  if (stream.readBuffer.byteLength > 0) return void choose()
  const take = stream.onData.bind(stream)
  const end = () => {
    clearTimeout(timer)
    stream.onData = take
  }
  const timer = setTimeout(() => {
    end()
    choose()
  }, SILENT_MS)
  timer.unref()
  stream.onData = (data) => {
    end()
    take(data)
    choose()
  }
}

/** As libp2p does, once the protocol is chosen: but for a timer, and for writing the protocol to the peer store (stream-protocols.ts). */
function serve(stream: Stream, connection: Connection, { handler, options }: StreamHandlerRecord): void {
  const fail = (error: Error) => stream.abort(error)
  const { maxInboundStreams = MAX_INBOUND_STREAMS, runOnLimitedConnection = false } = options
  const isSame = ({ direction, protocol }: Stream) => direction === 'inbound' && protocol === stream.protocol
  if (connection.streams.filter(isSame).length > maxInboundStreams)
    return void fail(new TooManyInboundProtocolStreamsError(`Over ${maxInboundStreams} streams of ${stream.protocol}`))
  if (connection.limits !== undefined && !runOnLimitedConnection)
    return void fail(new LimitedConnectionError(`No stream of ${stream.protocol} on a connection with limits`))
  try {
    void Promise.resolve(handler(stream, connection)).catch(fail)
  } catch (error) {
    fail(error instanceof Error ? error : new Error(String(error)))
  }
}

/** The name that is proposed first; undefined where its line is not there yet, or is long. */
function readChoice(data: Uint8Array): { name: string; reply: Uint8Array } | undefined {
  const at = HEADER.byteLength
  const length = data[at] ?? 0
  const end = at + 1 + length
  if (length < 2 || length > MAX_NAME_BYTES || data.byteLength < end || data[end - 1] !== NEWLINE) return undefined
  for (let i = 0; i < at; i++) if (data[i] !== HEADER[i]) return undefined
  return { name: new TextDecoder().decode(data.subarray(at + 1, end - 1)), reply: data.slice(0, end) } // the same two lines
}
