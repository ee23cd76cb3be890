/**
 * Bytes over a bare RTCDataChannel, as fast as its buffer takes them, in messages of one size; the reader has SHA-256 of each piece checked
 * in a thread of its own.
 */

import { type BulkContent, bulkParts } from '../bulk-content.ts'
import { type BulkReading, startBulkMeter } from '../bulk-meter.ts'
import { answerCalls } from './bulk-page.ts'
import type { DigestAnswer, DigestRequest } from './digest-worker.ts'

/** As mayfly's smallest piece. */
const PIECE_BYTES = 262_144
/** Upper and lower mark of the channel's buffer, in bytes. */
const HIGH_BYTES = 4_194_304
const LOW_BYTES = 1_048_576

/** The reader's request. */
interface Ask {
  content: BulkContent
  messageBytes: number
}

/** The newest: a sender has one for each reader. */
let connection: RTCPeerConnection
const thread = new Worker(new URL('./digest-worker.ts', import.meta.url), { type: 'module' })
let channel: RTCDataChannel
const opened = Promise.withResolvers<void>()

const calls = {
  /** Resolves with a description for the other page. */
  async describe(): Promise<string> {
    connection = new RTCPeerConnection({ iceServers: [] })
    use(connection.createDataChannel('bulk'))
    await connection.setLocalDescription()
    return gathered()
  },
  /** Takes the other page's description; resolves with the answer to it. */
  async accept(description: string): Promise<string> {
    connection = new RTCPeerConnection({ iceServers: [] })
    connection.addEventListener('datachannel', (event) => use(event.channel))
    await connection.setRemoteDescription(JSON.parse(description) as RTCSessionDescriptionInit)
    await connection.setLocalDescription()
    return gathered()
  },
  /** Resolves once the channel is open. */
  async connect(description: string): Promise<void> {
    await connection.setRemoteDescription(JSON.parse(description) as RTCSessionDescriptionInit)
    if (channel.readyState !== 'open') await new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }))
  },
  /** Resolves with the SHA-256 of each piece. */
  async offer(content: BulkContent): Promise<string> {
    const hashes: string[] = []
    for (const piece of bulkParts(content, PIECE_BYTES)) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', piece))
      hashes.push(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''))
    }
    return hashes.join(' ')
  },
  async read({
    content,
    reference,
    messageBytes,
  }: {
    content: BulkContent
    reference: string
    messageBytes: number
  }): Promise<BulkReading> {
    await opened.promise
    const hashes = reference.split(' ')
    const meter = startBulkMeter(content)
    const done = Promise.withResolvers<void>()
    let piece = new Uint8Array(Math.min(PIECE_BYTES, content.size))
    let filled = 0
    let sent = 0
    let checked = 0
    thread.onmessage = ({ data }: MessageEvent<DigestAnswer>) => {
      if (!data.isRight) return done.reject(new Error(`piece ${data.index} has another SHA-256`))
      meter.takeAt(data.index * PIECE_BYTES, data.bytes)
      if (++checked === hashes.length) done.resolve()
    }
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      piece.set(new Uint8Array(data), filled)
      filled += data.byteLength
      if (filled < piece.byteLength) return
      thread.postMessage({ index: sent, bytes: piece, sha256: hashes[sent] ?? '' } satisfies DigestRequest, [piece.buffer])
      sent++
      piece = new Uint8Array(Math.min(PIECE_BYTES, content.size - sent * PIECE_BYTES))
      filled = 0
    }
    channel.send(JSON.stringify({ content, messageBytes } satisfies Ask))
    await done.promise
    return meter.end()
  },
}

/** Resolves with the session description once all candidates of this page are in it. */
async function gathered(): Promise<string> {
  while (connection.iceGatheringState !== 'complete') {
    await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }))
  }
  return JSON.stringify(connection.localDescription)
}

function use(made: RTCDataChannel): void {
  channel = made
  opened.resolve()
  channel.binaryType = 'arraybuffer'
  channel.bufferedAmountLowThreshold = LOW_BYTES
  channel.onmessage = ({ data }: MessageEvent<string>) => void give(made, JSON.parse(data) as Ask)
}

async function give(channel: RTCDataChannel, { content, messageBytes }: Ask): Promise<void> {
  for (const message of bulkParts(content, messageBytes)) {
    if (channel.bufferedAmount + message.byteLength > HIGH_BYTES) {
      await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }))
    }
    channel.send(message)
  }
}

export type ChannelPageCalls = typeof calls
answerCalls(calls)
