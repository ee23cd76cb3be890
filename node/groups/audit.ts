/**
 * A home's check of its own leases: a sample is looked for through another delegate than its carrier, or through one of a mate: a delegate that lies
 * would always be the one that is asked. Where fewer than two record nodes own up, the lease is kept by more of them: three that lie are one
 * key in sixty when a quarter of all servers do.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Links } from './links.ts'
import type { Answer, Question, Statement } from './messages.ts'
import { groupOf, type Place, type Server } from './place.ts'
import type { Questions } from './questions.ts'

/** Record nodes that must own up. */
const ENOUGH = 2
/** How many times the record nodes keep a lease that few own up to. */
const MORE = 2
/** The answerer asks in turn, in times of one answer; a mate asks one that does. */
const WHOLE = 2
const THROUGH_MATE = 3
/** The part of the looks that go through a mate, from 0 to 1. */
const MATES_PART = 0.5
/** Of one that can ask nobody. */
const UNASKED = { type: 'keepers', owning: 0, asked: 0 } as const

export interface AuditParts<S extends Server> {
  links: Links<S>
  questions: Questions<S>
  records: { leases(key: string): string[] }
  statements: {
    values(): Iterable<{ readonly statement: Statement<S>; readonly carrier: S | undefined }>
    keepMore(id: string, copies: number): void
  }
}

export function createAudit<S extends Server>(
  { self, random }: Pick<GroupContext<S>, 'self' | 'random'>,
  { links, questions, records, statements }: AuditParts<S>,
  { recordNodes, answerMs, audited: most }: Pick<GroupSettings, 'recordNodes' | 'answerMs' | 'audited'>,
) {
  /** Leases that were looked at last, by id. Bounded: the home's own leases; begun anew when all were. */
  let audited = new Set<string>()

  const oneOf = (servers: readonly S[]) => servers[Math.floor(random() * servers.length)]
  const coveringBut = (place: Place, but: S) => links.groupAt(place).filter((server) => server !== but && links.covers(server, place))

  /** How many of the key's record nodes have the lease, as far as this server knows them. */
  function countKeepers(key: string, place: Place, id: string, end: (owning: number, asked: number) => void): void {
    const nodes = links.recordNodes(place, recordNodes)
    let [left, owning] = [nodes.length, 0]
    const onHolders = (holders: readonly string[]) => {
      if (holders.includes(id)) owning++
      if (--left === 0) end(owning, nodes.length)
    }
    for (const node of nodes) {
      if (node === self) onHolders(records.leases(key))
      else questions.ask(node, { type: 'look', key }, (answer) => onHolders(answer?.type === 'found' ? answer.holders : []))
    }
  }

  function audit({ id, key, place }: Statement<S>, carrier: S): void {
    const judge = (owning: number, asked: number) => {
      if (owning < Math.min(ENOUGH, asked)) statements.keepMore(id, MORE * recordNodes)
    }
    if (links.coversHere(place)) return void countKeepers(key, place, id, judge)
    const other = oneOf(coveringBut(place, carrier))
    const mate = other === undefined || random() < MATES_PART ? oneOf(links.mates()) : undefined
    const asked = mate ?? other
    if (asked === undefined) return
    questions.ask(
      asked,
      { type: 'keepers', key, place, id },
      (answer) => answer?.type === 'keepers' && judge(answer.owning, answer.asked),
      answerMs * (asked === mate ? THROUGH_MATE : WHOLE),
    )
  }

  return {
    /** Looks at the leases that were not looked at for longest. */
    run() {
      let looked = 0
      for (const { statement, carrier } of statements.values()) {
        if (statement.kind !== 'lease' || carrier === undefined || audited.has(statement.id)) continue
        if (++looked > most) return
        audited.add(statement.id)
        audit(statement, carrier)
      }
      audited = new Set()
    },
    /** A mate that does not cover the key asks one of its delegates. */
    answer(question: Question & { type: 'keepers' }, from: S, end: (answer: Answer<S>) => void) {
      const { key, place, id } = question
      if (links.coversHere(place)) return countKeepers(key, place, id, (owning, asked) => end({ type: 'keepers', owning, asked }))
      const delegate = groupOf(from.place, links.bits) === links.ownGroup ? oneOf(coveringBut(place, from)) : undefined
      if (delegate === undefined) return end(UNASKED)
      questions.ask(delegate, question, (answer) => end(answer?.type === 'keepers' ? answer : UNASKED), answerMs * WHOLE)
    },
  }
}
