/**
 * Leases and watches of keys that a record node keeps, and who carries each. A carrier that goes is waited for a while, since the home can bring
 * it by another; the home itself is not. Each change of a count is told to the carriers of the key's watches.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { DropReason, Statement } from './messages.ts'
import type { Server } from './place.ts'

/** How long a release is remembered, so that a slow carrier does not bring back what it ended, in ms. */
const RELEASED_MS = 15_000
const MAX_STATEMENTS = 400_000

interface Kept<S extends Server> {
  statement: Statement<S>
  /** By peer id. */
  carriers: Map<string, S>
  endGrace: () => void
}

interface KeyRecords<S extends Server> {
  leases: Map<string, Kept<S>>
  watches: Map<string, Kept<S>>
}

const NOTHING = () => {}

export type Records<S extends Server> = ReturnType<typeof createRecords<S>>

export function createRecords<S extends Server>(
  { timers }: Pick<GroupContext<S>, 'timers'>,
  tell: (carrier: S, watch: Statement<S>, count: number) => void,
  { carrierGraceMs, homeGraceMs }: Pick<GroupSettings, 'carrierGraceMs' | 'homeGraceMs'>,
) {
  /** By key. Bounded with the statements: MAX_STATEMENTS. */
  const keys = new Map<string, KeyRecords<S>>()
  /** By carrier, its peer id. */
  const byCarrier = new Map<string, Set<Kept<S>>>()
  /** Ids. Bounded: each is forgotten after RELEASED_MS. */
  const released = new Set<string>()
  let size = 0

  const listOf = (records: KeyRecords<S>, { kind }: Statement<S>) => (kind === 'lease' ? records.leases : records.watches)

  function tellWatches({ leases, watches }: KeyRecords<S>): void {
    for (const { statement, carriers } of watches.values()) {
      for (const carrier of carriers.values()) tell(carrier, statement, leases.size)
    }
  }

  function forget(kept: Kept<S>): void {
    kept.endGrace()
    const { statement } = kept
    const records = keys.get(statement.key)
    if (records === undefined || !listOf(records, statement).delete(statement.id)) return
    size--
    for (const id of kept.carriers.keys()) byCarrier.get(id)?.delete(kept)
    if (statement.kind === 'lease') tellWatches(records)
    if (records.leases.size + records.watches.size === 0) keys.delete(statement.key)
  }

  /** @param graceMs how long another carrier is waited for */
  function loseCarrier(kept: Kept<S>, carrier: S, graceMs: number): void {
    if (!kept.carriers.delete(carrier.id) || kept.carriers.size > 0) return
    kept.endGrace()
    if (graceMs === 0) return void forget(kept)
    kept.endGrace = timers.after(graceMs, () => forget(kept))
  }

  return {
    /** Leases and watches. */
    get size() {
      return size
    },
    /** Ids of the leases of a key. */
    leases: (key: string) => [...(keys.get(key)?.leases.keys() ?? [])],
    /** @returns false when it was released already, or there is no room */
    keep(statement: Statement<S>, carrier: S): boolean {
      if (released.has(statement.id)) return false
      const records = keys.get(statement.key) ?? { leases: new Map(), watches: new Map() }
      const list = listOf(records, statement)
      const known = list.get(statement.id)
      if (known === undefined && size >= MAX_STATEMENTS) return false
      const kept = known ?? { statement, carriers: new Map(), endGrace: NOTHING }
      kept.endGrace()
      kept.endGrace = NOTHING
      kept.carriers.set(carrier.id, carrier)
      const carried = byCarrier.get(carrier.id)
      if (carried === undefined) byCarrier.set(carrier.id, new Set([kept]))
      else carried.add(kept)
      if (known === undefined) {
        keys.set(statement.key, records)
        list.set(statement.id, kept)
        size++
      }
      // The count that answers a renewed watch mends what was lost on the way.
      if (statement.kind === 'watch') tell(carrier, statement, records.leases.size)
      else if (known === undefined) tellWatches(records)
      return true
    },
    drop(statement: Statement<S>, carrier: S, why: DropReason) {
      const records = keys.get(statement.key)
      const kept = records && listOf(records, statement).get(statement.id)
      if (why === 'released') {
        released.add(statement.id)
        timers.after(RELEASED_MS, () => released.delete(statement.id))
        if (kept !== undefined) forget(kept)
        return
      }
      if (kept === undefined) return
      byCarrier.get(carrier.id)?.delete(kept)
      loseCarrier(kept, carrier, why === 'moved' ? 0 : homeGraceMs)
    },
    /** The server is gone as a carrier. */
    onLinkEnd(server: S) {
      const carried = byCarrier.get(server.id)
      byCarrier.delete(server.id)
      for (const kept of carried ?? []) loseCarrier(kept, server, server.id === kept.statement.home.id ? homeGraceMs : carrierGraceMs)
    },
  }
}
