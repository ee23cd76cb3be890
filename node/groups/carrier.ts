/**
 * Leases and watches that a server carries for homes: it tells the record nodes, of which it knows all since they are its mates, and tells others as mates come and
 * go. Those that it does no longer cover it keeps until the home has another carrier.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Links } from './links.ts'
import type { DropReason, Statement } from './messages.ts'
import { isNearer, type Server } from './place.ts'

/** Statements that one home may have carried here: those of 2,000 tabs with 20 keys each, all of them in this group. */
const MAX_PER_HOME = 40_000
/** More record nodes than that are told for nobody. */
const MAX_COPIES = 8

interface Carried<S extends Server> {
  statement: Statement<S>
  copies: number
  recordNodes: S[]
  /** The home has been asked to move it. */
  isMoving: boolean
}

export interface CarrierParts<S extends Server> {
  links: Links<S>
  /** This server's own records. */
  records: { keep(statement: Statement<S>, carrier: S): boolean; drop(statement: Statement<S>, carrier: S, why: DropReason): void }
  /** This server's own statements. */
  home: { onCarried(from: S, id: string, receipt: unknown): void; onMove(from: S, id: string): void }
}

export function createCarrier<S extends Server>(
  { self, send, receipts }: GroupContext<S>,
  { links, records, home }: CarrierParts<S>,
  { recordNodes }: Pick<GroupSettings, 'recordNodes'>,
) {
  /** By id. Bounded: MAX_PER_HOME for each linked home. */
  const carried = new Map<string, Carried<S>>()
  /** By home, its peer id. */
  const byHome = new Map<string, Map<string, Carried<S>>>()

  function keepAt(node: S, { statement }: Carried<S>): void {
    if (node !== self) return void send(node, { type: 'keep', statement })
    if (records.keep(statement, self)) onKept(statement.id, receipts.give(statement))
  }

  function dropAt(node: S, statement: Statement<S>, why: DropReason): void {
    if (node === self) records.drop(statement, self, why)
    else send(node, { type: 'drop', statement, why })
  }

  function place(each: Carried<S>): void {
    const { statement } = each
    if (!links.coversHere(statement.place)) {
      if (each.isMoving) return
      each.isMoving = true
      if (statement.home === self) home.onMove(self, statement.id)
      else send(statement.home, { type: 'move', id: statement.id })
      return
    }
    each.isMoving = false
    const before = each.recordNodes
    each.recordNodes = links.recordNodes(statement.place, each.copies)
    for (const node of each.recordNodes) if (!before.includes(node)) keepAt(node, each)
    for (const node of before) if (!each.recordNodes.includes(node)) dropAt(node, statement, 'moved')
  }

  /** A record node has it. */
  function onKept(id: string, receipt: unknown): void {
    const each = carried.get(id)
    // A home that has been asked to move it would take this one for its carrier for good.
    if (each === undefined || each.isMoving) return
    const { statement } = each
    if (statement.home === self) home.onCarried(self, id, receipt)
    else send(statement.home, { type: 'carried', id, receipt })
  }

  function forget({ statement }: Carried<S>): void {
    carried.delete(statement.id)
    const own = byHome.get(statement.home.id)
    own?.delete(statement.id)
    if (own?.size === 0) byHome.delete(statement.home.id)
  }

  return {
    get size() {
      return carried.size
    },
    isFor: (home: S) => byHome.has(home.id),
    get: (id: string) => carried.get(id)?.statement,
    carry(statement: Statement<S>, copies: number) {
      const known = carried.get(statement.id)
      if (known !== undefined) {
        known.copies = Math.min(MAX_COPIES, copies)
        // The home has not seen the receipt, or wants more record nodes: all are told again.
        for (const node of known.recordNodes) keepAt(node, known)
        return place(known)
      }
      const { home: owner } = statement
      const isFull = owner !== self && (byHome.get(owner.id)?.size ?? 0) >= MAX_PER_HOME
      if (!links.coversHere(statement.place) || isFull) {
        if (owner === self) home.onMove(self, statement.id)
        else send(owner, { type: 'move', id: statement.id })
        return
      }
      const each: Carried<S> = { statement, copies: Math.min(MAX_COPIES, copies), recordNodes: [], isMoving: false }
      carried.set(statement.id, each)
      const own = byHome.get(owner.id)
      if (own === undefined) byHome.set(owner.id, new Map([[statement.id, each]]))
      else own.set(statement.id, each)
      place(each)
    },
    onKept,
    /** The home has another carrier. */
    letGo(id: string, from: S) {
      const each = carried.get(id)
      if (each === undefined || each.statement.home !== from) return
      forget(each)
      for (const node of each.recordNodes) dropAt(node, each.statement, 'moved')
    },
    /** It stands no more. Signed by the home, so any server may be told, whether it carries it or not. */
    release(statement: Statement<S>) {
      const each = carried.get(statement.id)
      if (each !== undefined) forget(each)
      const nodes = new Set([...(each?.recordNodes ?? []), ...links.recordNodes(statement.place, each?.copies ?? recordNodes)])
      for (const node of nodes) dropAt(node, statement, 'released')
    },
    onLink(server: S) {
      if (!links.coversHere(server.place) && links.mates().length + 1 >= recordNodes) return
      for (const each of carried.values()) {
        const { place: target } = each.statement
        const farthest = each.recordNodes.at(-1)
        if (each.recordNodes.length < each.copies || (farthest && isNearer(target, server.place, farthest.place))) place(each)
      }
    },
    onLinkEnd(server: S) {
      for (const each of [...(byHome.get(server.id)?.values() ?? [])]) {
        forget(each)
        for (const node of each.recordNodes) dropAt(node, each.statement, 'home-gone')
      }
      for (const each of carried.values()) {
        if (!each.recordNodes.includes(server)) continue
        each.recordNodes = each.recordNodes.filter((node) => node !== server)
        place(each)
      }
    },
    onBits() {
      for (const each of carried.values()) place(each)
    },
  }
}
