/** Hands each message of another server to the part that it is for. */

import type { createAudit } from './audit.ts'
import type { createCarrier } from './carrier.ts'
import type { GroupContext } from './context.ts'
import type { GroupFinder } from './group-finder.ts'
import type { HomeStatements } from './home-statements.ts'
import type { createIntroductions } from './introductions.ts'
import type { Links } from './links.ts'
import type { Answer, GroupMessage, Question } from './messages.ts'
import type { NearestServers } from './nearest-servers.ts'
import type { Server } from './place.ts'
import type { Questions } from './questions.ts'
import type { Records } from './records.ts'
import { createServerAnswers } from './server-answers.ts'
import type { Upkeep } from './upkeep.ts'

export interface MessageParts<S extends Server> {
  links: Links<S>
  questions: Questions<S>
  records: Records<S>
  carrier: ReturnType<typeof createCarrier<S>>
  statements: HomeStatements<S>
  upkeep: Upkeep<S>
  introductions: ReturnType<typeof createIntroductions<S>>
  nearest: NearestServers<S>
  finder: GroupFinder<S>
  audit: ReturnType<typeof createAudit<S>>
}

export function createMessageHandler<S extends Server>(context: GroupContext<S>, parts: MessageParts<S>) {
  const { send, receipts } = context
  const { links, questions, records, carrier, statements, upkeep, introductions, nearest, finder, audit } = parts

  const answerAboutServers = createServerAnswers<S>({ links, introductions, nearest, isSpare: upkeep.isSpare })

  /** A count goes on to the home of the watch. */
  function onCount(id: string, count: number, from?: S): void {
    const own = statements.get(id)
    if (own !== undefined) return void context.onCount(own, count)
    const watch = carrier.get(id)
    if (watch !== undefined && from !== watch.home) send(watch.home, { type: 'count', id, count })
  }

  function answer(from: S, question: Question, reply: (answer: Answer<S>) => void): void {
    switch (question.type) {
      case 'find':
        return void finder.answer(question, reply)
      case 'keepers':
        return void audit.answer(question, from, reply)
      case 'look':
        return void reply({ type: 'found', holders: records.leases(question.key), steps: 1, asked: 1, answered: 1 })
      default:
        return void answerAboutServers(from, question, reply)
    }
  }

  return function onMessage(from: S, message: GroupMessage<S>): void {
    switch (message.type) {
      case 'question':
        return void answer(from, message.question, (given) => send(from, { type: 'answer', turn: message.turn, answer: given }))
      case 'answer':
        return void questions.onAnswer(from, message.turn, message.answer)
      case 'carry':
        if (message.statement.home === from) carrier.carry(message.statement, message.copies)
        return
      case 'keep':
        if (records.keep(message.statement, from))
          send(from, { type: 'kept', id: message.statement.id, receipt: receipts.give(message.statement) })
        return
      case 'kept':
        return void carrier.onKept(message.id, message.receipt)
      case 'carried':
        return void statements.onCarried(from, message.id, message.receipt)
      case 'move':
        return void statements.onMove(from, message.id)
      case 'let-go':
        return void carrier.letGo(message.id, from)
      case 'release':
        carrier.release(message.statement)
        return void send(from, { type: 'released', id: message.statement.id })
      case 'released':
        return void statements.onReleased(message.id)
      case 'drop':
        return void records.drop(message.statement, from, message.why)
      case 'count':
        return void onCount(message.id, message.count, from)
    }
  }
}
