import { expect, test } from 'vitest'
import { createWakeUp } from '../../node/async/wake-up.ts'

test('wake-up: the waiter is woken by a ring', async () => {
  const wakeUp = createWakeUp()
  const waiting = wakeUp.wait(60_000)
  wakeUp.ring()
  expect(await waiting).toBe(true)
})

test('wake-up: a ring without a waiter wakes the next one, once', async () => {
  const wakeUp = createWakeUp()
  wakeUp.ring()
  wakeUp.ring()
  expect(await wakeUp.wait(60_000)).toBe(true)
  expect(await wakeUp.wait(1)).toBe(false)
})
