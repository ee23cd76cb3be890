/** The servers nearest to a place by what many others say, for when one's own delegates are not believed. */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Links } from './links.ts'
import type { Answer, Question } from './messages.ts'
import { groupOf, nearestTo, type Place, type Server } from './place.ts'
import type { Questions } from './questions.ts'

/** Mates that are asked for their delegates' view. */
const MATES_ASKED = 3
/** A mate asks a delegate in turn, in times of one answer. */
const WHOLE = 2

export type NearestServers<S extends Server> = ReturnType<typeof createNearestServers<S>>

export function createNearestServers<S extends Server>(
  { self, random }: Pick<GroupContext<S>, 'self' | 'random'>,
  { links, questions }: { links: Links<S>; questions: Questions<S> },
  { answerMs, wideRecordNodes: count }: Pick<GroupSettings, 'answerMs' | 'wideRecordNodes'>,
) {
  return {
    /** By the word of all delegates of the place's group, and of those of some mates. */
    find(place: Place, end: (servers: S[]) => void) {
      const asked = new Set(links.groupAt(place))
      const mates = [...links.mates()]
      for (let i = 0; i < MATES_ASKED && mates.length > 0; i++) {
        for (const mate of mates.splice(Math.floor(random() * mates.length), 1)) asked.add(mate)
      }
      const known = new Map<string, S>()
      let left = asked.size
      if (left === 0) return end([])
      for (const server of asked) {
        const onAnswer = (answer: Answer<S> | undefined) => {
          if (answer?.type === 'servers')
            for (const each of answer.servers.slice(0, count)) if (each.id !== self.id) known.set(each.id, each)
          if (--left === 0) end(nearestTo(place, known.values(), count))
        }
        questions.ask(server, { type: 'nearest', place, count }, onAnswer, answerMs * WHOLE)
      }
    },
    /** The nearest that are known here; a mate that does not cover the place has one of its delegates asked. */
    answer({ place, count: wanted }: Question & { type: 'nearest' }, from: S, end: (answer: Answer<S>) => void) {
      const own = (): Answer<S> => ({ type: 'servers', servers: nearestTo(place, [self, ...links.all()], Math.min(wanted, count)) })
      const delegates = links.groupAt(place).filter((server) => server !== from)
      const delegate = delegates[Math.floor(random() * delegates.length)]
      if (links.coversHere(place) || delegate === undefined || groupOf(from.place, links.bits) !== links.ownGroup) return end(own())
      questions.ask(delegate, { type: 'nearest', place, count: wanted }, (answer) => {
        end(answer?.type === 'servers' ? { type: 'servers', servers: answer.servers.slice(0, count) } : own())
      })
    },
  }
}
