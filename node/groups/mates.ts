/** How mates find each other: one tells how many it knows and all of their places mixed; where that differs, it fetches those that it lacks. */

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

export function compareNotes<S extends Server>(mate: S, links: Links<S>, questions: Questions<S>, dialer: Pick<Dialer<S>, 'want'>): void {
  const { bits } = links
  questions.ask(mate, { type: 'compare', bits, ...digestOf(groupAround(links, bits)) }, (roster) => {
    if (roster?.type !== 'roster' || links.bits !== bits) return
    const lacking = roster.ids.filter((id) => id !== links.self.id && links.get(id) === undefined)
    if (lacking.length === 0) return
    questions.ask(mate, { type: 'fetch', ids: lacking }, (fetched) => {
      if (fetched?.type !== 'servers' || links.bits !== bits) return
      const group = links.ownGroup
      for (const server of fetched.servers) if (groupOf(server.place, bits) === group) dialer.want(server)
    })
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
