/**
 * Keeps the book of servers from what happens anyway: identify brings the record of each server that connects, welcomes and news those of
 * others, which are dialled.
 */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { createRecentMap } from '../async/recent-map.ts'
import { TIMERS } from '../async/timers.ts'
import { isNearer, type Place } from '../groups/place.ts'
import { withPeerId } from './addresses.ts'
import type { DhtPart } from './dht.ts'
import { type GroupPeer, groupPeer } from './group-streams.ts'
import type { RoutingTable } from './routing-table.ts'
import { createServerBook, SERVER_BOOK_DEFAULTS, type ServerBookOptions } from './server-book.ts'
import { type BriefTerms, createServerDials, type DialTerms } from './server-dials.ts'
import { createServerGroups, type ServerGroups, type ServerGroupsOptions } from './server-groups.ts'
import { createServerNews, type NamedRecord } from './server-news.ts'
import { openServerRecord, type ServerRecord } from './server-record.ts'
import { MAX_SERVER_RECORD_BYTES } from './server-record-size.ts'

const SWEEP_MS = 60_000
/** Servers with which a node needs no address to join. */
const ENOUGH_SERVERS = 8
/** How long a server that a peer beside the entrance has told of may take to come by itself, in ms: the one of two with the smaller id dials first. */
const FIRST_WAIT_MS = 1_000
const SECOND_WAIT_MS = 3_000

export interface ServerRecordsContext {
  libp2p: Pick<Libp2p, 'peerId' | 'peerStore' | 'dial' | 'getConnections' | 'handle' | 'unhandle'>
  servers: Pick<RoutingTable, 'isIdentified' | 'onIdentify' | 'placed' | 'onChange'>
  dht?: Pick<DhtPart, 'limitDials' | 'ownRecord'> | undefined
  random(): number
}

export type ServerRecordsOptions = ServerBookOptions & ServerGroupsOptions

/** One character for each byte. */
const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes.subarray(0, MAX_SERVER_RECORD_BYTES + 1))
const named = ({ peer, bytes }: ServerRecord): NamedRecord => ({ id: peer.toString(), bytes })

export type ServerRecords = ReturnType<typeof createServerRecords>

export function createServerRecords({ libp2p, servers, dht, random }: ServerRecordsContext, options?: ServerRecordsOptions) {
  const self = libp2p.peerId.toString()
  const book = createServerBook({ self, monotonic: TIMERS.now, random }, options)
  const news = createServerNews()
  /**
   * Records whose signatures were checked, by their bytes: each server tells a newcomer of all others, and checking them again each time
   * was a seventh of the processor time of sixteen servers that come at once (measured 2026-11).
   */
  const opened = createRecentMap<string, ServerRecord>({ maxEntries: options?.maxServers ?? SERVER_BOOK_DEFAULTS.maxServers })
  /** This server's own, which is in no book: its answers to others name it, too. */
  let own: Uint8Array | undefined
  const isMet = ({ peer }: ServerRecord) => servers.isIdentified(peer)
  const dials = createServerDials({
    isConnected: ({ peer }) => libp2p.getConnections(peer).length > 0,
    dial: ({ peer, addresses }, signal) =>
      libp2p.dial(
        addresses.map((address) => withPeerId(address, peer.toString())),
        { signal },
      ),
    isOfUse: ({ peer }) => groups.isOfUse(peer),
    onGone: book.remove,
    random,
  })
  const groups: ServerGroups = createServerGroups(
    {
      libp2p,
      servers,
      recordOf: (id) => (id === self ? own : book.get(id)?.bytes),
      knownRecord: book.get,
      openRecord,
      dials: { want: dialNamed, isWanted: dials.has, wanted: dials.peers },
      onBits: dialKnown,
      random,
    },
    options,
  )
  dht?.limitDials?.(groups.isOfUse)
  let end: (() => void) | undefined

  async function openRecord(bytes: Uint8Array): Promise<ServerRecord> {
    const text = textOf(bytes)
    const known = opened.get(text)
    if (known !== undefined) return known
    const record = await openServerRecord(bytes)
    opened.set(text, record)
    return record
  }

  /** identify has checked the record, and put it into the peer store before it said so. A peer without one cannot be dialled by others. */
  async function addConnected(peer: PeerId): Promise<void> {
    own = await dht?.ownRecord?.()
    const { peerRecordEnvelope } = await libp2p.peerStore.get(peer)
    if (peerRecordEnvelope === undefined) return
    const record = await openRecord(peerRecordEnvelope)
    book.add(record)
    news.met(named(record))
  }

  /** One that another server has named: both may do so at once, so the end with the larger id waits, unless somebody waits for it. */
  function dialNamed({ id, record = book.get(id), source = id }: GroupPeer, onEnd?: DialTerms['onEnd'], terms?: BriefTerms): void {
    if (record === undefined || end === undefined) return void onEnd?.(false)
    book.add(record, source)
    // Of one that was lost long ago a newer record may have come since.
    const newest = book.get(id) ?? record
    dials.add(newest, { source, waitMs: onEnd === undefined ? firstWaitMs(newest) : 0, ...(onEnd && { onEnd, ...terms }) })
  }

  /** Those that were known before they were wanted. */
  function dialKnown(): void {
    for (const record of book.sample(Number.POSITIVE_INFINITY, (each) => !isMet(each))) {
      if (groups.wants(record.peer)) dials.add(record, { source: record.peer.toString(), waitMs: firstWaitMs(record) })
    }
  }

  const firstWaitMs = ({ peer }: ServerRecord) => (self < peer.toString() ? FIRST_WAIT_MS : SECOND_WAIT_MS)

  async function takeRecords(records: readonly Uint8Array[], source: string, isEntrance: boolean): Promise<void> {
    for (const bytes of records) {
      const record = await openRecord(bytes)
      const refusal = book.add(record, source)
      if ((refusal !== undefined && refusal !== 'older') || end === undefined || !groups.wants(record.peer)) continue
      // One that is in the book already may have been lost before it was identified, or be wanted since then: nothing else dials it again.
      dials.add(book.get(record.peer.toString()) ?? record, { source, waitMs: isEntrance ? 0 : firstWaitMs(record) })
    }
  }

  return {
    /** Servers that are known, connected or not. */
    get size() {
      return book.size
    },
    /**
     * Takes what a peer tells of others, and dials those that are new, or have moved.
     *
     * @param isEntrance this node joins through that peer, which tells one end of each pair only; by the word of others both ends dial
     * @throws {MayflyError} ERR_BAD_FRAME at the first that is no record, or not signed by its server
     */
    takeRecords,
    /**
     * Connected servers, in random order, for one that is new, and for a while those that come after it.
     *
     * @param limit records in the greeting
     * @param tell called with those that come later; undefined for a server that reads none
     */
    greet(peer: string, limit: number, tell?: (records: Uint8Array[]) => void) {
      const dialling = news.toldOf(peer)
      const isFor = (id: string) => id !== peer && !dialling.has(id)
      const met = book.sample(Number.POSITIVE_INFINITY, (record) => isMet(record) && isFor(record.peer.toString()))
      const chosen = nearFirst(peer, met, limit).map(named)
      const endNews = tell === undefined ? () => {} : news.greeted(peer, chosen, tell)
      return { records: chosen.map(({ bytes }) => bytes), end: endNews }
    },
    groups,
    /** False for a node that knows enough servers of a network that has groups: an entrance would be connected to all who ever joined there. */
    mayJoin: (size: number) => groups.bits === 0 || size < ENOUGH_SERVERS,
    /** False for a server that is of no use any more, though it was connected once. */
    mayDial: (peer: PeerId | undefined) => peer === undefined || groups.isOfUse(peer),
    /** @throws {MayflyError} ERR_BAD_FRAME when it is none, or not signed by its server */
    openRecord,
    /** The signed addresses of a server, as they can be passed on. */
    recordOf: (peer: string) => book.get(peer)?.bytes,
    addressesOf: (peer: string) => book.get(peer)?.addresses ?? [],
    /** It was not there, again and again. */
    remove: book.remove,
    start() {
      if (end !== undefined) return
      const endIdentify = servers.onIdentify((peer) => void addConnected(peer).catch(() => {})) // gone meanwhile
      groups.start().catch(() => {}) // stopped at once
      const endSweeps = TIMERS.every(SWEEP_MS, () => book.sweep(isMet))
      end = () => {
        endIdentify()
        endSweeps()
        groups.stop().catch(() => {})
        news.stop()
        dials.stop()
      }
    },
    stop() {
      end?.()
      end = undefined
    },
  }
}

/** Those nearest to the newcomer, which it has to know all, have half of the places; the others are any. */
function nearFirst(newcomer: string, records: readonly ServerRecord[], limit: number): ServerRecord[] {
  if (records.length <= limit) return [...records]
  const { place } = groupPeer(peerIdFromString(newcomer))
  const places = new Map(records.map((record) => [record, groupPeer(record.peer).place]))
  const near = (a: ServerRecord, b: ServerRecord) => (isNearer(place, places.get(a) as Place, places.get(b) as Place) ? -1 : 1)
  const first = new Set(records.toSorted(near).slice(0, limit / 2))
  return [...first, ...records.filter((record) => !first.has(record))].slice(0, limit)
}
