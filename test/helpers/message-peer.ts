/**
 * A peer that keeps presence like anybody else, and whose message streams are in the test's hand: it asks what it likes, and, as a node, answers
 * what it likes.
 */

import { createServer } from 'node:http'
import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, PrivateKey, Stream } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { onTestFinished } from 'vitest'
import type { Key } from '../../node/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { decodeMessageFrame, encodeMessageFrame, MESSAGE_PROTOCOL, type MessageFrame } from '../../node/messages/protocol/wire.ts'
import { createFrameStream, createOverlay, createSupervisor, type Frame } from '../../node/network/index.ts'
import { createRecordStore, createRendezvous, PRESENCE_PROTOCOL, ProviderStore } from '../../node/rendezvous/index.ts'
import { createWebSocketListener } from '../../node/server/port/listener.ts'
import { waitFor } from './wait-for.ts'

export interface MessagePeerOptions {
  role: 'tab' | 'node'
  /** A multiaddr. */
  join: string
  privateKey?: PrivateKey
  /** What a node does with what it is asked. */
  answer?(frame: MessageFrame, send: (frame: MessageFrame) => void): void
}

export interface MessagePeer {
  /** Peer id. */
  readonly id: string
  /** Its peer id, as a multihash. */
  readonly multihash: Uint8Array
  /** All that it was asked, as a node. */
  readonly asked: MessageFrame[]
  hold(key: Key): void
  /** A stream of its own to the node with this multiaddr. */
  open(address: string): Promise<MessageStream>
  stop(): Promise<void>
}

export interface MessageStream {
  send(frame: MessageFrame): void
  sendRaw(frame: Frame): void
  readonly received: MessageFrame[]
  /** Resolves with the answer to this sequence. */
  answer(sequence: number): Promise<MessageFrame>
  readonly isOpen: boolean
  readonly isConnected: boolean
  /** Reads nothing more, as a page that hangs. */
  pause(): void
  close(): void
}

const MAX_FRAME_BYTES = 131_072
const MAX_UNSENT_BYTES = 256 * 1_048_576

export async function startMessagePeer({ role, join, privateKey, answer }: MessagePeerOptions): Promise<MessagePeer> {
  const server = createServer()
  if (role === 'node') await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const listener = role === 'node' ? createWebSocketListener(server) : undefined
  const store = createRecordStore(NODE_LIMITS, Date.now, Math.random)
  const overlay = await createOverlay({
    role,
    ...(privateKey && { privateKey: privateKeyToProtobuf(privateKey) }),
    transport: listener?.transport,
    listen: listener?.listen,
    providerStore: new ProviderStore({ store, now: Date.now, network: () => undefined }),
    maxConnections: 1_000,
    serverProtocol: PRESENCE_PROTOCOL,
  })
  const { libp2p, servers } = overlay
  const emit = () => {}
  const supervisor = createSupervisor({ libp2p, servers, role, emit, random: Math.random })
  const presence = createRendezvous({
    libp2p,
    privateKey: overlay.privateKey,
    role,
    servers,
    supervisor,
    store,
    limits: NODE_LIMITS,
    isJoined: () => servers.size > 0,
    emit,
    now: Date.now,
    random: Math.random,
  })
  const asked: MessageFrame[] = []
  if (answer !== undefined) {
    await libp2p.handle(MESSAGE_PROTOCOL, (stream: Stream) => {
      const frames = createFrameStream(stream, {
        maxFrameBytes: MAX_FRAME_BYTES,
        maxUnsentBytes: MAX_UNSENT_BYTES,
        onFrame(raw) {
          const frame = decodeMessageFrame(raw)
          asked.push(frame)
          answer(frame, (back) => frames.send(encodeMessageFrame(back)))
        },
        onEnd: () => {},
      })
    })
  }
  await servers.start()
  await presence.start()
  await libp2p.start()
  supervisor.join([join])
  supervisor.start()
  let stopping: Promise<void> | undefined
  async function end(): Promise<void> {
    supervisor.stop()
    await presence.stop()
    servers.stop()
    await libp2p.stop()
    server.closeAllConnections()
    server.close()
  }
  const stop = () => (stopping ??= end())
  onTestFinished(stop)
  await waitFor(() => (role === 'tab' ? presence.home !== undefined : servers.size > 0), 10_000, 'it has joined')

  return {
    id: libp2p.peerId.toString(),
    multihash: libp2p.peerId.toMultihash().bytes,
    asked,
    hold: (key) => void presence.hold(key),
    async open(address) {
      const connection: Connection = await libp2p.dial(multiaddr(address) as Multiaddr)
      return openMessageStream(connection)
    },
    stop,
  }
}

async function openMessageStream(connection: Connection): Promise<MessageStream> {
  const stream = await connection.newStream(MESSAGE_PROTOCOL)
  const received: MessageFrame[] = []
  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame: (raw) => received.push(decodeMessageFrame(raw)),
    onEnd: () => {},
  })
  const answers = (sequence: number) => (frame: MessageFrame) => 'sequence' in frame && frame.sequence === sequence
  return {
    send: (frame) => void frames.send(encodeMessageFrame(frame)),
    sendRaw: (frame) => void frames.send(frame),
    received,
    async answer(sequence) {
      const isAnswer = answers(sequence)
      await waitFor(
        () => received.some(isAnswer),
        10_000,
        () => `an answer to ${sequence}`,
      )
      return received.find(isAnswer) as MessageFrame
    },
    get isOpen() {
      return frames.open
    },
    get isConnected() {
      return connection.status === 'open'
    },
    pause: () => stream.pause(),
    close: () => frames.close(),
  }
}
