/**
 * The leases and watches of a home, each of which one carrier keeps at the record nodes: a delegate that covers the key, or the home itself. A
 * carrier counts once it has brought a receipt of a record node. Make before break: the one before is let go only then.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Statement } from './messages.ts'
import type { Server } from './place.ts'
import { createPlacing, type OwnStatement, type PlacingParts } from './placing.ts'
import { createReleases } from './releases.ts'

/** A statement without a carrier that nobody is being asked for is looked at again by the sweep when it has waited so long, in ms. */
const SWEEP_AFTER_MS = 5_000

export type HomeStatements<S extends Server> = ReturnType<typeof createHomeStatements<S>>

export function createHomeStatements<S extends Server>(context: GroupContext<S>, parts: PlacingParts<S>, settings: GroupSettings) {
  const { self, timers, send, receipts } = context
  const { links, carrier } = parts
  /** By id. Bounded by the owner. */
  const statements = new Map<string, OwnStatement<S>>()
  const placing = createPlacing<S>(context, parts, settings)
  const { covering, place, move, setCarrier, letGo } = placing
  const releases = createReleases<S>(context, { links, carrier, covering }, settings)

  function release(own: OwnStatement<S>): void {
    placing.endWait(own)
    own.isOver = true
    setCarrier(own, undefined)
    statements.delete(own.statement.id)
    releases.release(own.statement, [...own.given.values()])
  }

  return {
    get size() {
      return statements.size
    },
    get: (id: string) => statements.get(id)?.statement,
    /** The carrier of a statement, once it has one. */
    carrierOf: (id: string) => statements.get(id)?.carrier,
    values: () => statements.values() as Iterable<Readonly<OwnStatement<S>>>,
    /** Lets a statement stand from now on. @param onPlaced a record node has it for the first time */
    add(statement: Statement<S>, onPlaced?: () => void) {
      const own = placing.create(statement, onPlaced)
      statements.set(statement.id, own)
      place(own)
    },
    remove(id: string) {
      const own = statements.get(id)
      if (own !== undefined) release(own)
    },
    /** More record nodes are to keep it: few of them own up. */
    keepMore(id: string, copies: number) {
      const own = statements.get(id)
      if (own === undefined || own.copies >= copies) return
      own.copies = copies
      if (own.carrier === self) carrier.carry(own.statement, copies)
      else if (own.carrier !== undefined) send(own.carrier, { type: 'carry', statement: own.statement, copies })
    },
    /** A carrier brings the receipt of a record node. */
    onCarried(from: S, id: string, receipt: unknown) {
      const own = statements.get(id)
      if (own === undefined) return void (from !== self && send(from, { type: 'let-go', id }))
      if (!own.given.has(from.id) || !receipts.isRight(own.statement, receipt)) return
      if (own.carrier === from || own.leaving === from) return
      // It was given up, and another carries already.
      if (own.carrier !== undefined) return letGo(from, own)
      if (from !== self && !links.has(from)) return
      placing.endWait(own)
      own.tried.clear()
      own.asked = undefined
      setCarrier(own, from)
      const { leaving, onPlaced } = own
      own.leaving = undefined
      if (leaving !== undefined && leaving !== from) letGo(leaving, own)
      own.onPlaced = undefined
      onPlaced?.()
    },
    /** The carrier does not cover the key, or does no longer. */
    onMove(from: S, id: string) {
      const own = statements.get(id)
      if (own === undefined) return
      // Its heartbeat may still say that it covers the key.
      if (own.carrier === from) return void move(own, false)
      if (own.asked !== from || own.carrier !== undefined) return
      own.tried.add(from.id)
      place(own)
    },
    onReleased: releases.onReleased,
    onLinkEnd(server: S) {
      for (const own of placing.carriedBy(server)) {
        setCarrier(own, undefined)
        own.given.delete(server.id)
        place(own)
      }
      for (const own of statements.values()) if (own.leaving === server) own.leaving = undefined
    },
    /** This server's own bits have changed: what it carried itself may be another group's, and what others carry its own. */
    onBits() {
      for (const own of statements.values()) if (own.carrier === self && !links.coversHere(own.statement.place)) move(own, false)
    },
    /** Moves away what a surplus delegate carries. @returns true when nothing of this home's is there */
    moveFrom(server: S): boolean {
      let isFree = true
      for (const own of placing.carriedBy(server)) {
        isFree = false
        if (covering(own.statement.place).some((other) => other !== server)) move(own, true)
      }
      return isFree
    },
    /** Places each statement again that has no carrier and waits for none. */
    sweep() {
      const beforeMs = timers.now() - SWEEP_AFTER_MS
      for (const own of statements.values()) {
        if (own.carrier === undefined && !placing.isWaiting(own) && own.waitsSinceMs < beforeMs) place(own)
      }
    },
    stop() {
      for (const own of statements.values()) placing.endWait(own)
      releases.stop()
    },
  }
}
