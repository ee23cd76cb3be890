/**
 * Layers of a node's connections that call each other straight. In libp2p each message goes through a buffer, two lists and an event in each of
 * three layers (stream, Noise, socket), on its way out and on its way in, though nearly always nothing waits in any of them: that takes longer
 * than all that is done with a short message. Here it is handed on at once, in one piece; where something waits, because a reader has paused or
 * the socket is full, the library's own way is gone. The bytes on the wire are the same.
 *
 * Works with @libp2p/utils 7, @libp2p/noise 17 and @libp2p/yamux 8, whose fields are named here.
 */

import type { MessageStream, SecureConnectionOptions, SecuredConnection, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { setShortcut } from './frames.ts'
import { useWholeMessages } from './whole-messages.ts'

type Bytes = Uint8Array | Uint8ArrayList

/** A layer of the library, besides its interface. */
interface Layer extends MessageStream {
  readonly readStatus: string
  readonly writeStatus: string
  readonly remoteWriteStatus: string
  readonly readBufferLength: number
  sendingData: boolean
  onData(data: Bytes): void
  processSendQueue(): boolean
  listenerCount(type: string): number
  safeDispatchEvent(type: string): boolean
}

interface NoiseLayer extends Layer {
  /** The socket's. */
  stream: Layer
  decoder: { buffer: { byteLength: number } }
  handshake: { encrypt(bytes: Uint8Array): Uint8Array }
  decrypt(bytes: Uint8Array): Uint8ArrayList
}

interface Header {
  type: number
  flag: number
  streamID: number
  length: number
}

interface YamuxStream extends Layer {
  streamId: number
  maxMessageSize: number
  sendWindowCapacity: number
  getSendFlags(): number
}

interface Yamux extends StreamMuxer {
  decoder: { emitFrames(bytes: Bytes): Iterable<{ header: Header; data?: Bytes }> }
  send(frame: Bytes): boolean
  onData(data: Bytes): void
  handleFrame(frame: { header: Header; data?: Bytes }): void
  handleStreamMessage(frame: { header: Header; data?: Bytes }): void
  sendFrame(header: Header, data?: Bytes): boolean
  _newStream(...init: unknown[]): YamuxStream
}

/** Longer messages go the library's way, which does not copy them. */
export const MAX_STRAIGHT_BYTES = 16_384
const LENGTH_BYTES = 2
const HEADER_BYTES = 12
const DATA = 0

const canSend = (layer: Layer) =>
  layer.writeStatus === 'writable' && !layer.writableNeedsDrain && layer.writeBufferLength === 0 && !layer.sendingData
const canTake = (layer: Layer) => layer.readStatus === 'readable' && layer.readBufferLength === 0 && layer.remoteWriteStatus === 'writable'

/** Where the messages of a connection go, once it has a muxer. */
const muxerOf = new WeakMap<object, (data: Bytes) => void>()
/** Where the messages of a stream go in the place of its `message` event. */
const readerOf = new WeakMap<object, (data: Uint8Array) => void>()

/** To be called before the first connection. @param muxers of libp2p, by protocol */
export function straightenLayers(noise: unknown, muxers: ReadonlyMap<string, StreamMuxerFactory>): void {
  straightenNoise(noise)
  for (const factory of muxers.values()) straightenMuxers(factory)
  // A process that has WebRTC as well has streams of both kinds.
  setShortcut((stream, take) => useWholeMessages(stream, take) ?? void readerOf.set(stream, take))
}

/** Sends by `straight` what comes while nothing waits in the layer. */
function sendStraight(layer: Layer, straight: (data: Bytes) => boolean): void {
  const slowly = layer.send.bind(layer)
  layer.send = (data) => {
    if (data.byteLength > MAX_STRAIGHT_BYTES || data.byteLength === 0 || !canSend(layer)) return slowly(data)
    // A message that is sent meanwhile waits its turn, as behind the library's own.
    layer.sendingData = true
    try {
      const canSendMore = straight(data)
      if (!canSendMore) layer.writableNeedsDrain = true
      return canSendMore
    } catch (error) {
      layer.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    } finally {
      layer.sendingData = false
      if (layer.writeBufferLength > 0) layer.processSendQueue()
      else if (layer.listenerCount('idle') > 0) layer.safeDispatchEvent('idle') // it was closed meanwhile, and waits for this
    }
  }
}

type Secure = (stream: never, options?: SecureConnectionOptions) => Promise<SecuredConnection>

function straightenNoise(encrypter: unknown): void {
  const noise = encrypter as { secureInbound: Secure; secureOutbound: Secure }
  for (const method of ['secureInbound', 'secureOutbound'] as const) {
    const secure = noise[method].bind(noise)
    noise[method] = async (stream, options) => {
      const secured = await secure(stream, options)
      straightenConnection(secured.connection as unknown as NoiseLayer)
      return secured
    }
  }
}

function straightenConnection(connection: NoiseLayer): void {
  const { stream: socket, handshake, decoder } = connection
  sendStraight(connection, (data) => {
    const sealed = handshake.encrypt(data.subarray())
    const message = new Uint8Array(LENGTH_BYTES + sealed.byteLength)
    message[0] = sealed.byteLength >> 8
    message[1] = sealed.byteLength
    message.set(sealed, LENGTH_BYTES)
    return socket.send(message)
  })

  const takeSlowly = connection.onData.bind(connection)
  connection.onData = (data) => {
    const take = muxerOf.get(connection)
    if (take === undefined || data.byteLength === 0 || !canTake(connection)) takeSlowly(data)
    else take(data)
  }

  const readSlowly = socket.onData.bind(socket)
  socket.onData = (data) => {
    if (!(data instanceof Uint8Array) || !canTake(socket) || decoder.buffer.byteLength > 0) return readSlowly(data)
    const read = takeWhole(connection, data)
    if (read < data.byteLength) readSlowly(data.subarray(read))
  }
}

/** Takes the Noise messages that are whole. @returns how many bytes they are */
function takeWhole(connection: NoiseLayer, data: Uint8Array): number {
  let at = 0
  try {
    while (at + LENGTH_BYTES <= data.byteLength) {
      const begin = at + LENGTH_BYTES
      const end = begin + (data[at] as number) * 256 + (data[at + 1] as number)
      if (end > data.byteLength) break
      at = end
      if (end > begin) connection.onData(connection.decrypt(data.subarray(begin, end)).subarray())
    }
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
    return data.byteLength
  }
  return at
}

function straightenMuxers(factory: StreamMuxerFactory): void {
  const create = factory.createStreamMuxer.bind(factory)
  factory.createStreamMuxer = (connection) => {
    const muxer = create(connection) as Yamux
    muxerOf.set(connection, (data) => {
      try {
        muxer.onData(data)
      } catch (error) {
        const reason = error instanceof Error ? error : new Error(String(error))
        muxer.abort(reason)
        connection.abort(reason)
      }
    })
    straightenMuxer(muxer)
    return muxer
  }
}

/** The guard in front of the muxer (frame-guard.ts) hands it one whole frame at a time. */
function straightenMuxer(muxer: Yamux): void {
  const handleSlowly = muxer.handleFrame.bind(muxer)
  const sendSlowly = muxer.sendFrame.bind(muxer)
  const newStream = muxer._newStream.bind(muxer)
  const { decoder } = muxer
  muxer.decoder = { emitFrames: (bytes) => (bytes instanceof Uint8Array ? [readFrame(bytes)] : decoder.emitFrames(bytes)) }
  // The library describes each frame in an object for its log, whether or not it logs.
  muxer.handleFrame = (frame) => {
    const { type, streamID } = frame.header
    if (type === DATA && streamID !== 0) muxer.handleStreamMessage(frame)
    else handleSlowly(frame)
  }
  muxer.sendFrame = (header, data) => (data === undefined ? muxer.send(withHeader(header)) : sendSlowly(header, data))
  muxer._newStream = (...init) => {
    const stream = newStream(...init)
    straightenStream(stream, muxer)
    return stream
  }
}

function straightenStream(stream: YamuxStream, muxer: Yamux): void {
  const slowly = stream.send.bind(stream)
  sendStraight(stream, (data) => {
    const length = data.byteLength
    const canSendMore = muxer.send(withHeader({ type: DATA, flag: stream.getSendFlags(), streamID: stream.streamId, length }, data))
    stream.sendWindowCapacity -= length
    return canSendMore
  })
  const straight = stream.send
  stream.send = (data) => {
    const hasRoom = data.byteLength <= stream.sendWindowCapacity && data.byteLength <= stream.maxMessageSize
    return hasRoom ? straight(data) : slowly(data)
  }

  const takeSlowly = stream.onData.bind(stream)
  stream.onData = (data) => {
    const take = data instanceof Uint8Array && data.byteLength > 0 && canTake(stream) ? readerOf.get(stream) : undefined
    if (take === undefined) takeSlowly(data)
    else take(data as Uint8Array)
  }
}

/** @see https://github.com/hashicorp/yamux/blob/master/spec.md */
function readFrame(bytes: Uint8Array): { header: Header; data?: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  if (view.getUint8(0) !== 0) throw new Error('Invalid frame version')
  const header = { type: view.getUint8(1), flag: view.getUint16(2), streamID: view.getUint32(4), length: view.getUint32(8) }
  return header.type === DATA ? { header, data: bytes.subarray(HEADER_BYTES) } : { header }
}

/** A frame in one piece. */
function withHeader({ type, flag, streamID, length }: Header, data?: Bytes): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + (data?.byteLength ?? 0))
  const view = new DataView(frame.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flag)
  view.setUint32(4, streamID)
  view.setUint32(8, length)
  if (data !== undefined) frame.set(data.subarray(), HEADER_BYTES)
  return frame
}
