/**
 * This server's signed addresses, signed once and not for each peer that asks. By itself identify signs them anew for each answer, with another
 * time in each: a server that hears of the same one from several others then has as many signatures to check.
 */

import type { Libp2p, Peer, PeerStore, PrivateKey } from '@libp2p/interface'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { CODE_P2P, type Multiaddr } from '@multiformats/multiaddr'

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

  async function seal(multiaddrs: Multiaddr[]): Promise<Uint8Array> {
    const envelope = await RecordEnvelope.seal(new PeerRecord({ peerId, multiaddrs }), components.privateKey)
    return envelope.marshal()
  }

  /** Of the addresses as they are now; undefined where there is none. */
  function findRecord(): Promise<Uint8Array> | undefined {
    const multiaddrs = components.addressManager.getAddresses().map((address) => address.decapsulateCode(CODE_P2P))
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
  const merge = async () => {}
  const store = new Proxy(peerStore, {
    get(own, name) {
      if (name === 'get') return get
      if (name === 'merge') return merge
      const value: unknown = Reflect.get(own, name)
      return typeof value === 'function' ? value.bind(own) : value
    },
  })
  return new Proxy(components, { get: (own, name) => (name === 'peerStore' ? store : Reflect.get(own, name)) })
}
