/**
 * Signed addresses of a server, as libp2p has them: a peer record in an envelope, a few hundred bytes that anybody can pass on and nobody can
 * change. Each peer gets those of its own connections by identify.
 *
 * @see https://github.com/libp2p/specs/blob/master/RFC/0003-routing-records.md
 */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MayflyError } from '../errors.ts'
import { MAX_SERVER_RECORD_BYTES } from './server-record-size.ts'

const MAX_ADDRESSES = 8

export interface ServerRecord {
  peer: PeerId
  /** At most eight. */
  addresses: Multiaddr[]
  /** By its server's own clock, in ms since the epoch: of two records the later one counts. */
  issuedAtMs: number
  /** The signed form, as it travels. */
  bytes: Uint8Array
}

/**
 * Reads a record and checks its signature.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export async function openServerRecord(bytes: Uint8Array): Promise<ServerRecord> {
  try {
    if (bytes.byteLength > MAX_SERVER_RECORD_BYTES) throw new Error(`longer than ${MAX_SERVER_RECORD_BYTES} bytes`)
    const { publicKey, payload } = await RecordEnvelope.openAndCertify(bytes, PeerRecord.DOMAIN)
    const { peerId: peer, multiaddrs, seqNumber } = PeerRecord.createFromProtobuf(payload)
    if (publicKey.type !== 'Ed25519' || !peerIdFromPublicKey(publicKey).equals(peer)) throw new Error('signed by another key')
    if (multiaddrs.length === 0) throw new Error('no addresses')
    return { peer, addresses: multiaddrs.slice(0, MAX_ADDRESSES), issuedAtMs: Number(seqNumber), bytes: bytes.slice() }
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', `Not a record of a server: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}
