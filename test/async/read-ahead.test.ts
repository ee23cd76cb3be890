import { expect, test } from 'vitest'
import { readAhead } from '../../node/async/read-ahead.ts'

async function* counted(until: number, events: string[], failAt = Number.POSITIVE_INFINITY) {
  try {
    for (let i = 0; i < until; i++) {
      events.push(`read ${i}`)
      if (i === failAt) throw new Error('broken')
      yield i
    }
  } finally {
    events.push('end')
  }
}

test('readAhead: the next value is read while the caller has one, and no further ones are', async () => {
  const events: string[] = []
  for await (const value of readAhead(counted(3, events))) {
    await Promise.resolve()
    events.push(`took ${value}`)
  }
  expect(events).toEqual(['read 0', 'read 1', 'took 0', 'read 2', 'took 1', 'end', 'took 2'])
})

test('readAhead: what fails is thrown after the values before it', async () => {
  const taken: number[] = []
  const reading = async () => {
    for await (const value of readAhead(counted(3, [], 2))) taken.push(value)
  }
  await expect(reading()).rejects.toThrow('broken')
  expect(taken).toEqual([0, 1])
})

test('readAhead: the source ends with a caller that leaves', async () => {
  const events: string[] = []
  for await (const _ of readAhead(counted(9, events))) break
  expect(events).toEqual(['read 0', 'read 1', 'end'])
})
