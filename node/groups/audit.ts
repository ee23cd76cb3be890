/**
 * A home's check of its own leases: a sample is looked for through another delegate than its carrier. Where fewer than two record nodes own up,
 * the lease is kept by more of them: three that lie are one key in sixty when a quarter of all servers do.
 */

import type { GroupContext, GroupSettings } from './context.ts'
import type { Links } from './links.ts'
import type { Answer, Question, Statement } from './messages.ts'
import type { Place, Server } from './place.ts'
import type { Questions } from './questions.ts'

/** Record nodes that must own up. */
const ENOUGH = 2
/** How many times the record nodes keep a lease that few own up to. */
const MORE = 2
/** The answerer asks in turn, in times of one answer. */
const WHOLE = 2

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
    const others = links.groupAt(place).filter((server) => server !== carrier && links.covers(server, place))
    const other = others[Math.floor(random() * others.length)]
    if (other === undefined) return
    questions.ask(
      other,
      { type: 'keepers', key, place, id },
      (answer) => answer?.type === 'keepers' && judge(answer.owning, answer.asked),
      answerMs * WHOLE,
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
    answer({ key, place, id }: Question & { type: 'keepers' }, end: (answer: Answer<S>) => void) {
      countKeepers(key, place, id, (owning, asked) => end({ type: 'keepers', owning, asked }))
    },
  }
}
