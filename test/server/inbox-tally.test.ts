import { expect, test } from 'vitest'
import { InboxTally } from '../../node/server/inbox-tally.ts'

/** Of senders whose name is in capitals when the owner has named them. */
function tallyOf(shares: Record<string, number>): InboxTally {
  const tally = new InboxTally((sender) => sender === sender.toUpperCase())
  for (const [sender, messages] of Object.entries(shares)) {
    for (let i = 0; i < messages; i++) tally.add({ sender, end: '#a', bytes: 10 })
  }
  return tally
}

test('tally: who has the most gives way, down to the next one', () => {
  expect(tallyOf({ a: 2, b: 9, c: 4 }).givesWay(10)).toEqual({ sender: 'b', messages: 5 })
  expect(tallyOf({ a: 3, b: 3 }).givesWay(5)).toEqual({ sender: 'a', messages: 1 })
  expect(tallyOf({}).givesWay(0)).toBeUndefined()
})

test('tally: who has a name gives way only where those without one are within their half', () => {
  expect(tallyOf({ A: 9, b: 6 }).givesWay(10)?.sender).toBe('b')
  expect(tallyOf({ A: 9, b: 5 }).givesWay(10)?.sender).toBe('A')
  expect(tallyOf({ A: 11 }).givesWay(10)?.sender).toBe('A')
  expect(tallyOf({ b: 11 }).givesWay(10)?.sender).toBe('b')
})

test('tally: what was removed, and who was named, counts', () => {
  const tally = tallyOf({ A: 1, b: 2 })
  tally.remove({ sender: 'b', end: '#a', bytes: 10 })
  expect([tally.total, tally.of('b'), tally.ofHalf(false), tally.ofHalf(true)]).toEqual([
    { messages: 2, bytes: 20 },
    { messages: 1, bytes: 10 },
    { messages: 1, bytes: 10 },
    { messages: 1, bytes: 10 },
  ])
  tally.remove({ sender: 'b', end: '#a', bytes: 10 })
  tally.remove({ sender: 'A', end: '#a', bytes: 10 })
  expect([tally.total, [...tally.ends()]]).toEqual([{ messages: 0, bytes: 0 }, []])

  const names = new Set<string>()
  const later = new InboxTally((sender) => names.has(sender))
  later.add({ sender: 'b', end: '#a', bytes: 7 })
  names.add('b')
  later.renamed('b', true)
  expect([later.ofHalf(true), later.ofHalf(false)]).toEqual([
    { messages: 1, bytes: 7 },
    { messages: 0, bytes: 0 },
  ])
})
