/** A node that wakes hears again from those that are still there, before it answers finds. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { hearAgain } from '../../node/rendezvous/index.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function wake() {
  const state = { haveTold: false, isAwake: false }
  const context = {
    holds: { renew: vi.fn() },
    server: { forgetAll: () => () => state.haveTold },
    store: { removeStock() {} },
    watcher: { askAgain() {} },
    streams: { all: () => [], askTimes() {} },
  } as unknown as Parameters<typeof hearAgain>[0]
  void hearAgain(context, new Set(), new AbortController().signal).then(() => {
    state.isAwake = true
  })
  return state
}

test('hear again: finds wait for a peer that is connected and has not told its leases again, up to two seconds', async () => {
  const state = wake()
  await vi.advanceTimersByTimeAsync(1_500)
  expect(state.isAwake).toBe(false)
  state.haveTold = true
  await vi.advanceTimersByTimeAsync(40)
  expect(state.isAwake).toBe(true)
})

test('hear again: nobody is awaited for longer', async () => {
  const state = wake()
  await vi.advanceTimersByTimeAsync(2_100)
  expect(state.isAwake).toBe(true)
})

test('hear again: others have a second though nobody is awaited', async () => {
  const state = wake()
  state.haveTold = true
  await vi.advanceTimersByTimeAsync(900)
  expect(state.isAwake).toBe(false)
  await vi.advanceTimersByTimeAsync(200)
  expect(state.isAwake).toBe(true)
})
