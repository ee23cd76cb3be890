/**
 * Finds the holders of a key in two steps: a delegate that covers the key asks its record nodes. "Nobody" is believed only when several ways say
 * so: another delegate with more record nodes, then the nearest servers by all that others know, which are dialled, then those that are linked.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Dialer } from './dialer.ts'
import type { Links } from './links.ts'
import type { Answer, Question } from './messages.ts'
import type { NearestServers } from './nearest-servers.ts'
import { groupOf, isNearer, nearestTo, type Place, type Server } from './place.ts'
import type { Questions } from './questions.ts'

/** A question that is passed on by a server which does not cover the key goes no further than that. */
const MAX_HOPS = 6
/** Linked servers that are asked at last: the wide question. */
const MAX_WIDE = 64
/** How long the whole answer of one delegate is waited for, in times of one answer. */
const WHOLE = 2

export interface GroupFound {
  holders: readonly string[]
  /** Messages one after the other on the way to the answer; 0 for one's own records. */
  steps: number
  /** Ways that were tried: 0 own records, 1 the first delegate, 2 another, 3 dialled servers, 4 the wide question. */
  stage: number
  dials: number
  /** Record nodes that were asked and that answered, where nobody was found: nobody knows, or nobody could be asked. */
  asked: number
  answered: number
}

export interface GroupFinderParts<S extends Server> {
  links: Links<S>
  questions: Questions<S>
  dialer: Dialer<S>
  records: { leases(key: string): string[] }
  nearest: NearestServers<S>
  repair(group: number, near: Place): void
  faultsOf(server: S): number
  /** The delegate denied, or did not answer, what another one found. */
  onFault(server: S): void
}

interface Reply {
  holders: readonly string[]
  steps: number
  asked: number
  answered: number
}

const NOBODY: Reply = { holders: [], steps: 0, asked: 0, answered: 0 }

export type GroupFinder<S extends Server> = ReturnType<typeof createGroupFinder<S>>

export function createGroupFinder<S extends Server>(context: GroupContext<S>, parts: GroupFinderParts<S>, settings: GroupSettings) {
  const { self } = context
  const { links, questions, dialer, records } = parts
  const { answerMs, recordNodes, wideRecordNodes } = settings

  /** Asks several for their own records. The first who has one ends it, and so does the last who has none. */
  function look(nodes: readonly S[], key: string, steps: number, end: (reply: Reply) => void): void {
    let left = nodes.length
    let answered = 0
    let isOver = left === 0
    if (isOver) return void end(NOBODY)
    const settle = (reply: Reply) => {
      if (isOver) return
      isOver = true
      end(reply)
    }
    for (const node of nodes) {
      const onHolders = (holders: readonly string[] | undefined, at: number) => {
        left--
        if (holders !== undefined) answered++
        if (holders !== undefined && holders.length > 0) settle({ holders, steps: at, asked: nodes.length, answered })
        else if (left === 0) settle({ holders: [], steps: 0, asked: nodes.length, answered })
      }
      if (node === self) onHolders(records.leases(key), steps)
      else questions.ask(node, { type: 'look', key }, (answer) => onHolders(readHolders(answer), steps + 1))
    }
  }

  /** Answers another server: what it covers it asks the record nodes for, the rest it passes on. */
  function answer({ key, place, hops, width }: Question & { type: 'find' }, end: (answer: Answer<S>) => void): void {
    const reply = ({ holders, steps, asked, answered }: Reply) => end({ type: 'found', holders, steps, asked, answered })
    const own = records.leases(key)
    if (own.length > 0) return void reply({ holders: own, steps: hops, asked: 1, answered: 1 })
    const next = links.coversHere(place) || hops >= MAX_HOPS ? undefined : nearestTo(place, links.all(), 1)[0]
    if (next === undefined || !isNearer(place, next.place, self.place)) {
      return void look(links.recordNodes(place, Math.min(width, wideRecordNodes)), key, hops, reply)
    }
    questions.ask(next, { type: 'find', key, place, hops: hops + 1, width }, (found) => reply(readFound(found)), answerMs * WHOLE)
  }

  function find(key: string, place: Place, end: (found: GroupFound) => void): void {
    const denied: S[] = []
    let dials = 0
    let [asked, answered] = [0, 0]
    const finish = (reply: Reply, stage: number) => {
      if (reply.holders.length > 0) for (const server of denied) parts.onFault(server)
      end({ holders: reply.holders, steps: reply.steps, stage, dials, asked: asked || reply.asked, answered: answered || reply.answered })
    }
    const or = (stage: number, next: () => void) => (reply: Reply) => {
      asked += reply.asked
      answered += reply.answered
      if (reply.holders.length > 0) finish(reply, stage)
      else next()
    }

    function askHere(): void {
      look(
        links.recordNodes(place, recordNodes),
        key,
        0,
        or(1, () => look(links.recordNodes(place, wideRecordNodes), key, 0, or(2, dialNearest))),
      )
    }

    function askDelegates(): void {
      const group = links.groupAt(place)
      const able = nearestTo(place, group, group.length).sort(
        (a, b) => Number(links.covers(b, place)) - Number(links.covers(a, place)) || parts.faultsOf(a) - parts.faultsOf(b),
      )
      const [first, second] = able
      if (first === undefined) {
        parts.repair(groupOf(place, links.bits), place)
        // One that has just joined has mates before it has delegates.
        const mate = nearestTo(place, links.mates(), 1)[0]
        if (mate === undefined) dialNearest()
        else askDelegate(mate, recordNodes, 2, dialNearest)
        return
      }
      askDelegate(first, recordNodes, 1, () =>
        second === undefined ? dialNearest() : askDelegate(second, wideRecordNodes, 2, dialNearest),
      )
    }

    function askDelegate(server: S, width: number, stage: number, next: () => void): void {
      const onAnswer = (found: Answer<S> | undefined) => {
        const reply = readFound(found)
        // One whose record nodes have just died says so: that is no lie.
        if (reply.holders.length === 0 && reply.answered === reply.asked) denied.push(server)
        or(stage, next)(reply)
      }
      questions.ask(server, { type: 'find', key, place, hops: 1, width }, onAnswer, answerMs * WHOLE)
    }

    function dialNearest(): void {
      parts.nearest.find(place, (nearest) => {
        let left = nearest.length
        let isOver = false
        if (left === 0) return askWide()
        const onReply = (reply: Reply) => {
          left--
          if (isOver) return
          if (reply.holders.length === 0 && left > 0) return
          isOver = true
          or(3, askWide)(reply)
        }
        for (const server of nearest) {
          if (links.has(server)) look([server], key, 0, onReply)
          else {
            dials++
            dialer.want(server, (isOpen) => (isOpen ? look([server], key, 0, onReply) : onReply(NOBODY)))
          }
        }
      })
    }

    const askWide = () => look(nearestTo(place, links.all(), MAX_WIDE), key, 0, (reply) => finish(reply, 4))

    const own = records.leases(key)
    if (own.length > 0) return void finish({ holders: own, steps: 0, asked: 1, answered: 1 }, 0)
    if (links.coversHere(place)) askHere()
    else askDelegates()
  }

  return { find, answer }
}

function readHolders<S extends Server>(answer: Answer<S> | undefined): readonly string[] | undefined {
  return answer?.type === 'found' ? answer.holders : undefined
}

function readFound<S extends Server>(answer: Answer<S> | undefined): Reply {
  return answer?.type === 'found' ? answer : NOBODY
}
