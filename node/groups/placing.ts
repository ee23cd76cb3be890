/**
 * Finds a carrier for a statement of a home: this server itself where it covers the key, otherwise a delegate that does, one after the other until
 * one brings the receipt of a record node. Make before break: a carrier that is left is let go only then.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Links } from './links.ts'
import type { Statement } from './messages.ts'
import { groupOf, isNearer, type Place, type Server } from './place.ts'

/** Where no delegate covers the key, or none took it, the next look is made so soon, in ms. */
const AGAIN_MS = 700
export interface OwnStatement<S extends Server> {
  statement: Statement<S>
  carrier: S | undefined
  /** It keeps the statement until another one does. */
  leaving: S | undefined
  /** That one still covers the key: what is moved from a surplus link comes back when nobody else is there. */
  canStay: boolean
  /** It was released. */
  isOver: boolean
  /** Asked last, without a receipt so far. */
  asked: S | undefined
  /** Asked at any time, so that each may have it. Bounded by MAX_GIVEN, the oldest out first. */
  given: Map<string, S>
  /** They refused or were silent. */
  tried: Set<string>
  copies: number
  waitsSinceMs: number
  endWait: () => void
  onPlaced: (() => void) | undefined
}

const MAX_GIVEN = 8

export interface PlacingParts<S extends Server> {
  links: Links<S>
  /** A delegate that covers the place is missing. */
  repair(group: number, near: Place): void
  /** This server's own carrier part. */
  carrier: {
    carry(statement: Statement<S>, copies: number): void
    release(statement: Statement<S>): void
    letGo(id: string, home: S): void
  }
  /** How often the delegate has failed or lied. */
  faultsOf(server: S): number
  onFault(server: S): void
}

const NOTHING = () => {}

export type Placing<S extends Server> = ReturnType<typeof createPlacing<S>>

export function createPlacing<S extends Server>({ self, timers, send }: GroupContext<S>, parts: PlacingParts<S>, settings: GroupSettings) {
  const { links, carrier } = parts
  /** Statements of each carrier, by its peer id. */
  const byCarrier = new Map<string, Set<OwnStatement<S>>>()

  function setCarrier(own: OwnStatement<S>, next: S | undefined): void {
    if (own.carrier !== undefined) byCarrier.get(own.carrier.id)?.delete(own)
    own.carrier = next
    own.waitsSinceMs = timers.now()
    if (next === undefined) return
    const carried = byCarrier.get(next.id)
    if (carried === undefined) byCarrier.set(next.id, new Set([own]))
    else carried.add(own)
  }

  function letGo(server: S, own: OwnStatement<S>): void {
    own.given.delete(server.id)
    if (server === self) carrier.letGo(own.statement.id, self)
    else if (links.has(server)) send(server, { type: 'let-go', id: own.statement.id })
  }

  /** Delegates that cover the place: the first ones of the group before the surplus, those without faults first, then the nearest. */
  function covering(place: Place): S[] {
    const group = links.groupAt(place)
    const able = group.filter((server) => links.covers(server, place))
    const rank = (server: S) => parts.faultsOf(server) * 4 + (group.indexOf(server) < settings.delegates ? 0 : 2)
    return able.sort((a, b) => rank(a) - rank(b) || (isNearer(place, a.place, b.place) ? -1 : 1))
  }

  function wait(own: OwnStatement<S>, ms: number, work: () => void): void {
    own.endWait()
    own.endWait = timers.after(ms, () => {
      own.endWait = NOTHING
      work()
    })
  }

  /** Has it carried, unless somebody does. */
  function place(own: OwnStatement<S>): void {
    if (own.isOver || own.carrier !== undefined) return
    const { statement } = own
    own.endWait()
    own.endWait = NOTHING
    if (links.coversHere(statement.place)) {
      if (own.leaving === self) return void stay(own)
      own.given.set(self.id, self)
      own.asked = self
      wait(own, settings.receiptMs, () => own.carrier === undefined && place(own))
      return void carrier.carry(statement, own.copies)
    }
    const able = covering(statement.place)
    const next = able.find(({ id }) => !own.tried.has(id) && id !== own.leaving?.id)
    if (next === undefined) {
      if (own.leaving !== undefined && own.canStay && able.includes(own.leaving)) return void stay(own)
      own.tried.clear()
      parts.repair(groupOf(statement.place, links.bits), statement.place)
      return void wait(own, AGAIN_MS, () => place(own))
    }
    own.asked = next
    remember(own, next)
    send(next, { type: 'carry', statement, copies: own.copies })
    wait(own, settings.receiptMs, () => {
      own.tried.add(next.id)
      parts.onFault(next)
      place(own)
    })
  }

  /** The carrier that was to be left covers the key again, or nobody else does. */
  function stay(own: OwnStatement<S>): void {
    setCarrier(own, own.leaving)
    own.leaving = undefined
  }

  /** Has another carrier look for it, and lets the one before go when it has. */
  function move(own: OwnStatement<S>, canStay: boolean): void {
    const { carrier: before } = own
    if (before === undefined) return
    setCarrier(own, undefined)
    own.leaving = before
    own.canStay = canStay
    place(own)
  }

  return {
    covering,
    place,
    move,
    setCarrier,
    letGo,
    /** The statements that the server carries. */
    carriedBy: (server: S): Iterable<OwnStatement<S>> => [...(byCarrier.get(server.id) ?? [])],
    /** A statement that nobody carries yet. */
    create: (statement: Statement<S>, onPlaced: (() => void) | undefined): OwnStatement<S> => ({
      statement,
      carrier: undefined,
      leaving: undefined,
      canStay: false,
      isOver: false,
      asked: undefined,
      given: new Map(),
      tried: new Set(),
      copies: settings.recordNodes,
      waitsSinceMs: timers.now(),
      endWait: NOTHING,
      onPlaced,
    }),
    /** True while an answer, or the next look, is waited for. */
    isWaiting: ({ endWait }: OwnStatement<S>) => endWait !== NOTHING,
    endWait(own: OwnStatement<S>) {
      own.endWait()
      own.endWait = NOTHING
    },
  }
}

function remember<S extends Server>(own: OwnStatement<S>, server: S): void {
  own.given.delete(server.id)
  own.given.set(server.id, server)
  const [oldest] = own.given.keys()
  if (own.given.size > MAX_GIVEN) own.given.delete(oldest as string)
}
