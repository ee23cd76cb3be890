/**
 * Messages of a WebRTC stream that go out whole, and are taken as they come. By itself @libp2p/webrtc 6.0 sends the length in front of each message as
 * a data channel message of its own: two messages, and two events for the receiver, where one is enough. Received bytes go through a queue, two
 * asynchronous iterations and three copies, which take longer than the browser's own part. The bytes on the wire are the same.
 */

import type { MessageStream } from '@libp2p/interface'
import { decodeUint8Array as decodeVarint, encodeUint8Array as encodeVarint, encodingLength } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { freeMemory } from '../async/free-memory.ts'

/** Parts of a WebRTC stream besides its interface. */
interface WebRtcStream {
  readonly channel: Pick<RTCDataChannel, 'bufferedAmount' | 'onmessage' | 'readyState' | 'send'>
  readonly maxBufferedAmount: number
  readonly maxMessageSize: number
  readonly readStatus: string
  readonly writeStatus: string
  /** All that it sends but flags goes through this. */
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean }
  /** Each message of its protocol that has come, in order. */
  processIncomingProtobuf(message: Uint8ArrayList): void
  onData(data: Uint8Array): void
}

type Take = (data: Uint8Array) => boolean

/** The tag of a message's only field but its flag: its bytes. */
const BYTES_TAG = 0x12
/** The first byte of a length that goes on with the next one. */
const GOES_ON = 0x80

/**
 * Streams of other kinds stay as they are. May be called again for the same stream.
 *
 * @param take hears of whole messages in the place of the stream's `message` event; true: it uses their bytes no more
 * @returns sends one message in parts, and keeps none of their bytes; undefined for a stream of another kind
 */
export function useWholeMessages(stream: MessageStream, take?: Take): ((parts: Uint8Array[]) => void) | undefined {
  const webRtc = stream as MessageStream & WebRtcStream
  if (!('channel' in stream && 'processIncomingProtobuf' in stream)) return undefined
  if (!Object.hasOwn(stream, 'send')) {
    sendWhole(webRtc)
    takeWhole(webRtc, take)
  }
  return (parts) => void stream.send(new Uint8ArrayList(...parts))
}

function sendWhole(stream: MessageStream & WebRtcStream): void {
  const { channel, maxBufferedAmount, maxMessageSize } = stream
  const sendSlowly = stream.send.bind(stream)
  const sendData = stream.sendData.bind(stream)
  const isOpen = () => channel.readyState === 'open'
  const hasRoom = () => channel.bufferedAmount < maxBufferedAmount
  const isFree = () => isOpen() && stream.writeStatus === 'writable' && !stream.writableNeedsDrain && stream.writeBufferLength === 0
  stream.sendData = (data) => {
    if (!isOpen()) return sendData(data)
    channel.send(encodeMessage(data))
    return { sentBytes: data.byteLength, canSendMore: hasRoom() }
  }
  // The stream's own way to `sendData` is for messages that wait, or are sent in parts.
  stream.send = (data) => {
    if (data.byteLength > maxMessageSize || !isFree()) return sendSlowly(data.slice())
    channel.send(encodeMessage(data))
    stream.writableNeedsDrain = !hasRoom()
    return !stream.writableNeedsDrain
  }
}

/** A message that is one message of the data channel, and comes while the stream has nothing half read, needs none of its detours. */
function takeWhole(stream: MessageStream & WebRtcStream, take: Take | undefined): void {
  const { channel } = stream
  const takeSlowly = channel.onmessage
  const process = stream.processIncomingProtobuf.bind(stream)
  /** The stream has handled all that came before. */
  let isEven = false
  /** The message that came last, when it was whole: once the stream handles just these bytes, no others wait. */
  let last: Uint8Array | undefined
  stream.processIncomingProtobuf = (message) => {
    isEven = last !== undefined && isSamePlace(message.subarray(), last)
    process(message)
  }
  channel.onmessage = (event) => {
    const whole = behindLength(new Uint8Array(event.data), 0)
    const data = isEven && whole !== undefined ? dataOf(whole) : undefined
    if (data !== undefined) {
      if (take === undefined || stream.readStatus !== 'readable' || stream.readBufferLength > 0) stream.onData(data)
      else if (take(data)) freeMemory(event.data)
      return
    }
    isEven = false
    last = whole
    takeSlowly?.call(channel as RTCDataChannel, event)
  }
}

const isSamePlace = (one: Uint8Array, other: Uint8Array) =>
  one.buffer === other.buffer && one.byteOffset === other.byteOffset && one.byteLength === other.byteLength

/** Room of the message that is being encoded: fresh memory for each would cost more than its copy. The data channel copies what it is given. */
let room = new Uint8Array(0)

/** @returns the message, until the next one is encoded */
function encodeMessage(data: Uint8Array | Uint8ArrayList): Uint8Array<ArrayBuffer> {
  const size = data.byteLength
  const messageSize = 1 + encodingLength(size) + size
  const start = encodingLength(messageSize)
  if (room.byteLength < start + messageSize) room = new Uint8Array(start + messageSize)
  const bytes = room.subarray(0, start + messageSize)
  encodeVarint(messageSize, bytes)
  bytes[start] = BYTES_TAG
  encodeVarint(size, bytes, start + 1)
  let at = bytes.byteLength - size
  for (const part of data instanceof Uint8Array ? [data] : data) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}

/** The bytes that the message carries; undefined when it carries a flag. */
function dataOf(message: Uint8Array): Uint8Array | undefined {
  return message[0] === BYTES_TAG ? behindLength(message, 1) : undefined
}

/** All behind a length in as few bytes as it needs, when there are so many. */
function behindLength(bytes: Uint8Array, at: number): Uint8Array | undefined {
  let end = at
  while (end < bytes.byteLength && (bytes[end] as number) >= GOES_ON) end++
  if (end >= bytes.byteLength || end - at > 3) return undefined
  const size = decodeVarint(bytes, at)
  const start = at + encodingLength(size)
  return start + size === bytes.byteLength ? bytes.subarray(start) : undefined
}
