/**
 * How a server joins: one that it knows names the servers nearest to it and members of each group; a mate, which that one may be itself, says how
 * large the group is, and names the nearest of it. These are dialled first, then mates and delegates in turns; a comparison brings the rest of a large group. The joiner
 * serves as soon as it has some mates; it is whole when it has all.
 */

import type { GroupContext } from './context.ts'
import type { Dialer } from './dialer.ts'
import type { Links } from './links.ts'
import { compareNotes } from './mates.ts'
import type { Answer } from './messages.ts'
import { nearestTo, type Server } from './place.ts'
import type { Questions } from './questions.ts'

/** Mates that are dialled first, and with which a server is ready. */
const READY_MATES = 8
/** Servers that are asked one after the other for the list of the group. */
const MAX_STEPS = 8
/** The list of a large group takes longer to come than other answers, in ms. */
const LIST_MS = 3_000
/** The part of the group that must be linked. The rest may have left meanwhile. */
const WHOLE_PART = 0.97

export interface JoiningParts<S extends Server> {
  links: Links<S>
  questions: Questions<S>
  dialer: Pick<Dialer<S>, 'want' | 'isWanted' | 'size'>
  /** Dials servers that may come by themselves before: both ends of a pair that come at the same moment are told of each other. */
  patient: Pick<Dialer<S>, 'want' | 'isWanted'>
  /** A group has so many bits, as one of its members says. */
  setBits(bits: number, from: S): void
  onReady(): void
  /** @param spare the entrance, where it is of another group and did not name itself: it has links enough */
  onWhole(spare: S | undefined): void
}

type GroupAnswer<S extends Server> = Answer<S> & { type: 'group' }

export type Joining<S extends Server> = ReturnType<typeof createJoining<S>>

export function createJoining<S extends Server>({ self }: Pick<GroupContext<S>, 'self'>, parts: JoiningParts<S>) {
  const { links, questions, dialer, patient, setBits, onReady, onWhole } = parts
  let state: 'alone' | 'joining' | 'ready' | 'whole' = 'alone'
  /** Members of the group, as one of them has said; 0 before. */
  let needed = 0
  /** The group is being taken in: servers that are to be dialled may not have been named yet. */
  let isTakingIn = false
  let spare: S | undefined
  const tried = new Set<string>()
  const isOther = ({ id }: S) => id !== self.id

  function check(): void {
    if (needed === 0 || state === 'whole' || state === 'alone') return
    const mates = links.mates().length
    const areAllDialled = dialer.size === 0 && !isTakingIn
    // Others of a small group may be gone.
    if (state === 'joining' && (mates >= Math.min(READY_MATES, needed) || (areAllDialled && mates > 0))) {
      state = 'ready'
      onReady()
    }
    for (let group = 0; group < links.groupCount; group++) {
      if (group !== links.ownGroup && links.group(group).length === 0 && !areAllDialled) return
    }
    if (state !== 'ready' || (mates < needed * WHOLE_PART && !areAllDialled)) return
    state = 'whole'
    onWhole(spare)
  }

  /** @param from a mate */
  function dialAll(from: S, { servers, size }: GroupAnswer<S>, delegates: readonly S[]): void {
    const mates = servers.filter(isOther)
    needed = Math.max(1, size - 1)
    isTakingIn = true
    const nearest = nearestTo(self.place, mates, READY_MATES)
    for (const mate of nearest) dialer.want(mate, check)
    const rest = mates.filter((mate) => !nearest.includes(mate))
    for (let i = 0; i < Math.max(rest.length, delegates.length); i++) {
      const [delegate, mate] = [delegates[i], rest[i]]
      if (delegate !== undefined) dialer.want(delegate, check)
      if (mate !== undefined) patient.want(mate, check)
    }
    const onDone = () => {
      isTakingIn = false
      check()
    }
    const listed = new Set([from, ...mates].map(({ id }) => id))
    if (listed.size < needed) compareNotes(from, links, questions, patient, { but: listed, onEnd: check, onDone })
    else onDone()
  }

  /** Asks one after the other, each nearer than the one before, until one knows the group. */
  function step(candidates: readonly S[], delegates: readonly S[], steps: number, retry: () => void): void {
    const next = candidates.find((server) => isOther(server) && !tried.has(server.id))
    if (next === undefined || steps > MAX_STEPS) return void retry()
    tried.add(next.id)
    const other = () => step(candidates, delegates, steps + 1, retry)
    dialer.want(next, (isOpen) => {
      if (!isOpen) return other()
      const mate = links.get(next.id) ?? next
      const onAnswer = (answer: Answer<S> | undefined) => {
        if (answer?.type !== 'group') return other()
        setBits(answer.bits, mate)
        if (answer.isWhole) dialAll(mate, answer as GroupAnswer<S>, delegates)
        else step([...answer.servers, ...candidates], delegates, steps + 1, retry)
      }
      questions.ask(mate, { type: 'mates', place: self.place }, onAnswer, LIST_MS)
    })
  }

  return {
    get isJoining() {
      return state === 'joining' || state === 'ready'
    },
    get isReady() {
      return state === 'ready' || state === 'whole'
    },
    /** This server is in its group already: it is the first, or was placed there. */
    placed() {
      state = 'whole'
    },
    /** @param onFailed the entrance, or those that it named, could not be reached */
    join(entrance: S, onFailed: () => void) {
      state = 'joining'
      isTakingIn = false
      tried.clear()
      dialer.want(entrance, (isOpen) => {
        if (!isOpen) return onFailed()
        questions.ask(
          entrance,
          { type: 'join', place: self.place },
          (answer) => {
            if (answer?.type !== 'group') return onFailed()
            const { bits, isWhole, servers, delegates } = answer as GroupAnswer<S>
            setBits(bits, entrance)
            spare = isWhole || delegates.some(({ id }) => id === entrance.id) ? undefined : entrance
            if (isWhole) dialAll(entrance, answer as GroupAnswer<S>, delegates)
            else step(servers, delegates, 0, onFailed)
          },
          LIST_MS,
        )
      })
    },
    check,
  }
}
