/** Senders far over their limits: one, and many with throw-away keys, as fast as their streams carry it. In a process of its own. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { sealedPayloadBytes } from '../../../node/messages/format/sealed-size.ts'
import { encodePayload, parseEnd, signEnvelope } from '../../../node/messages/index.ts'
import { encodeMessageFrame, MAX_MESSAGE_FRAME_BYTES, MESSAGE_PROTOCOL, TASK } from '../../../node/messages/protocol/wire.ts'
import { createFrameStream, createOverlay, type FrameStream } from '../../../node/network/index.ts'
import { PRESENCE_PROTOCOL } from '../../../node/rendezvous/index.ts'
import { serveCalls } from '../worker.ts'

const TTL_MS = 600_000
const MAX_UNSENT_BYTES = 1_048_576

export interface FloodOrder {
  /** Multiaddrs of the nodes. */
  addresses: string[]
  /** The open end that the one sender floods. */
  end: string
  /** Messages of the one, and of each of the others. */
  messages: number
  throwAwaySenders: number
  messagesEach: number
}

export interface FloodCalls extends Record<string, (argument: never) => unknown> {
  /** Opens the streams, and signs all of it. */
  prepare(order: FloodOrder): Promise<void>
  /** Sends all of it, over and over, for so long, in ms; resolves with how many messages that were. */
  flood(durationMs: number): Promise<number>
}

let streams: FrameStream[] = []
let envelopes: Uint8Array[] = []

function sign(secret: Uint8Array, to: Uint8Array, payload: Uint8Array, isSealed: boolean): Uint8Array {
  return signEnvelope(secret, { to, sentAtMs: Date.now(), ttlMs: TTL_MS, isSealed, payload }).bytes
}

/** One peer for each node; the connection is its own. */
async function openStream(address: string): Promise<FrameStream> {
  const { libp2p } = await createOverlay({
    role: 'tab',
    transport: undefined,
    listen: undefined,
    createProviderStore: () => new MemoryDatastore(),
    maxConnections: 8,
    serverProtocol: PRESENCE_PROTOCOL,
  })
  await libp2p.start()
  const connection = await libp2p.dial(multiaddr(address))
  const stream = await connection.newStream(MESSAGE_PROTOCOL)
  return createFrameStream(stream, {
    maxFrameBytes: MAX_MESSAGE_FRAME_BYTES,
    maxUnsentBytes: 16 * MAX_UNSENT_BYTES,
    isCorked: true,
    onFrame: () => {},
    onEnd: () => {},
  })
}

serveCalls({
  async prepare(order: FloodOrder) {
    streams = await Promise.all(order.addresses.map(openStream))
    const loud = crypto.getRandomValues(new Uint8Array(32))
    const { key } = parseEnd(order.end)
    const one = Array.from({ length: order.messages }, (_, i) => sign(loud, key, encodePayload({ body: `flood ${i}` }), false))
    const others = Array.from({ length: order.throwAwaySenders }, () => crypto.getRandomValues(new Uint8Array(32))).flatMap((secret) =>
      Array.from({ length: order.messagesEach }, () => {
        const madeUp = crypto.getRandomValues(new Uint8Array(32))
        return sign(secret, madeUp, crypto.getRandomValues(new Uint8Array(sealedPayloadBytes(0))), true)
      }),
    )
    const each = Math.ceil(one.length / Math.max(1, others.length))
    envelopes = others.flatMap((other, i) => [...one.slice(i * each, (i + 1) * each), other])
  },
  async flood(durationMs: number) {
    const signal = AbortSignal.timeout(durationMs)
    let sent = 0
    await Promise.all(
      streams.map(async (stream) => {
        // As fast as flow control allows: a stream that is not read waits.
        while (!signal.aborted && (await stream.writable({ signal }).catch(() => false))) {
          for (let i = 0; i < 64; i++, sent++) {
            const envelope = envelopes[sent % envelopes.length]
            if (envelope !== undefined)
              stream.send(encodeMessageFrame({ type: 'post', sequence: sent, task: TASK.route, rank: 0, envelope }))
          }
          await nextTurn()
        }
        stream.abort(new Error('the flood is over')) // unread messages are dropped with the stream
      }),
    )
    return sent
  },
})
