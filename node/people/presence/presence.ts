/**
 * Presence of people: this instance holds its account's key while it is online, looks for the instances of its contacts, of its own account and of
 * the rooms it is in, and keeps a link to each. An instance is shown only while its link says so; nothing about people goes through record nodes.
 */

import { createEmitter } from '../../async/emitter.ts'
import { createSemaphore } from '../../async/semaphore.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { LinkFrame } from '../format/link-frames.ts'
import type { Identity, SessionRefusal, Sessions, WayTarget } from '../way/types.ts'
import type { CANDIDATE_DEFAULTS } from './candidates.ts'
import { createLinkedCircle } from './circle.ts'
import { createGathering, type GATHERING_DEFAULTS, type GatheringContext } from './gathering.ts'
import { createKnownPeople, createRelations, presenceKeyOf } from './known-people.ts'
import type { Link } from './link.ts'
import { createLinkDialer, type DIALER_DEFAULTS } from './link-dialer.ts'
import { createLinks, type LINKS_DEFAULTS, type LinkJudge } from './links.ts'
import { createRoomCircles } from './room-circles.ts'
import { createLinkStatements } from './statements.ts'
import type { AccountBook, PresenceCircle, PresenceRendezvous } from './types.ts'

export interface PresenceContext {
  /** This instance's peer id. */
  self: string
  rendezvous: PresenceRendezvous
  sessions: Sessions
  book: AccountBook
  /** `now` is monotonic, in ms. */
  clock: { now(): number; random(): number }
}

type PresenceSettings = typeof LINKS_DEFAULTS & typeof DIALER_DEFAULTS & typeof GATHERING_DEFAULTS & typeof CANDIDATE_DEFAULTS
export type PresenceOptions = Partial<PresenceSettings>

/** Searches of all gatherings at once: a home answers eight of one tab. */
const MAX_SEARCHES = 6

export type Presence = ReturnType<typeof createPresence>

export function createPresence({ self, rendezvous, sessions, book, clock }: PresenceContext, options: PresenceOptions = {}) {
  const relations = createRelations(book)
  const { isKnown, relationTo, personOf } = relations
  const searches = createSemaphore(MAX_SEARCHES)
  const gone = createEmitter<string>()
  /** This account's key is held while this instance is online. */
  let hold: Hold | undefined
  let ending: (() => void)[] = []
  let sequence = 0

  const judge: LinkJudge = {
    refusalOf: (remote, shared, trust) =>
      refusalBy(book, remote, isKnown(remote.account) || [...shared].some(rooms.has) || (trust !== undefined && known.canCheck)),
    provenBy: (proofs, peer) => rooms.provenBy(proofs, peer),
    prove: (ids, peer) => rooms.prove(ids, peer),
    answers: (id) => rooms.answers(id),
  }
  const links = createLinks(
    {
      self,
      sessions,
      judge,
      now: clock.now,
      listener: {
        onOpen(link) {
          known.onOpen(link)
          for (const { gathering } of rooms.of(link)) gathering?.enter(link.peer)
        },
        onSession: greet,
        onEnter(link, room) {
          rooms.onEnter(link, room)
          dialer.onChange(link)
        },
        onLeave: (link, room) => rooms.onLeave(link, room),
        onState(link, circleId) {
          if (circleId === '') circle.onState(link)
          else rooms.onState(link, circleId)
        },
        onStatement: (link, frame) => statements.onStatement(link, frame),
        onCut(link) {
          for (const each of gatheringsOf(link)) each.cut(link.peer)
          dialer.onChange(link)
        },
        onGone(link) {
          for (const each of gatheringsOf(link)) each.leave(link.peer)
          rooms.onGone(link)
          circle.attendance.leave(link.peer)
          dialer.onChange(link)
          gone.emit(link.peer)
        },
      },
    },
    options,
  )
  const dialer = createLinkDialer({ sessions, links, judge }, options)
  const statements = createLinkStatements(book, {
    links: links.all,
    relationOf(link) {
      const relation = relationTo(link.remote.account)
      return relation === 'stranger' ? undefined : relation
    },
  })
  const createCircle = (room: Uint8Array | undefined) =>
    createLinkedCircle({
      ownAccount: personOf({ account: book.publicKey, peer: self }).account,
      room,
      linkOf: links.get,
      personOf: ({ remote }) => personOf(remote),
      expire: links.expire,
      nextSequence: () => ++sequence,
    })
  const gather = (found: Pick<GatheringContext, 'key' | 'isHeld' | 'dial'>) =>
    createGathering({ ...found, self, rendezvous, onLeft: links.forgetLost, searches, clock }, options)
  const circle = createCircle(undefined)
  const onKnown = (link: Link) => statements.greet(link, link.send)
  const known = createKnownPeople({ book, relations, circle, dialer, links, gather, onKnown })
  const rooms = createRoomCircles({
    personOf,
    createCircle,
    tell: dialer.tell,
    leave: links.leaveRoom,
    links: links.all,
    gather(room) {
      if (hold === undefined) return undefined
      const dial = async (target: WayTarget) => (room.refused.has(target.peer) ? 'stranger' : dialer.dial(target, { room: room.id }))
      return { hold: rendezvous.hold(room.key), gathering: gather({ key: room.key, isHeld: true, dial }) }
    },
  })

  function gatheringsOf(link: Link) {
    return [known.gatheringOf(link), ...rooms.of(link).map(({ gathering }) => gathering)].filter((each) => each !== undefined)
  }

  function greet(link: Link, send: (frame: LinkFrame) => void): void {
    tellWhere(rendezvous, send)
    if (circle.attendance.has(link.peer)) circle.repeat(send)
    rooms.greet(link, send)
    statements.greet(link, send)
  }

  function onHome(): void {
    for (const { send } of links.all()) tellWhere(rendezvous, send)
  }

  function onBookChange(): void {
    statements.tellNewRevocations()
    for (const link of links.all()) links.endUnwanted(link)
    known.onBookChange()
    for (const link of links.all()) rooms.rename(link)
    statements.onChange()
  }

  return {
    /** Contacts, and this account's other instances. */
    circle: circle.face as PresenceCircle,
    /** Rooms stay over `stop` and `start`. @throws {MayflyError} ERR_LIMIT, when this peer holds too many keys; ERR_BAD_OPTION, when it is in the room */
    enterRoom: rooms.enter,
    personOf,
    /** Where an instance can be reached that is there. */
    targetOf: (peer: string): WayTarget | undefined => links.get(peer)?.target,
    /** An instance has gone, from all circles. Returns the function that ends it. */
    onGone: gone.on,
    /** This process has slept. */
    check: links.check,
    /** Goes online. @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT */
    start() {
      if (hold !== undefined) return
      hold = rendezvous.hold(presenceKeyOf(book.publicKey))
      links.start()
      known.start()
      rooms.start()
      ending = [book.onChange(onBookChange), rendezvous.onHome(onHome)]
    },
    /** Goes offline: the others are told, and nobody is shown. */
    stop() {
      if (hold === undefined) return
      for (const end of ending) end()
      known.stop()
      rooms.stop()
      dialer.stop()
      links.stop()
      statements.stop()
      void hold.release()
      hold = undefined
    },
  }
}

function refusalBy(book: AccountBook, remote: Identity, isWelcome: boolean): SessionRefusal | undefined {
  if (book.isRevoked(remote)) return { code: 'ERR_REVOKED', text: 'this place of the account was revoked' }
  if (isWelcome && !book.isBlocked(remote.account)) return undefined
  return { code: 'ERR_REFUSED', text: 'this account is not known here' }
}

function tellWhere(rendezvous: Pick<PresenceRendezvous, 'where'>, send: (frame: LinkFrame) => void): void {
  const where = rendezvous.where()
  if (where !== undefined) send({ type: 'where', ...where })
}
