/** Questions to linked servers and their answers, each with a time after which none is waited for. */

import type { GroupContext } from './context.ts'
import type { Answer, Question } from './messages.ts'
import type { Server } from './place.ts'

/** Questions of one server that are open at once; more are answered with nothing at once. */
const MAX_OPEN = 4_096

/** Hears the answer, or that there is none. Called once. */
export type OnAnswer<S extends Server> = (answer: Answer<S> | undefined) => void

export type Questions<S extends Server> = ReturnType<typeof createQuestions<S>>

export function createQuestions<S extends Server>({ timers, send }: Pick<GroupContext<S>, 'timers' | 'send'>, answerMs: number) {
  /** By turn. Bounded: MAX_OPEN. */
  const open = new Map<number, { to: S; end: OnAnswer<S>; endWait: () => void }>()
  let turns = 0

  function settle(turn: number, answer: Answer<S> | undefined): void {
    const asked = open.get(turn)
    if (asked === undefined) return
    open.delete(turn)
    asked.endWait()
    asked.end(answer)
  }

  return {
    get open() {
      return open.size
    },
    ask(to: S, question: Question, end: OnAnswer<S>, withinMs = answerMs) {
      if (open.size >= MAX_OPEN) return end(undefined)
      const turn = ++turns
      open.set(turn, { to, end, endWait: timers.after(withinMs, () => settle(turn, undefined)) })
      send(to, { type: 'question', turn, question })
    },
    /** An answer that came, from the server that was asked; one from another is dropped. */
    onAnswer(from: S, turn: number, answer: Answer<S>) {
      if (open.get(turn)?.to === from) settle(turn, answer)
    },
    stop() {
      for (const { endWait } of open.values()) endWait()
      open.clear()
    },
  }
}
