import { describe, expect, test } from 'vitest'
import { createPendingRequests, REQUEST_MS } from '../../../node/messages/protocol/pending-requests.ts'

function start() {
  let nowMs = 0
  const heard: string[] = []
  const pending = createPendingRequests<string>(() => nowMs, 'unanswered')
  return {
    pending,
    heard,
    ask: (sequence: number) => pending.ask(sequence, (answer) => heard.push(`${sequence} ${answer}`)),
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('pending', () => {
  test('hear each answer until they are forgotten', () => {
    const { pending, heard, ask } = start()
    ask(1)
    pending.answer(1, 'want')
    pending.answer(1, 'taken')
    pending.answer(2, 'taken')
    pending.forget(1)
    pending.answer(1, 'again')
    expect(heard).toEqual(['1 want', '1 taken'])
  })

  test('that nobody answers are not kept: a peer that is silent fills no memory', () => {
    const { pending, heard, ask, pass } = start()
    ask(1)
    pass(REQUEST_MS - 1)
    ask(2)
    expect(heard).toEqual([])
    pass(1)
    ask(3)
    expect(heard).toEqual(['1 unanswered'])
    pending.answer(1, 'late')
    pending.answer(2, 'taken')
    expect(heard).toEqual(['1 unanswered', '2 taken'])
  })

  test('are all told when their stream ends', () => {
    const { pending, heard, ask } = start()
    ask(1)
    ask(2)
    pending.end('unreachable')
    pending.end('unreachable')
    expect(heard).toEqual(['1 unreachable', '2 unreachable'])
  })
})
