/**
 * Encryption of a relayed stream from end to end: Noise XX with the keys of both peers, as on a connection of libp2p, so that the homes between
 * them read nothing and neither end can be another peer. The protocol stands in the prologue: homes cannot change it on the way. The ends agree on the
 * muxer of a trunk in the same messages.
 *
 * @see https://github.com/libp2p/specs/blob/master/noise/README.md
 */

import type { ConnectionEncrypter, Libp2p, PrivateKey, Stream, StreamMuxerFactory } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { createRecentMap } from '../../async/recent-map.ts'
import { createNoise, frugalYamux } from '../../network/index.ts'
import { RELAY_PROTOCOL } from './relay-wire.ts'
import { PEOPLE_PROTOCOL, type Secured } from './trunks.ts'

/** Protocols whose encrypters are kept: each makes a key of its own. */
const MAX_PROTOCOLS = 16

/** Streams of a trunk, each way: sessions of one peer, and those that are ending. Windows as on a connection. */
const MAX_STREAMS = 64
const MUXER = {
  enableKeepAlive: false,
  maxMessageSize: 65_536,
  streamOptions: { initialStreamWindowSize: 262_144, maxStreamWindowSize: 4_194_304 },
  maxInboundStreams: MAX_STREAMS,
  maxOutboundStreams: MAX_STREAMS,
}
const NO_MUXERS: ReadonlyMap<string, StreamMuxerFactory> = new Map()

export type EndToEnd = ReturnType<typeof createEndToEnd>

export function createEndToEnd({ peerId, logger }: Pick<Libp2p, 'peerId' | 'logger'>, privateKey: PrivateKey) {
  const encrypters = createRecentMap<string, ConnectionEncrypter>({ maxEntries: MAX_PROTOCOLS })
  const yamux = frugalYamux(MUXER)()
  const muxers = new Map([[yamux.protocol, yamux]])

  const encrypterOf = (protocol: string) =>
    encrypters.getOrCreate(protocol, () => {
      const prologueBytes = new TextEncoder().encode(`${RELAY_PROTOCOL} ${protocol}`)
      const upgrader = { getStreamMuxers: () => (protocol === PEOPLE_PROTOCOL ? muxers : NO_MUXERS) }
      return createNoise({ prologueBytes })({ peerId, privateKey, logger, upgrader: upgrader as never })
    })

  /**
   * @param stream paused, or fresh
   * @param peer who must be at the other end
   * @throws when somebody else is, or the other end breaks the handshake
   * @throws signal.reason, when aborted first
   */
  async function secure(
    side: 'secureOutbound' | 'secureInbound',
    stream: Stream,
    peer: string,
    protocol: string,
    signal: AbortSignal,
  ): Promise<Secured> {
    const options = { signal, remotePeer: peerIdFromString(peer) }
    const securing = encrypterOf(protocol)[side](stream, options)
    // Its listener is there now.
    if (stream.readStatus === 'paused') stream.resume()
    try {
      const { connection, remotePeer, streamMuxer } = await securing
      if (remotePeer.toString() !== peer) throw new Error('somebody else is at the other end')
      return { connection, streamMuxer }
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  return {
    secureOutbound: (stream: Stream, peer: string, protocol: string, signal: AbortSignal) =>
      secure('secureOutbound', stream, peer, protocol, signal),
    secureInbound: (stream: Stream, peer: string, protocol: string, signal: AbortSignal) =>
      secure('secureInbound', stream, peer, protocol, signal),
  }
}
