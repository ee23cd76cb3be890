/** Answers of a server about others: members of a group, those nearest to a place, and all that a joiner needs. */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Links } from './links.ts'
import type { Answer, Question } from './messages.ts'
import { groupOf, nearestTo, type Place, type Server } from './place.ts'
import type { Questions } from './questions.ts'

/** Members that are named at once. */
const MAX_SUGGESTED = 4
/** Servers next to a joiner that are named. */
const MAX_NEAREST = 8
/** Of a whole group, the nearest to the joiner, which compares for the others: an answer has room for so many. */
const MAX_LISTED = 32
/** A server with so many times the delegates of a joiner's group among its links does not become one more: an entrance would be everybody's. */
const MAX_LINKS_RATIO = 2
/** How long members of other groups are told to joiners before they are asked for again, in ms. */
const FRESH_MS = 10_000
/** A joiner does not wait longer for the word of delegates, in ms. */
const MEMBERS_MS = 500

/** Called once, at once or later. */
type Reply<S extends Server> = (answer: Answer<S>) => void

export function createIntroductions<S extends Server>(
  { self, timers, random, reportOf }: Pick<GroupContext<S>, 'self' | 'timers' | 'random' | 'reportOf'>,
  links: Links<S>,
  questions: Questions<S>,
  { delegates }: Pick<GroupSettings, 'delegates'>,
  isJoining: () => boolean,
) {
  /**
   * Members of other groups for joiners, by group; those of one number of bits. Bounded: the groups.
   * `waiting` are questions that came before the delegates have answered; bounded by those that each connected peer may ask within MEMBERS_MS.
   */
  let members: { bits: number; askedAtMs: number; groups: Map<number, readonly S[]>; waiting?: (() => void)[] | undefined } = {
    bits: -1,
    askedAtMs: Number.NEGATIVE_INFINITY,
    groups: new Map(),
  }

  function sample(from: S[], count: number): S[] {
    const some: S[] = []
    for (let i = 0; i < count && from.length > 0; i++) some.push(...from.splice(Math.floor(random() * from.length), 1))
    return some
  }

  function membersOf(group: number, bits: number): S[] {
    const isMember = ({ place }: Server) => groupOf(place, bits) === group
    const all = bits === links.bits ? [...links.group(group)] : [...links.all()].filter(isMember)
    return isMember(self) ? [self, ...all] : all
  }

  function suggest({ bits, group, near, isPassedOn }: Question & { type: 'suggest' }, reply: Reply<S>): void {
    const known = membersOf(group, bits)
    if (near !== undefined) return void reply({ type: 'servers', servers: nearestTo(near, known, MAX_SUGGESTED) })
    const isOwn = groupOf(self.place, bits) === group
    const delegate = known[Math.floor(random() * known.length)]
    // One's own delegates are known to many already: one of them names others.
    if (isOwn || isPassedOn || delegate === undefined) return void reply({ type: 'servers', servers: sample(known, MAX_SUGGESTED) })
    questions.ask(delegate, { type: 'suggest', bits, group, isPassedOn: true }, (answer) =>
      reply(
        answer?.type === 'servers'
          ? { type: 'servers', servers: answer.servers.slice(0, MAX_SUGGESTED) }
          : { type: 'servers', servers: [] },
      ),
    )
  }

  /** Asks a delegate of each group for members of its own, so that the answerer's delegates do not become hubs. */
  function refreshMembers(then: () => void): void {
    const { bits } = links
    if (members.bits === bits && timers.now() - members.askedAtMs < FRESH_MS) {
      if (members.waiting === undefined) then()
      else members.waiting.push(then)
      return
    }
    const asked: typeof members = { bits, askedAtMs: timers.now(), groups: new Map(), waiting: [then] }
    members = asked
    let open = 1
    const end = () => {
      if (--open > 0) return
      const { waiting = [] } = asked
      asked.waiting = undefined
      for (const each of waiting) each()
    }
    for (let group = 0; group < links.groupCount; group++) {
      const linked = links.group(group)
      const delegate = linked[Math.floor(random() * linked.length)]
      if (group === links.ownGroup || delegate === undefined) continue
      open++
      const onAnswer = (answer: Answer<S> | undefined) => {
        asked.groups.set(group, answer?.type === 'servers' && answer.servers.length > 0 ? answer.servers.slice(0, MAX_SUGGESTED) : linked)
        end()
      }
      questions.ask(delegate, { type: 'suggest', bits, group, isPassedOn: true }, onAnswer, MEMBERS_MS)
    }
    end()
  }

  /** One of each group comes first, then another one. Of its own group the answerer is one, where it has few links to the joiner's. */
  function chooseDelegates(place: Place): S[] {
    const chosen: S[][] = []
    for (let group = 0; group < links.groupCount; group++) {
      const known = members.bits === links.bits ? members.groups.get(group) : undefined
      const isNamed = group === links.ownGroup && links.groupAt(place).length <= MAX_LINKS_RATIO * delegates
      const others = sample([...(known ?? links.group(group))], delegates - Number(isNamed))
      if (group !== groupOf(place, links.bits)) chosen.push(isNamed ? [self, ...others] : others)
    }
    return Array.from({ length: delegates }, (_, turn) => chosen.flatMap((each) => each[turn] ?? [])).flat()
  }

  /** Those nearest to a joiner that know a group. Where many join at once, the nearest of all are joiners, too, and cannot tell it anything. */
  function nearestIn(place: Place, known: readonly S[]): S[] {
    const inGroups = known.filter((server) => server === self || reportOf(server).bits >= 0)
    return nearestTo(place, inGroups.length > 0 ? inGroups : known, MAX_NEAREST)
  }

  /** All that a joiner needs, where this server is in the group; else those that may know it. */
  function describe(place: Place, known: readonly S[], delegates: readonly S[]): Answer<S> {
    const isWhole = links.covers(self, place) && !isJoining()
    const group = [self, ...links.mates()]
    const servers = isWhole ? nearestTo(place, group, MAX_LISTED) : nearestIn(place, known)
    return { type: 'group', bits: links.bits, isWhole, size: isWhole ? group.length : 0, servers, delegates }
  }

  const join = ({ place }: { place: Place }, reply: Reply<S>) =>
    refreshMembers(() => reply(describe(place, [self, ...links.all()], chooseDelegates(place))))
  const mates = ({ place }: { place: Place }) => describe(place, [...links.all()], [])

  return { suggest, join, mates }
}
