import { describe, expect, test } from 'vitest'
import { createQuestions, QUESTION_MS } from '../../../node/messages/protocol/questions.ts'

function start() {
  let nowMs = 0
  const heard: string[] = []
  const questions = createQuestions<string>(() => nowMs, 'unanswered')
  return {
    questions,
    heard,
    ask: (sequence: number) => questions.ask(sequence, (answer) => heard.push(`${sequence} ${answer}`)),
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('questions', () => {
  test('hear each answer until they are forgotten', () => {
    const { questions, heard, ask } = start()
    ask(1)
    questions.answer(1, 'want')
    questions.answer(1, 'taken')
    questions.answer(2, 'taken')
    questions.forget(1)
    questions.answer(1, 'again')
    expect(heard).toEqual(['1 want', '1 taken'])
  })

  test('that nobody answers are not kept: a peer that is silent fills no memory', () => {
    const { questions, heard, ask, pass } = start()
    ask(1)
    pass(QUESTION_MS - 1)
    ask(2)
    expect(heard).toEqual([])
    pass(1)
    ask(3)
    expect(heard).toEqual(['1 unanswered'])
    questions.answer(1, 'late')
    questions.answer(2, 'taken')
    expect(heard).toEqual(['1 unanswered', '2 taken'])
  })

  test('are all told when their stream ends', () => {
    const { questions, heard, ask } = start()
    ask(1)
    ask(2)
    questions.end('unreachable')
    questions.end('unreachable')
    expect(heard).toEqual(['1 unreachable', '2 unreachable'])
  })
})
