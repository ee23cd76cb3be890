import { expect, test } from 'vitest'
import { createSeenMessages } from '../../../node/messages/routing/seen-messages.ts'
import { createRuleTest, createSubscriptions, deliverHere, type Subscription } from '../../../node/messages/routing/subscriptions.ts'
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

test('subscriptions: a tap that has come since the last delivery gets the message once, however many record nodes bring it then', () => {
  const subscriptions = createSubscriptions()
  const envelope = signOpen('#wall', { body: 'x' })
  const seen = createSeenMessages().add(envelope)
  const got: string[] = []
  const begin = (name: string, keeps: boolean) =>
    subscriptions.add({ ...subscription(1), end: envelope.to, keeps, since: subscriptions.tick(), deliver: () => void got.push(name) })
  const bring = (nowMs: number) => {
    const progress = deliverHere(envelope, seen, subscriptions, nowMs)
    return [progress.taps, progress.keepers, ...got.splice(0)]
  }
  expect(bring(0)).toEqual([0, 0])
  begin('first', true)
  expect([10, 11, 12].map(bring)).toEqual([
    [1, 1, 'first'],
    [1, 1],
    [1, 1],
  ])
  begin('second', false)
  expect([20, 21].map(bring)).toEqual([
    [2, 1, 'second'],
    [2, 1],
  ])
  // Two seconds without a receipt: it is brought again to the tap that stores.
  expect([2_100, 2_101].map(bring)).toEqual([
    [2, 1, 'first'],
    [2, 1],
  ])
})
