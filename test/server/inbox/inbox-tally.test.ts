import { expect, test } from 'vitest'
import { InboxTally } from '../../../node/server/inbox/inbox-tally.ts'

/** Of senders whose name is in capitals when the owner has named them. */
function tallyOf(shares: Record<string, number>): InboxTally {
  const tally = new InboxTally((sender) => sender === sender.toUpperCase())
  for (const [sender, messages] of Object.entries(shares)) {
    for (let i = 0; i < messages; i++) tally.add({ sender, end: '#a', bytes: 10 })
  }
  return tally
}

test('tally: the sender with the most gives way, down to the next one', () => {
  expect(tallyOf({ a: 2, b: 9, c: 4 }).givesWay(10, 100)).toEqual({ sender: 'b', messages: 5 })
  expect(tallyOf({ a: 3, b: 3 }).givesWay(5, 100)).toEqual({ sender: 'a', messages: 1 })
  expect(tallyOf({}).givesWay(0, 100)).toBeUndefined()
})

test('tally: a sender gives no more than is wanted', () => {
  const tally = tallyOf({ a: 2, b: 9 })
  expect([1, 3, 100].map((wanted) => tally.givesWay(0, wanted))).toEqual([1, 3, 7].map((messages) => ({ sender: 'b', messages })))
})

test('tally: among senders with as many, those at that number for longest give way first', () => {
  const tally = tallyOf({ a: 1, b: 1, c: 1 })
  const next = () => {
    const { sender = '' } = tally.givesWay(0, 1) ?? {}
    tally.remove({ sender, end: '#a', bytes: 10 })
    return sender
  }
  expect([next(), next(), next()]).toEqual(['a', 'b', 'c'])
  expect(tally.givesWay(0, 1)).toBeUndefined()
  for (const sender of ['d', 'a']) tally.add({ sender, end: '#a', bytes: 10 })
  expect([next(), next()]).toEqual(['d', 'a'])
})

test('tally: always takes from the largest of all, whatever is added and removed', () => {
  const shares = new Map<string, number>()
  const tally = tallyOf({})
  let state = 1
  const random = (below: number) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  for (let i = 0; i < 5_000; i++) {
    const most = Math.max(0, ...shares.values())
    const found = tally.givesWay(0, 3)
    expect(found && shares.get(found.sender)).toBe(most || undefined)
    const sender = random(3) === 0 && found ? found.sender : `s${random(30)}`
    const has = shares.get(sender) ?? 0
    if (random(2) === 0 || has === 0) {
      tally.add({ sender, end: '#a', bytes: 1 })
      shares.set(sender, has + 1)
    } else {
      tally.remove({ sender, end: '#a', bytes: 1 })
      shares.set(sender, has - 1)
    }
  }
})

test('tally: the sender that gives way is found without looking at a hundred thousand others', () => {
  let asked = 0
  const tally = new InboxTally(() => {
    asked++
    return false
  })
  for (let i = 0; i < 100_000; i++) tally.add({ sender: `thrown away ${i}`, end: '#a', bytes: 10 })
  asked = 0
  for (let i = 0; i < 10_000; i++) {
    tally.add({ sender: `new ${i}`, end: '#a', bytes: 10 })
    const { sender = '' } = tally.givesWay(100_000, 1) ?? {}
    expect(sender).toBe(`thrown away ${i}`)
    tally.remove({ sender, end: '#a', bytes: 10 })
  }
  expect(asked).toBe(20_000) // of each that comes, and of each that goes
})

test('tally: a named sender gives way only when the others are within their half', () => {
  expect(tallyOf({ A: 9, b: 6 }).givesWay(10, 100)?.sender).toBe('b')
  expect(tallyOf({ A: 9, b: 5 }).givesWay(10, 100)?.sender).toBe('A')
  expect(tallyOf({ A: 11 }).givesWay(10, 100)?.sender).toBe('A')
  expect(tallyOf({ b: 11 }).givesWay(10, 100)?.sender).toBe('b')
})

test('tally: removals and new names count', () => {
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
