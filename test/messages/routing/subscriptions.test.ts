import { expect, test } from 'vitest'
import { createRuleTest, createSubscriptions, type Subscription } from '../../../node/messages/routing/subscriptions.ts'
import { signOpen } from '../../helpers/signed-messages.ts'

const subscription = (byte: number): Subscription => ({
  end: new Uint8Array(32).fill(byte),
  rules: [],
  keeps: false,
  proof: undefined,
  since: 0,
  deliver: () => {},
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
  for (const given of [one, one, subscription(1)]) subscriptions.remove(given)
  expect([[...subscriptions.at(one.end)], [...subscriptions.at(elsewhere.end)]]).toEqual([[other], [elsewhere]])
})

test('subscriptions: an envelope is tested against the rules of each, and passes where there are none', () => {
  const [sport, music] = [{ is: { topic: 'sport' } }, { is: { topic: 'music' } }]
  const passes = createRuleTest(signOpen('#wall', { body: 'x', fields: { topic: 'music' } }))
  const ruled = [[], [sport], [music], [sport, music]].map((rules) => ({ ...subscription(1), rules }))
  expect(ruled.map(passes)).toEqual([true, false, true, true])
})
