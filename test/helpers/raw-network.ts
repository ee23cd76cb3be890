/** Stands in for libp2p: a dial makes a connection in memory, and the far ends of its streams are in the test's hand. */

import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { type Codec, createRawStream, type RawStream } from './raw-stream.ts'

const REMOTE_ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')

export interface RawNetworkOptions<T extends { type: string }> {
  /** Runs within each dial, before there is a connection. */
  onDial?: () => Promise<void>
  /** Peer that every address leads to; the dialled peer when left out. */
  remotePeer?: PeerId
  onStream?: (stream: RawStream<T>) => void
  onFrame?: (frame: T, stream: RawStream<T>) => void
}

export interface RawNetwork<T extends { type: string }> {
  readonly libp2p: Libp2p
  /** Peer ids and addresses of each dial, in order. */
  readonly dialled: string[][]
  /** Far ends of the streams that were opened, in order. */
  readonly streams: RawStream<T>[]
  /** Peer ids of connections that were aborted. */
  readonly aborted: string[]
}

export function createRawNetwork<T extends { type: string }>(
  codec: Codec<T>,
  { onDial = async () => {}, remotePeer, onStream = () => {}, onFrame }: RawNetworkOptions<T> = {},
): RawNetwork<T> {
  const dialled: string[][] = []
  const streams: RawStream<T>[] = []
  const aborted: string[] = []
  const libp2p = {
    getConnections: () => [],
    getMultiaddrs: () => [],
    async dial(to: PeerId | { toString(): string }[]): Promise<Connection> {
      const names = Array.isArray(to) ? to.map(String) : [to.toString()]
      dialled.push(names)
      await onDial()
      return {
        remotePeer: remotePeer ?? (Array.isArray(to) ? undefined : to),
        direction: 'outbound',
        remoteAddr: REMOTE_ADDRESS,
        status: 'open',
        async newStream(): Promise<Stream> {
          const [outbound, inbound] = await streamPair({ delay: 0 })
          const stream = createRawStream(inbound, codec, onFrame)
          streams.push(stream)
          onStream(stream)
          return outbound
        },
        abort: () => void aborted.push(...names),
      } as unknown as Connection
    },
  } as unknown as Libp2p
  return { libp2p, dialled, streams, aborted }
}
