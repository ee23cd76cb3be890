/** Answers of a server about whom it is connected to, and whom it knows. */

import type { createIntroductions } from './introductions.ts'
import type { Links } from './links.ts'
import { answerCompare, answerFetch } from './mates.ts'
import type { Answer, Question } from './messages.ts'
import type { NearestServers } from './nearest-servers.ts'
import type { Server } from './place.ts'

export interface ServerAnswersParts<S extends Server> {
  links: Links<S>
  introductions: Pick<ReturnType<typeof createIntroductions<S>>, 'suggest' | 'join' | 'mates'>
  nearest: Pick<NearestServers<S>, 'answer'>
  /** May the link to it be closed? */
  isSpare(from: S): boolean
}

/** @returns what answers such a question, at once or later, and leaves others unanswered */
export function createServerAnswers<S extends Server>({ links, introductions, nearest, isSpare }: ServerAnswersParts<S>) {
  return (from: S, question: Question, reply: (answer: Answer<S>) => void): void => {
    switch (question.type) {
      case 'compare':
        return void reply(answerCompare(links, from, question))
      case 'fetch':
        return void reply(answerFetch(links, question))
      case 'suggest':
        return void introductions.suggest(question, reply)
      case 'join':
        return void introductions.join(question, reply)
      case 'mates':
        return void reply(introductions.mates(question))
      case 'spare':
        return void reply({ type: 'spare', isSpare: isSpare(from) })
      case 'nearest':
        return void nearest.answer(question, from, reply)
      default:
    }
  }
}
