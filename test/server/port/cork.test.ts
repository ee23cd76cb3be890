/** Messages of one go leave a socket in one write. */

import { expect, test } from 'vitest'
import { createCork } from '../../../node/server/port/cork.ts'

function createCarrier() {
  const heard: string[] = []
  return { heard, cork: () => void heard.push('cork'), uncork: () => void heard.push('uncork') }
}
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('cork: what promises of one event send goes with it, and the next event corks anew', async () => {
  const { heard, ...carrier } = createCarrier()
  const cork = createCork(carrier)
  const send = (name: string) => {
    cork.hold()
    heard.push(name)
  }
  const sendAll = async () => {
    send('first')
    await undefined
    await Promise.resolve()
    send('second')
    await new Promise<void>((resolve) => process.nextTick(resolve))
    send('third')
  }
  await sendAll()
  await nextTurn()
  expect(heard).toEqual(['cork', 'first', 'second', 'third', 'uncork'])
  send('later')
  await nextTurn()
  expect(heard.slice(5)).toEqual(['cork', 'later', 'uncork'])
})

test('cork: what is held back is written at once where the socket is about to end', async () => {
  const { heard, ...carrier } = createCarrier()
  const cork = createCork(carrier)
  cork.letGo()
  cork.hold()
  cork.letGo()
  expect(heard).toEqual(['cork', 'uncork'])
  await nextTurn()
  expect(heard).toEqual(['cork', 'uncork'])
})

test('cork: without a carrier nothing is held back', () => {
  expect(() => createCork(undefined).hold()).not.toThrow()
})
