/** The face of presence: hold, find, watch. */

import type { AbortOptions, Key } from '../types.ts'
import type { Lease } from './lease.ts'
import type { BesideLease } from './presence-stream.ts'
import type { HolderRecord } from './record-store.ts'

/** A peer that holds a key now, as a find met it. Peer ids and multiaddrs are in their text forms. */
export interface Holder {
  /** The holder. */
  peer: string
  /** The node that gives its content: the holder's home, or the holder itself when it is a node. */
  home: string
  /** Where the home can be dialled, as far as the answer told. */
  addresses: string[]
  /** When the holder's lease expires, in ms since the epoch. */
  expiresAtMs: number
  /** True when the holder signed a lease; false for the record of a stock kad-dht peer, which nobody signed. */
  signed: boolean
}

/** Small content that came with an answer, unchecked, and the peer id of the server that gave it. */
export interface GivenContent {
  bytes: Uint8Array
  from: string
}

export interface FindOptions extends AbortOptions {
  /** The largest content that is taken with an answer, in bytes; none when left out. */
  maxContentBytes?: number | undefined
  /** Hears of it before the holders of the answer are checked: bytes with the right hash need nobody's word. True when no holder is wanted then. */
  onContent?: ((given: GivenContent) => boolean) | undefined
}

/** Being there for a key. It ends with `release()`, or when this peer leaves. */
export interface Hold {
  readonly key: Key
  /**
   * Resolves once a record node has taken this peer's lease, so that others find it; at once when this peer keeps the record itself,
   * and when it is released before. Never rejects; does not resolve while there is no way into the overlay.
   */
  readonly announced: Promise<void>
  /** Ends the hold. Resolves once it is sent to the record nodes that can be reached; may be called twice. */
  release(): Promise<void>
}

/** The one mechanism for presence. */
export interface Rendezvous {
  /**
   * Announces that this peer is here for the key, until it is released or the peer stops. Holding a key twice is one hold
   * with two owners: it ends when both have released it.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT
   */
  hold(key: Key): Hold
  /**
   * Yields each peer that holds the key, once, in the order they are met. Breaking out of the loop ends the search; the
   * search widens only while the caller keeps asking.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_NO_NETWORK, ERR_CLOCK
   * @throws signal.reason, when aborted
   * @see https://github.com/libp2p/specs/blob/master/kad-dht/README.md (content provider discovery)
   */
  find(key: Key, options?: AbortOptions): AsyncIterable<Holder>
  /**
   * Yields how many peers hold the key: at once, and again after each change. Slow readers see only the newest number.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  watch(key: Key, options?: AbortOptions): AsyncIterable<number>
  /**
   * As `watch`, with the number of people among them: peers of one browser that were given the same `browserSecret` count as one.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  watchPeople(key: Key, options?: AbortOptions): AsyncIterable<HolderCounts>
  /** The keys that the tabs behind this node hold, at most so many, each with the number of those tabs; none for a tab. */
  heldByTabs(limit: number): { key: Key; tabs: number }[]
}

export interface HolderCounts {
  /** Peers that hold the key. */
  holders: number
  /** At most as many. */
  people: number
}

/** Limits on the presence that this peer keeps, for itself and for others. */
export interface RendezvousLimits {
  /** Leases that one connected peer (a tab) may have here. */
  maxLeasesPerPeer: number
  /** Leases that one other node may pass on to this record node for its tabs and itself. */
  maxLeasesPerHome: number
  /** Holders recorded for one key. */
  maxRecordsPerKey: number
  /** Holders recorded in all. */
  maxRecords: number
  /** Keys that one connected peer may watch here. */
  maxWatchesPerPeer: number
  /** Keys watched here in all. */
  maxWatches: number
  /** Holders in the answer to one find. */
  maxHoldersPerAnswer: number
}

/**
 * True when the peer may be given so many bytes of a content now, beside an answer; then they count as given. When false it asks a holder.
 *
 * @param key hex
 */
export type GiveNow = (key: string, bytes: number, to: string) => boolean

/** A home's work in the overlay for its tabs. */
export interface HomeService {
  /** A tab's lease came, or went: tells its record nodes. */
  announce(lease: Lease, unsigned: BesideLease): Promise<void>
  withdraw(key: Key, holder: string): void
  /** Holders of the key anywhere, at most `limit`: soon after the first, no more are waited for. @param isForServer see Search */
  find(key: Key, limit: number, signal: AbortSignal, isForServer?: boolean): Promise<HolderRecord[]>
  /** Hears the count of the key in all of the overlay. Returns the function that ends it. */
  watch(key: Key, listener: (count: number, people: number) => void): () => void
}
