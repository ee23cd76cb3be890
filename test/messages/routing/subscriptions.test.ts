import { expect, test } from 'vitest'
import { createSubscriptions, type Subscription } from '../../../node/messages/routing/subscriptions.ts'

const subscription = (byte: number): Subscription => ({
  end: new Uint8Array(32).fill(byte),
  rules: [],
  keeps: false,
  proof: undefined,
  since: 0,
  give: () => {},
})

test('subscriptions: are found by their end, each once, until they are given up', () => {
  const subscriptions = createSubscriptions()
  const [one, other, elsewhere] = [subscription(1), subscription(1), subscription(2)]
  for (const taken of [one, other, elsewhere, one]) subscriptions.add(taken)
  expect([[...subscriptions.at(one.end)], [...subscriptions.at(elsewhere.end)], [...subscriptions.at(subscription(3).end)]]).toEqual([
    [one, other],
    [elsewhere],
    [],
  ])
  expect([subscriptions.size, [...subscriptions.all()]]).toEqual([3, [one, other, elsewhere]])
  for (const given of [one, one, subscription(1)]) subscriptions.remove(given)
  expect([subscriptions.size, [...subscriptions.at(one.end)]]).toEqual([2, [other]])
})
