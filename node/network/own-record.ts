/**
 * This server's signed addresses, signed once and not for each peer that asks. By itself identify signs them anew for each answer, with another
 * time in each: a server that hears of the same one from several others then has as many signatures to check.
 */

import type { Libp2p, Peer, PeerId, PeerStore, PrivateKey } from '@libp2p/interface'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'
import { overlaid } from './overlaid.ts'

/** The parts of libp2p's components by which identify answers. */
export interface AnsweringComponents extends Pick<Libp2p, 'peerId' | 'peerStore'> {
  privateKey: PrivateKey
  registrar: { getProtocols(): string[] }
  addressManager: { getAddresses(): Multiaddr[] }
}

/** @returns the components for identify, in whose peer store this server has its record */
export function withOwnRecord<C extends AnsweringComponents>(components: C): C {
  const { peerId, peerStore } = components
  let sealed: { addresses: string; record: Promise<Uint8Array> } | undefined
  /** Of the last answer. */
  let told: Multiaddr[] | undefined

  async function seal(multiaddrs: Multiaddr[]): Promise<Uint8Array> {
    const envelope = await RecordEnvelope.seal(new PeerRecord({ peerId, multiaddrs }), components.privateKey)
    return envelope.marshal()
  }

  /** Of the addresses as they are now; undefined where there is none. */
  function findRecord(): Promise<Uint8Array> | undefined {
    told = components.addressManager.getAddresses()
    const multiaddrs = told.map((address) => address.decapsulateCode(CODE_P2P))
    if (multiaddrs.length === 0) return undefined
    const addresses = multiaddrs.join()
    if (sealed?.addresses !== addresses) sealed = { addresses, record: seal(multiaddrs) }
    return sealed.record
  }

  /** As much as identify reads, without the store's lock and decoding. */
  async function getSelf(): Promise<Peer> {
    const record = await findRecord()
    return {
      id: peerId,
      addresses: [],
      protocols: components.registrar.getProtocols(),
      metadata: new Map(),
      tags: new Map(),
      ...(record && { peerRecordEnvelope: record }),
    }
  }

  const get: PeerStore['get'] = (peer, options) => (peerId.equals(peer) ? getSelf() : peerStore.get(peer, options))
  /** By this, identify alone writes which program a peer is, behind all else: a second time through the lock and the codec, and nobody reads it. */
  const merge: PeerStore['merge'] = async (id) => ({ id: id as PeerId, addresses: [], protocols: [], metadata: new Map(), tags: new Map() })
  const store = overlaid(peerStore, { get, merge })
  // identify reads them right behind the record, and reading them takes a thirtieth of what a tab that joins costs its home.
  const addressManager = overlaid(components.addressManager, { getAddresses: () => told ?? components.addressManager.getAddresses() })
  return overlaid(components, { peerStore: store, addressManager } as Partial<C>)
}
