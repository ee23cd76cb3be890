/**
 * Keeps the book of servers from what happens anyway: identify brings the record of each server that connects, welcomes those of others.
 */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { createEmitter } from '../async/emitter.ts'
import { TIMERS } from '../async/timers.ts'
import type { RoutingTable } from './routing-table.ts'
import { createServerBook, type ServerBookOptions } from './server-book.ts'
import { openServerRecord, type ServerRecord } from './server-record.ts'

const SWEEP_MS = 60_000

export interface ServerRecordsContext {
  libp2p: Pick<Libp2p, 'peerId' | 'peerStore'>
  servers: Pick<RoutingTable, 'has' | 'onIdentify'>
  random(): number
}

export type ServerRecords = ReturnType<typeof createServerRecords>

export function createServerRecords({ libp2p, servers, random }: ServerRecordsContext, options?: ServerBookOptions) {
  const book = createServerBook({ self: libp2p.peerId.toString(), monotonic: TIMERS.now, random }, options)
  const news = createEmitter<ServerRecord>()
  const isConnected = ({ peer }: ServerRecord) => servers.has(peer)
  let end: (() => void) | undefined

  /** identify has checked the record, and put it into the peer store before it said so. A peer without one cannot be dialled by others. */
  async function addConnected(peer: PeerId): Promise<void> {
    const { peerRecordEnvelope } = await libp2p.peerStore.get(peer)
    if (peerRecordEnvelope !== undefined) book.add(await openServerRecord(peerRecordEnvelope))
  }

  return {
    /** Servers that are known, connected or not. */
    get size() {
      return book.size
    },
    /** Hears of each server that was not known, and of each that has moved. Returns the function that ends it. */
    onNews: news.on,
    /**
     * Takes what a peer tells of others.
     *
     * @throws {MayflyError} ERR_BAD_FRAME at the first that is no record, or not signed by its server
     */
    async takeRecords(records: readonly Uint8Array[], source: string) {
      for (const bytes of records) {
        const record = await openServerRecord(bytes)
        if (book.add(record, source) === undefined) news.emit(record)
      }
    },
    /** Connected servers, at most so many, in random order, for a peer that is new. */
    recordsFor: (limit: number) => book.sample(limit, isConnected).map(({ bytes }) => bytes),
    addressesOf: (peer: string) => book.get(peer)?.addresses ?? [],
    /** It was not there, again and again. */
    remove: book.remove,
    start() {
      if (end !== undefined) return
      const endIdentify = servers.onIdentify((peer) => void addConnected(peer).catch(() => {})) // gone meanwhile
      const endSweeps = TIMERS.every(SWEEP_MS, () => book.sweep(isConnected))
      end = () => {
        endIdentify()
        endSweeps()
      }
    },
    stop() {
      end?.()
      end = undefined
    },
  }
}
