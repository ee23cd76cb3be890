/** Peers whose identity is the same in every run, made from a number. */

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface SeededPeer {
  privateKey: PrivateKey
  peer: PeerId
  /** Peer id, text form. */
  id: string
  /** Multihash of the peer id, as it travels. */
  multihash: Uint8Array
}

/** An Ed25519 peer. Its seed is the byte, 32 times. */
export async function createSeededPeer(byte: number): Promise<SeededPeer> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(byte))
  const peer = peerIdFromPrivateKey(privateKey)
  return { privateKey, peer, id: peer.toString(), multihash: peer.toMultihash().bytes }
}

/** Signed addresses of a server. @param signer another peer signs for it, when this is given */
export async function createServerRecord(
  { peer, privateKey }: SeededPeer,
  multiaddrs: Multiaddr[],
  issuedAtMs: number,
  signer: PrivateKey = privateKey,
): Promise<Uint8Array> {
  const envelope = await RecordEnvelope.seal(new PeerRecord({ peerId: peer, multiaddrs, seqNumber: BigInt(issuedAtMs) }), signer)
  return envelope.marshal()
}
