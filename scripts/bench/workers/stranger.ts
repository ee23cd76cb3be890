/** A stock libp2p peer that sends one kind of traffic, all of it valid, over one connection as fast as it goes, for a time. */

import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { KAD_PROTOCOL } from '../../../node/network/index.ts'
import { type StockPeer, stockOptions } from '../stock-libp2p.ts'
import { serveCalls } from '../worker.ts'

const PING_PROTOCOL = '/ipfs/ping/1.0.0'
/** FIND_NODE for 32 bytes, with its length: type 4, key. */
const FIND_NODE = Uint8Array.of(36, 8, 4, 18, 32, ...new Uint8Array(32).fill(9))
/** Window updates per second: some times the allowance, no more. */
const UPDATES_PER_SECOND = 2_000

/** The part of yamux that writes one frame. */
interface FrameSender {
  sendFrame(header: { type: number; flag: number; streamID: number; length: number }): void
}

let peer: StockPeer | undefined

export type Traffic = 'nothing' | 'streams' | 'echoes' | 'lookups' | 'window updates' | 'bytes'

async function connect(address: string): Promise<Connection> {
  peer = await createLibp2p(stockOptions({ server: false }))
  return peer.dial(multiaddr(address))
}

const send: Record<Traffic, (connection: Connection, isOver: () => boolean) => Promise<number>> = {
  nothing: async (_, isOver) => {
    while (!isOver()) await pause(50)
    return 0
  },
  /** Opened, and reset. */
  streams: async (connection, isOver) => {
    let sent = 0
    while (!isOver()) {
      const stream = await connection.newStream(PING_PROTOCOL)
      stream.abort(new Error('no more'))
      sent++
    }
    return sent
  },
  echoes: (connection, isOver) => fill(connection, PING_PROTOCOL, new Uint8Array(32), isOver),
  lookups: (connection, isOver) => fill(connection, KAD_PROTOCOL, FIND_NODE, isOver),
  /** For a stream that is no more: they carry nothing. */
  'window updates': async (connection, isOver) => {
    const { muxer } = connection as unknown as { muxer: FrameSender }
    let sent = 0
    while (!isOver()) {
      for (let i = 0; i < UPDATES_PER_SECOND / 100; i++, sent++) muxer.sendFrame({ type: 1, flag: 0, streamID: 1, length: 1 })
      await pause(10)
    }
    return sent
  },
  bytes: (connection, isOver) => fill(connection, PING_PROTOCOL, new Uint8Array(65_536), isOver),
}

/** The same message on one stream, a hundred in each turn; a new stream when it ends. */
async function fill(connection: Connection, protocol: string, message: Uint8Array, isOver: () => boolean): Promise<number> {
  const together = new Uint8Array(Math.max(1, Math.floor(3_200 / message.byteLength)) * message.byteLength)
  for (let at = 0; at < together.byteLength; at += message.byteLength) together.set(message, at)
  let sent = 0
  while (!isOver()) {
    const stream = await connection.newStream(protocol)
    stream.addEventListener('message', () => {}) // without a reader the stream ends when its buffer is full
    while (!isOver() && stream.status === 'open') {
      sent += together.byteLength / message.byteLength
      if (!stream.send(together)) await drained(stream)
      else await pause(0)
    }
    if (stream.status === 'open') stream.abort(new Error('no more'))
  }
  return sent
}

const drained = (stream: Stream) =>
  new Promise<void>((resolve) => {
    for (const event of ['drain', 'close'] as const) stream.addEventListener(event, () => resolve(), { once: true })
  })

const pause = (ms: number) => new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)))

const calls = {
  /** Resolves with how much was sent, and whether the connection is still open. */
  async run({ address, traffic, forMs }: { address: string; traffic: Traffic; forMs: number }) {
    const connection = await connect(address)
    const endsAtMs = performance.now() + forMs
    let sent = 0
    try {
      sent = await send[traffic](connection, () => performance.now() > endsAtMs || connection.status !== 'open')
    } catch {
      // The node has ended the connection.
    }
    const isOpen = connection.status === 'open'
    await peer?.stop()
    return { sent, isOpen }
  },
}

export type StrangerCalls = typeof calls
serveCalls(calls)
