/** A peer that keeps presence as every peer does, and whose message streams are in the test's hand. */

import type { PrivateKey } from '@libp2p/interface'
import { onTestFinished } from 'vitest'
import type { Key } from '../../node/index.ts'
import { MESSAGE_PROTOCOL, type MessageFrame } from '../../node/messages/protocol/wire.ts'
import { type OpenRawStream, startRawPeer } from './raw-peer.ts'
import { MESSAGE_CODEC } from './raw-stream.ts'
import { waitFor } from './wait-for.ts'

export interface MessagePeerOptions {
  role: 'tab' | 'node'
  /** A multiaddr. */
  join: string
  privateKey?: PrivateKey
  /** Answers a frame that a node receives. */
  answer?(frame: MessageFrame, send: (frame: MessageFrame) => void): void
}

export interface MessagePeer {
  /** Peer id. */
  readonly id: string
  /** Multihash of the peer id, as it travels. */
  readonly multihash: Uint8Array
  /** All frames that the node received on streams that others opened. */
  readonly asked: MessageFrame[]
  hold(key: Key): void
  /** A stream of its own to the node with this multiaddr. */
  open(address: string): Promise<MessageStream>
  stop(): Promise<void>
}

export interface MessageStream extends OpenRawStream<MessageFrame> {
  /** Resolves with the answer to this sequence. */
  answer(sequence: number): Promise<MessageFrame>
}

export async function startMessagePeer({ role, join, privateKey, answer }: MessagePeerOptions): Promise<MessagePeer> {
  const asked: MessageFrame[] = []
  const peer = await startRawPeer<MessageFrame>({
    role,
    join: [join],
    ...(privateKey && { privateKey }),
    ...(answer && {
      serves: {
        protocol: MESSAGE_PROTOCOL,
        codec: MESSAGE_CODEC,
        onFrame(frame, { send }) {
          asked.push(frame)
          answer(frame, send)
        },
      },
    }),
  })
  onTestFinished(peer.stop)
  const { id, multihash, presence, servers, stop } = peer
  await waitFor(() => (role === 'tab' ? presence?.home !== undefined : servers.size > 0), 10_000, 'it has joined')
  return {
    id,
    multihash,
    asked,
    hold: (key) => void presence?.hold(key),
    async open(address) {
      const stream = await peer.open(address, MESSAGE_PROTOCOL, MESSAGE_CODEC)
      const answer = (sequence: number) => stream.find((frame) => 'sequence' in frame && frame.sequence === sequence)
      return Object.assign(stream, { answer })
    },
    stop,
  }
}
