/** Streams of two muxers that are joined in memory: yamux as every peer has it, with its flow control. */

import type { Stream } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { frugalYamux } from '../../node/network/muxer.ts'

export interface MuxedStreams {
  /** Opens a stream. @returns its end here and its end there */
  open(): Promise<[here: Stream, there: Stream]>
  /** The connection is lost. */
  abort(): void
}

const WINDOW = { initialStreamWindowSize: 262_144, maxStreamWindowSize: 4_194_304 }

export function createMuxedStreams(): MuxedStreams {
  const [outbound, inbound] = multiaddrConnectionPair()
  const factory = frugalYamux({ enableKeepAlive: false, maxMessageSize: 65_536, streamOptions: WINDOW })()
  const client = factory.createStreamMuxer(outbound)
  const server = factory.createStreamMuxer(inbound)
  /** Those who wait for the other end of theirs, in the order of opening. */
  const waiting: ((stream: Stream) => void)[] = []
  server.addEventListener('stream', ({ detail }) => waiting.shift()?.(detail))
  return {
    async open() {
      const there = new Promise<Stream>((resolve) => waiting.push(resolve))
      return [await client.createStream(), await there]
    },
    abort() {
      for (const connection of [outbound, inbound]) connection.abort(new Error('the connection is lost'))
    },
  }
}
