/**
 * Encryption of a relayed stream from end to end: Noise XX with the keys of both peers, as on a connection of libp2p, so that the homes between
 * them read nothing and neither end can be another peer. The protocol stands in the prologue: homes cannot change it on the way.
 *
 * @see https://github.com/libp2p/specs/blob/master/noise/README.md
 */

import { noise } from '@chainsafe/libp2p-noise'
import type { ConnectionEncrypter, Libp2p, MessageStream, PrivateKey, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { createRecentMap } from '../../async/recent-map.ts'
import { RELAY_PROTOCOL } from './relay-wire.ts'

/** Protocols whose encrypters are kept: each makes a key of its own. */
const MAX_PROTOCOLS = 16

export type EndToEnd = ReturnType<typeof createEndToEnd>

export function createEndToEnd({ peerId, logger }: Pick<Libp2p, 'peerId' | 'logger'>, privateKey: PrivateKey) {
  const encrypters = createRecentMap<string, ConnectionEncrypter>({ maxEntries: MAX_PROTOCOLS })
  // No muxer inside: one stream is all.
  const upgrader = { getStreamMuxers: () => new Map() } as never

  const encrypterOf = (protocol: string) =>
    encrypters.getOrCreate(protocol, () => {
      const prologueBytes = new TextEncoder().encode(`${RELAY_PROTOCOL} ${protocol}`)
      return noise({ prologueBytes })({ peerId, privateKey, logger, upgrader })
    })

  /**
   * @param stream paused, or fresh
   * @param peer who must be at the other end
   * @throws when somebody else is, or the other end breaks the handshake
   * @throws signal.reason, when aborted first
   */
  async function secure(side: 'secureOutbound' | 'secureInbound', stream: Stream, peer: string, protocol: string, signal: AbortSignal) {
    const options = { signal, remotePeer: peerIdFromString(peer), skipStreamMuxerNegotiation: true }
    const securing = encrypterOf(protocol)[side](stream, options)
    // Its listener is there now.
    if (stream.readStatus === 'paused') stream.resume()
    try {
      const { connection, remotePeer } = await securing
      if (remotePeer.toString() !== peer) throw new Error('somebody else is at the other end')
      return connection as MessageStream
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
