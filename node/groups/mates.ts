/** How mates find each other: one tells how many it knows and all of their places mixed; where that differs, it fetches those that it lacks. */

import type { GroupContext } from './context.ts'
import type { Dialer } from './dialer.ts'
import type { Links } from './links.ts'
import type { Answer, Question } from './messages.ts'
import { groupOf, type Server } from './place.ts'
import type { Questions } from './questions.ts'

/** The servers that share its first bits with this one, itself among them, as this one knows them. */
function* groupAround<S extends Server>(links: Links<S>, bits: number): Generator<S> {
  const group = groupOf(links.self.place, bits)
  yield links.self
  for (const server of links.bits === bits ? links.mates() : links.all()) if (groupOf(server.place, bits) === group) yield server
}

function digestOf<S extends Server>(servers: Iterable<S>): { count: number; mix: number } {
  let [count, mix] = [0, 0]
  for (const { place } of servers) {
    count++
    mix ^= place.high ^ Math.imul(place.low, 0x9e3779b1)
  }
  return { count, mix }
}

/** Ids that one fetch names. */
const MAX_FETCHED = 32
/** A server that has learned of a mate compares again after this part of the usual time, give or take a fifth: where one came, more may have. */
const SOON_PART = 0.1

export interface CompareOptions {
  /** Servers that are dialled already, by their ids. */
  but?: ReadonlySet<string>
  /** Hears of each dial how it ended; where it is left out, a server may come by itself before it is dialled. */
  onEnd?(isOpen: boolean): void
  /** Servers are dialled that were not known. */
  onNews?(): void
  /** All that the mate knows more has been fetched, or it has not answered. */
  onDone?(): void
}

export function compareNotes<S extends Server>(
  mate: S,
  links: Links<S>,
  questions: Questions<S>,
  dialer: Pick<Dialer<S>, 'want' | 'isWanted'>,
  { but, onEnd, onNews, onDone }: CompareOptions = {},
): void {
  const { bits } = links
  let left = 0
  const take = (fetched: Answer<S> | undefined) => {
    takeServers(fetched)
    if (--left === 0) onDone?.()
  }
  const takeServers = (fetched: Answer<S> | undefined) => {
    if (fetched?.type !== 'servers' || links.bits !== bits) return
    const group = links.ownGroup
    const mates = fetched.servers.filter((server) => groupOf(server.place, bits) === group && !dialer.isWanted(server))
    for (const server of mates) dialer.want(server, onEnd)
    if (mates.length > 0) onNews?.()
  }
  questions.ask(mate, { type: 'compare', bits, ...digestOf(groupAround(links, bits)) }, (roster) => {
    if (roster?.type !== 'roster' || links.bits !== bits) return onDone?.()
    const lacking = roster.ids.filter((id) => id !== links.self.id && links.get(id) === undefined && !but?.has(id))
    left = Math.ceil(lacking.length / MAX_FETCHED)
    if (left === 0) onDone?.()
    for (let i = 0; i < lacking.length; i += MAX_FETCHED) {
      questions.ask(mate, { type: 'fetch', ids: lacking.slice(i, i + MAX_FETCHED) }, take)
    }
  })
}

/** @returns nobody when both know the same */
export function answerCompare<S extends Server>(links: Links<S>, from: S, { bits, count, mix }: Question & { type: 'compare' }): Answer<S> {
  if (groupOf(from.place, bits) !== groupOf(links.self.place, bits)) return { type: 'roster', ids: [] }
  const own = [...groupAround(links, bits)]
  const digest = digestOf(own)
  return { type: 'roster', ids: digest.count === count && digest.mix === mix ? [] : own.map(({ id }) => id) }
}

/** Those of the ids that are linked. */
export function answerFetch<S extends Server>(links: Links<S>, { ids }: Question & { type: 'fetch' }): Answer<S> {
  return { type: 'servers', servers: ids.flatMap((id) => links.get(id) ?? []) }
}

/** Comparisons of one server with any one of its mates. @param gossipMs between two of them, in ms */
export function createComparisons<S extends Server>(
  { timers, random }: Pick<GroupContext<S>, 'timers' | 'random'>,
  { links, questions, dialer }: { links: Links<S>; questions: Questions<S>; dialer: Pick<Dialer<S>, 'want' | 'isWanted'> },
  gossipMs: number,
) {
  let endWait: (() => void) | undefined
  let isStopped = false

  function compare(mates = links.mates()): void {
    const mate = mates[Math.floor(random() * mates.length)]
    if (mate !== undefined && !isStopped) compareNotes(mate, links, questions, dialer, { onNews: compareSoon })
  }

  function compareSoon(): void {
    endWait ??= timers.after(gossipMs * SOON_PART * (0.8 + 0.4 * random()), () => {
      endWait = undefined
      compare()
    })
  }

  return {
    /** @param mates one of these; any mate where they are left out */
    compare,
    compareSoon,
    stop() {
      isStopped = true
      endWait?.()
    },
  }
}
