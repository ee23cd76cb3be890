/**
 * Servers that this node knows of, connected or not: their signed addresses. Bounded in all, and by the peer that told of them, so that a liar
 * who invents servers takes no room from others. Clocks are never asked: a record is as old as the last word of it here.
 */

import type { ServerRecord } from './server-record.ts'
import { shuffle } from './shuffle.ts'

export const SERVER_BOOK_DEFAULTS = {
  /** Servers that are known. */
  maxServers: 1_024,
  /** Servers that one peer has told of, and that this node has not met. */
  maxToldByOne: 64,
  /** A server of which nothing was heard for so long is forgotten, in ms. */
  maxAgeMs: 3_600_000, // a network that fell apart heals by what its parts remember of each other
}

export type ServerBookOptions = Partial<typeof SERVER_BOOK_DEFAULTS>

/** Why a record is not kept. */
export type RecordRefusal = 'self' | 'older' | 'told-by-one' | 'full'

interface Entry {
  record: ServerRecord
  /** The peer that told of it; undefined once this node has met it. */
  source: string | undefined
  heardAtMs: number
}

export type ServerBook = ReturnType<typeof createServerBook>

export interface ServerBookContext {
  /** This node's peer id, text form. */
  self: string
  /** In ms, of any origin. */
  monotonic(): number
  random(): number
}

export function createServerBook({ self, monotonic, random }: ServerBookContext, options: ServerBookOptions = {}) {
  const { maxServers, maxToldByOne, maxAgeMs } = { ...SERVER_BOOK_DEFAULTS, ...options }
  /** By peer id, the one heard of longest ago first. Bounded: maxServers. */
  const entries = new Map<string, Entry>()
  /** How many servers each peer has told of. Bounded: the entries. */
  const told = new Map<string, number>()

  const isOld = ({ heardAtMs }: Entry) => heardAtMs <= monotonic() - maxAgeMs

  function drop(id: string): void {
    const source = entries.get(id)?.source
    entries.delete(id)
    if (source === undefined) return
    const rest = (told.get(source) ?? 1) - 1
    if (rest === 0) told.delete(source)
    else told.set(source, rest)
  }

  function keep(id: string, record: ServerRecord, source: string | undefined): void {
    drop(id)
    entries.set(id, { record, source, heardAtMs: monotonic() })
    if (source !== undefined) told.set(source, (told.get(source) ?? 0) + 1)
  }

  /** Drops the oldest server of the peer that has told of most; where all were met, the oldest for another one that was met. */
  function makeRoom(isForMet: boolean): boolean {
    let most: string | undefined
    for (const [source, count] of told) if (most === undefined || count > (told.get(most) ?? 0)) most = source
    if (most === undefined && !isForMet) return false
    for (const [id, { source }] of entries) {
      if (most !== undefined && source !== most) continue
      drop(id)
      return true
    }
    return false
  }

  return {
    get size() {
      return entries.size
    },
    /**
     * Adds a record whose signature was checked, or hears of it again.
     *
     * @param source the peer that told of it; undefined when this node is connected to the server itself
     */
    add(record: ServerRecord, source?: string): RecordRefusal | undefined {
      const id = record.peer.toString()
      if (id === self) return 'self'
      const known = entries.get(id)
      if (known !== undefined) {
        if (record.issuedAtMs < known.record.issuedAtMs) return 'older'
        // Of the same record only the server itself says something new: that it is there.
        if (source !== undefined && record.issuedAtMs === known.record.issuedAtMs) return 'older'
        keep(id, record, source === undefined ? undefined : known.source)
        return undefined
      }
      if (source !== undefined && (told.get(source) ?? 0) >= maxToldByOne) return 'told-by-one'
      if (entries.size >= maxServers && !makeRoom(source === undefined)) return 'full'
      keep(id, record, source)
      return undefined
    },
    remove: drop,
    get: (id: string) => entries.get(id)?.record,
    /** At most so many of those that the filter lets pass, in random order. */
    sample(limit: number, filter: (record: ServerRecord) => boolean): ServerRecord[] {
      const chosen = [...entries.values()].map(({ record }) => record).filter(filter)
      return shuffle(chosen, random).slice(0, limit)
    },
    /** Drops servers of which nothing was heard for too long. @param isMet true for those that are connected */
    sweep(isMet: (record: ServerRecord) => boolean) {
      for (const [id, entry] of [...entries]) {
        if (isMet(entry.record)) keep(id, entry.record, undefined)
        else if (isOld(entry)) drop(id)
      }
    },
  }
}
