/**
 * The links of this instance, by peer: who gets one, and how one ends. A session that was closed, or whose other end does not answer, ends its link at
 * once. A link whose session was cut stays for a short while, as lost: a tab whose home is gone comes back through another one.
 */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes } from '../../keys/index.ts'
import type { BookFrame, EntriesFrame, LinkFrame, RevocationsFrame, TrustFrame, WantBookFrame, WhereFrame } from '../format/link-frames.ts'
import type { Identity, RoomProof, Session, SessionRefusal, Sessions, Topic, WayTarget } from '../way/types.ts'
import { createLink, type Link } from './link.ts'
import type { LinkedFrame } from './link-session.ts'
import { createLostLinks } from './lost-links.ts'

/** The frames that are no matter of presence. */
export type StatementFrame = RevocationsFrame | TrustFrame | BookFrame | EntriesFrame | WantBookFrame

export interface LinksListener {
  /** A session is open where none was, and it is known where the instance is: the link is new, or it was lost. */
  onOpen(link: Link): void
  /** Another session is open: it has to hear all from the start. */
  onSession(link: Link, send: (frame: LinkFrame) => void): void
  /** The other end has proven a room; it may do so twice. */
  onEnter(link: Link, room: string): void
  onLeave(link: Link, room: string): void
  onState(link: Link, circle: string): void
  onStatement(link: Link, frame: StatementFrame): void
  /** The last session was cut; `onGone` follows, unless another one comes soon. */
  onCut(link: Link): void
  onGone(link: Link): void
}

/** Decides with whom there is a link. */
export interface LinkJudge {
  /** Why there is none with this instance; undefined when it is known, shares a room, or shows a statement that is to be checked. */
  refusalOf(remote: Identity, rooms: Iterable<string>, trust: Uint8Array | undefined): SessionRefusal | undefined
  /** Rooms that the proofs of this peer prove, by key in hex. */
  provenBy(proofs: readonly RoomProof[], peer: string): string[]
  prove(rooms: Iterable<string>, peer: string): RoomProof[]
  /** False for a room that proves itself only after it has admitted the other. */
  answers(room: string): boolean
}

export interface LinksContext {
  /** This instance's peer id. */
  self: string
  sessions: Pick<Sessions, 'handle'>
  judge: LinkJudge
  listener: LinksListener
  /** Monotonic clock, in ms. */
  now(): number
}

export const LINKS_DEFAULTS = {
  /** Links at once: the instances of a thousand contacts. */
  maxLinks: 2_048,
  /** Links with the instances of one account. */
  maxLinksPerAccount: 32,
  /** How long an instance is still shown whose link was cut, in ms. A tab whose home has gone is back within two seconds. */
  graceMs: 4_000, // with the 9 s until a stopped home is noticed, less than the 15 s after which nobody may be shown
  /** How long the other end of a link may take to prove a room, in ms. */
  proveMs: 5_000,
}

export type Links = ReturnType<typeof createLinks>

export function createLinks({ self, sessions, judge, listener, now }: LinksContext, options: Partial<typeof LINKS_DEFAULTS> = {}) {
  const settings = { ...LINKS_DEFAULTS, ...options }
  /** By peer id. Bounded: maxLinks. */
  const links = new Map<string, Link>()
  const lost = createLostLinks({ now, onOver: forget, onUnproven: leave }, settings)
  let endHandler: (() => void) | undefined

  const { refusalOf, accept } = createAdmission(links, { self, judge, settings })

  /** The link of the session's instance; an earlier one of another place or account ends. */
  function linkOf({ remote, topic, direction }: Session): Link {
    const known = links.get(remote.peer)
    if (known !== undefined) {
      if (equalBytes(known.remote.place, remote.place) && equalBytes(known.remote.account, remote.account)) return known
      end(known, new Error('replaced by a link of another place'))
    }
    const link: Link = createLink(
      { remote },
      self,
      {
        onFrame: (frame) => onFrame(link, frame),
        onState: (circle) => listener.onState(link, circle),
        onEnd: (reason) => onEnd(link, reason),
      },
      now,
    )
    if (direction === 'inbound') link.trust = trustIn(topic)
    links.set(remote.peer, link)
    return link
  }

  /**
   * To be called at once, before anything is awaited.
   *
   * @param rooms that the other end has proven in its hello
   * @param target where it was found; left out, it has yet to tell
   */
  function adopt(session: Session, rooms: readonly string[], target?: WayTarget): void {
    const link = linkOf(session)
    const wasShown = link.isOpen && link.target !== undefined
    const send = link.add(session)
    link.target ??= target
    const own = proofsIn(session.direction === 'outbound' ? session.topic : session.answered)
    for (const { room } of own) link.told.add(encodeKeyHex(room))
    lost.onOpen(link)
    if (!wasShown) show(link)
    listener.onSession(link, send)
    for (const room of rooms) enter(link, room)
  }

  /** Nobody is shown before it can be called. */
  function show(link: Link): void {
    if (link.target === undefined) return
    listener.onOpen(link)
    for (const room of link.proven) listener.onEnter(link, room)
  }

  function enter(link: Link, room: string): void {
    lost.onProven(link, room)
    link.proven.add(room)
    if (link.target !== undefined) listener.onEnter(link, room)
  }

  function leave(link: Link, room: string): void {
    link.told.delete(room)
    link.forgetState(room)
    if (link.proven.delete(room)) listener.onLeave(link, room)
    endUnwanted(link)
  }

  function onFrame(link: Link, frame: LinkedFrame): void {
    switch (frame.type) {
      case 'where':
        onWhere(link, frame, show)
        break
      case 'enter':
        for (const room of judge.provenBy(frame.rooms, link.peer)) enter(link, room)
        break
      case 'leave':
        leave(link, encodeKeyHex(frame.room))
        break
      default:
        listener.onStatement(link, frame)
    }
  }

  function onEnd(link: Link, reason: Error | undefined): void {
    if (links.get(link.peer) !== link) return
    if (isLost(reason) && endHandler !== undefined && lost.add(link)) listener.onCut(link)
    else forget(link)
  }

  function forget(link: Link): void {
    if (links.get(link.peer) !== link) return
    lost.forget(link)
    links.delete(link.peer)
    listener.onGone(link)
  }

  function end(link: Link, reason?: Error): void {
    link.end(reason)
    forget(link)
  }

  /** Ends the link, unless somebody wants it: since the instance is known, shares a room, or has yet to answer the proof of one. */
  function endUnwanted(link: Link): void {
    if (links.get(link.peer) === link && refusalOf(link.remote, [...link.proven, ...link.told]) !== undefined) end(link)
  }

  return {
    get: (peer: string): Link | undefined => links.get(peer),
    all: (): Link[] => [...links.values()],
    refusalOf,
    adopt,
    endUnwanted,
    /** The proof of a room is taken back, and nothing that the other end says in it counts. */
    leaveRoom(link: Link, room: string, key: Uint8Array) {
      if (link.told.has(room)) link.send({ type: 'leave', room: key })
      leave(link, room)
    },
    /** The records say that a lost instance is not there. */
    forgetLost(peer: string) {
      const link = links.get(peer)
      if (link !== undefined && lost.has(link)) forget(link)
    },
    /** Forgets those whose grace is over: timers of a hidden tab are late. */
    expire: lost.expire,
    /** This process has slept: nobody is shown any longer of whom nothing is heard. */
    check() {
      lost.onWake()
      for (const link of links.values()) link.check()
    },
    start() {
      endHandler ??= sessions.handle('link', accept, (session) => {
        adopt(session, judge.provenBy(proofsIn(session.topic), session.remote.peer))
      })
    },
    stop() {
      endHandler?.()
      endHandler = undefined
      for (const link of [...links.values()]) end(link)
    },
  }
}

export const proofsIn = (topic: Topic): readonly RoomProof[] => (topic.kind === 'link' ? (topic.rooms ?? []) : [])

const trustIn = (topic: Topic) => (topic.kind === 'link' ? topic.trust : undefined)

/** Decides on each instance that asks for a link, or is to have one. */
function createAdmission(
  links: ReadonlyMap<string, Link>,
  { self, judge, settings }: Pick<LinksContext, 'self' | 'judge'> & { settings: typeof LINKS_DEFAULTS },
) {
  function refusalOf(remote: Identity, rooms: Iterable<string>, trust?: Uint8Array): SessionRefusal | undefined {
    if (remote.peer === self) return { code: 'ERR_REFUSED', text: 'a peer has no link with itself' }
    return (links.has(remote.peer) ? undefined : refusalByNumber(links, remote, settings)) ?? judge.refusalOf(remote, rooms, trust)
  }

  function accept(remote: Identity, topic: Topic): SessionRefusal | { answer: Topic } {
    const rooms = judge.provenBy(proofsIn(topic), remote.peer)
    const known = links.get(remote.peer)?.proven ?? []
    const refusal = refusalOf(remote, [...rooms, ...known], trustIn(topic))
    return refusal ?? { answer: { kind: 'link', rooms: judge.prove(rooms.filter(judge.answers), remote.peer) } }
  }

  return { refusalOf, accept }
}

function refusalByNumber(
  links: ReadonlyMap<string, Link>,
  { account }: Identity,
  { maxLinks, maxLinksPerAccount }: Pick<typeof LINKS_DEFAULTS, 'maxLinks' | 'maxLinksPerAccount'>,
): SessionRefusal | undefined {
  if (links.size >= maxLinks) return { code: 'ERR_LIMIT', text: `at most ${maxLinks} links` }
  const ofAccount = [...links.values()].filter(({ remote }) => equalBytes(remote.account, account))
  return ofAccount.length < maxLinksPerAccount
    ? undefined
    : { code: 'ERR_LIMIT', text: `at most ${maxLinksPerAccount} links with one account` }
}

/** True for a session that was cut, whose other end may come back through another home. */
const isLost = (reason: Error | undefined) => reason !== undefined && !(reason instanceof MayflyError && reason.code === 'ERR_TIMEOUT')

function onWhere(link: Link, { home, addresses }: WhereFrame, onFirst: (link: Link) => void): void {
  const isFirst = link.target === undefined
  link.target = { peer: link.peer, home, addresses }
  if (isFirst) onFirst(link)
}
