/**
 * Adapter of the record store to kad-dht's provider store: a stock libp2p peer's GET_PROVIDERS reads the same records, and its ADD_PROVIDER
 * is kept, with a capped lifetime. A tab cannot be dialled: its home stands in the answer for it.
 *
 * kad-dht looks each provider up in the peer store and fails the whole answer when one is missing: only known ones are yielded.
 */

import { NotFoundError, type PeerId, type PeerStore } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { BaseDatastore } from 'datastore-core'
import { Key as DatastoreKey, type Pair, type Query } from 'interface-datastore'
import { base32 } from 'multiformats/bases/base32'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { encode as encodeVarint } from 'uint8-varint'
import { MayflyError } from '../errors.ts'
import type { Key } from '../types.ts'
import type { RecordStore } from './record-store.ts'

export const PROVIDER_STORE_DEFAULTS = {
  /** How long the unsigned record of a stock peer is kept, in ms. */
  stockLifetimeMs: 600_000, // no longer than a lease
  /** Providers in one answer. */
  maxProviders: 20, // kad-dht's k: the asker stops there
  /** Unsigned records that one stock peer may have here. */
  maxStockRecordsPerPeer: 256,
}

export type ProviderStoreOptions = Partial<typeof PROVIDER_STORE_DEFAULTS>

export interface ProviderStoreContext {
  store: RecordStore
  peerId: PeerId
  peerStore: PeerStore
  addressesOf(home: string): Multiaddr[]
  now(): number
}

const PREFIX = '/dht/provider/'
const SHA2_256 = 0x12

function readKey(name: string): { key: Key; peer: string | undefined } | undefined {
  if (!name.startsWith(PREFIX)) return undefined
  const [multihash, peer, ...rest] = name.slice(PREFIX.length).split('/')
  if (!multihash || rest.length > 0) return undefined
  try {
    const { code, digest } = decodeDigest(base32.baseDecode(multihash))
    return code === SHA2_256 && digest.byteLength === 32 ? { key: digest, peer } : undefined
  } catch {
    return undefined
  }
}

export class ProviderStore extends BaseDatastore {
  readonly #context: ProviderStoreContext
  readonly #options: Required<ProviderStoreOptions>

  constructor(context: ProviderStoreContext, options: ProviderStoreOptions = {}) {
    super()
    this.#context = context
    this.#options = { ...PROVIDER_STORE_DEFAULTS, ...options }
  }

  /** @throws {MayflyError} ERR_LIMIT for what is no provider record of a SHA-256, or one too many */
  override async put(name: DatastoreKey): Promise<DatastoreKey> {
    const { store, now } = this.#context
    const named = readKey(name.toString())
    if (named?.peer === undefined)
      throw new MayflyError('ERR_LIMIT', 'This overlay keeps provider records of SHA-256 keys, and nothing else')
    const known = store.get(named.key, named.peer)
    // A signed lease of the same peer says more than this record does.
    if (known?.lease !== undefined) return name
    const source = `stock peer ${named.peer}`
    if (known === undefined && store.countOfSource(source) >= this.#options.maxStockRecordsPerPeer) {
      throw new MayflyError('ERR_LIMIT', `One peer may have ${this.#options.maxStockRecordsPerPeer} unsigned records here`)
    }
    const expiresAtMs = now() + this.#options.stockLifetimeMs
    const refusal = store.put({ key: named.key, holder: named.peer, home: named.peer, expiresAtMs, lease: undefined, source })
    if (refusal !== undefined) throw new MayflyError('ERR_LIMIT', `The record store is full: ${refusal}`)
    return name
  }

  override async has(): Promise<boolean> {
    return false
  }

  override async get(): Promise<Uint8Array> {
    throw new NotFoundError('This overlay keeps no values')
  }

  /** kad-dht deletes only records of its own peer, which it cannot have written here. */
  override async delete(): Promise<void> {}

  override async *_all({ prefix }: Query): AsyncGenerator<Pair> {
    const named = prefix === undefined ? undefined : readKey(prefix)
    if (named === undefined) return
    const homes = new Set(this.#context.store.sample(named.key, this.#options.maxProviders).map(({ home }) => home))
    for (const home of homes) {
      if (!(await this.#isInPeerStore(home))) continue
      yield { key: new DatastoreKey(`${prefix}/${home}`), value: encodeVarint(this.#context.now()) }
    }
  }

  async #isInPeerStore(home: string): Promise<boolean> {
    const { peerId, peerStore, addressesOf } = this.#context
    const peer = peerIdFromString(home)
    if (peer.equals(peerId)) return true
    try {
      const known = await peerStore.get(peer)
      if (known.addresses.length > 0) return true
    } catch {
      // Not in the peer store: the address book may still know it.
    }
    const multiaddrs = addressesOf(home)
    if (multiaddrs.length === 0) return false
    return peerStore.merge(peer, { multiaddrs }).then(
      () => true,
      () => false,
    )
  }
}
