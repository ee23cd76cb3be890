/**
 * How a live server comes into its group: by joining.ts, which begins with the first word of another server on its group, goes on with another
 * one where that fails, and ends after a time whatever was reached. The first server of a network has nobody to ask, and is in its group at once.
 */

import type { PeerId } from '@libp2p/interface'
import type { Timers } from '../async/timers.ts'
import type { SizeReport } from '../groups/group-bits.ts'
import { createJoining } from '../groups/joining.ts'
import type { Links } from '../groups/links.ts'
import type { Questions } from '../groups/questions.ts'
import type { GroupPeer } from './group-streams.ts'

/** A server that others have dialled, and that has heard no word of a group by then, is the first of its network, in ms. */
const FIRST_MS = 1_000
/** Between two tries to join, in ms. */
const AGAIN_MS = 300
/** A server that is not linked by then is not waited for, in ms: one that does not answer is dialled again and again for longer. */
const LINKED_MS = 3_000
/** The same for one that may come by itself first. */
const PATIENT_MS = 6_000

export interface GroupJoiningContext {
  links: Links<GroupPeer>
  questions: Questions<GroupPeer>
  timers: Pick<Timers, 'now' | 'after'>
  /**
   * Dials a server.
   *
   * @param end hears whether there is a connection; where it is left out, the server may come by itself first
   * @param terms it hears after one attempt: one that refuses is not waited for
   */
  want(server: GroupPeer, end?: (isOpen: boolean) => void, terms?: { isBrief: true }): void
  /** False for a server that has dialled this one. */
  isDialled(peer: PeerId): boolean
  /** Of the group of a server, by its last word; bits below zero where it has said nothing. */
  reportOf(server: GroupPeer): SizeReport
  /** A server says in an answer how many bits its group has. */
  onBits(bits: number, from: GroupPeer): void
  /**
   * @param isIn this server is in its group, or was given the time to come in; false: those that it asked have not named whom to dial
   * @param spare a link that was needed to come in alone
   */
  onEnd(isIn: boolean, spare?: GroupPeer): void
}

export type GroupJoining = ReturnType<typeof createGroupJoining>

/** @param joiningMs how long it may take */
export function createGroupJoining(context: GroupJoiningContext, joiningMs: number) {
  const { links, questions, timers } = context
  /**
   * `first`: it is in its group, which another one may know better. `led`: others have been asked whom to dial, and nobody else is dialled
   * meanwhile. `unled`: they did not know.
   */
  let state: 'alone' | 'first' | 'led' | 'unled' | 'over' = 'alone'
  /** Dials of servers that are not linked yet. Bounded: those that have been named. */
  const linkWaits = new Set<{ id: string; end(isLinked: boolean): void }>()
  const asked = new Set<string>()
  let endTime: (() => void) | undefined
  let endFirst: (() => void) | undefined
  let endAgain: (() => void) | undefined
  let failures = 0
  let isStopped = false
  const isWanted = ({ id }: GroupPeer) => [...linkWaits].some((wait) => wait.id === id)
  const isLinked = ({ id }: { id: string }) => links.get(id) !== undefined

  const joining = createJoining<GroupPeer>(
    { self: links.self },
    {
      ...{ links, questions },
      patient: { want: wantPatiently, isWanted },
      dialer: {
        ...{ want, isWanted },
        get size() {
          return linkWaits.size
        },
      },
      setBits: context.onBits,
      onReady() {},
      onWhole: (spare) => enter('over', spare),
    },
  )

  function enter(next: 'first' | 'over', spare?: GroupPeer): void {
    if (state === 'over' || isStopped) return
    state = next
    context.onEnd(true, spare)
  }

  /** A connection is open before its server is known as one, and takes no questions until then. */
  function waitFor({ id }: GroupPeer, limitMs: number, onEnd: (isLinked: boolean) => void) {
    const wait = {
      id,
      end(isReached: boolean) {
        endWait()
        if (linkWaits.delete(wait)) onEnd(isReached)
      },
    }
    const endWait = timers.after(limitMs, () => wait.end(false))
    linkWaits.add(wait)
    return wait
  }

  function want(server: GroupPeer, onEnd: (isLinked: boolean) => void = () => {}): void {
    if (isStopped) return
    const wait = waitFor(server, LINKED_MS, onEnd)
    context.want(server, (isOpen) => (!isOpen || isLinked(server)) && wait.end(isOpen), { isBrief: true })
  }

  function wantPatiently(server: GroupPeer, onEnd: (isLinked: boolean) => void = () => {}): void {
    if (isStopped) return
    if (isLinked(server)) return void onEnd(true)
    waitFor(server, PATIENT_MS, onEnd)
    context.want(server)
  }

  /** One that has said something of its group; for the first of a network, one that knows more. */
  function findEntrance(): GroupPeer | undefined {
    const isBetter = ({ bits, size }: SizeReport) => state !== 'first' || bits > links.bits || size > links.mates().length + 1
    const known = [...links.all()].filter((server) => context.reportOf(server).bits >= 0 && isBetter(context.reportOf(server)))
    return known.find(({ id }) => !asked.has(id)) ?? known[0]
  }

  function begin(): void {
    if (state === 'led' || state === 'over' || isStopped) return
    const entrance = findEntrance()
    if (entrance === undefined) return
    state = 'led'
    asked.add(entrance.id)
    joining.join(entrance, () => {
      if (state !== 'led' || isStopped) return
      state = 'unled'
      failures++
      context.onEnd(false)
      endAgain = timers.after(AGAIN_MS, begin)
    })
  }

  function onFirstLink(): void {
    endTime = timers.after(joiningMs, () => enter('over'))
    endFirst = timers.after(FIRST_MS, () => {
      if (state === 'alone' && ![...links.all()].some(({ peer }) => context.isDialled(peer))) enter('first')
    })
  }

  return {
    get isJoining() {
      return state !== 'over' && state !== 'first'
    },
    /** Delegates are named by those that were asked, and no others are dialled. */
    get isLed() {
      return state === 'led' && failures === 0
    },
    /** A server has said something of its group. */
    begin,
    /** Other servers are linked. */
    onLinks() {
      if (links.size > 0 && endTime === undefined) onFirstLink()
      for (const wait of [...linkWaits].filter(isLinked)) wait.end(true)
      begin()
      joining.check()
    },
    stop() {
      isStopped = true
      for (const end of [endTime, endFirst, endAgain]) end?.()
      for (const wait of linkWaits) wait.end(false)
    },
  }
}
