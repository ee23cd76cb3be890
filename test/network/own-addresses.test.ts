/** Own addresses are put together once for all who ask within a moment. */

import { multiaddr } from '@multiformats/multiaddr'
import { expect, test } from 'vitest'
import { keepOwnAddresses } from '../../node/network/own-addresses.ts'

const HERE = multiaddr('/ip4/127.0.0.1/tcp/4000/ws')

function createManager() {
  let reads = 0
  let nowMs = 0
  const state = { addresses: [HERE] }
  const events = new EventTarget()
  const addressManager = {
    getAddresses() {
      reads++
      return state.addresses
    },
  }
  keepOwnAddresses({ addressManager, events: events as never }, () => nowMs)
  return {
    state,
    events,
    read: () => addressManager.getAddresses(),
    reads: () => reads,
    pass(ms: number) {
      nowMs += ms
    },
  }
}

test('own addresses: are read once within a moment, and anew after it', () => {
  const { read, reads, pass } = createManager()
  expect(read()).toEqual([HERE])
  read().pop()
  expect(read()).toEqual([HERE])
  expect(reads()).toBe(1)
  pass(1_000)
  read()
  expect(reads()).toBe(2)
})

test.each(['self:peer:update', 'transport:listening', 'transport:close'])('own addresses: are read anew after %s', (type) => {
  const { read, reads, events } = createManager()
  read()
  events.dispatchEvent(new Event(type))
  read()
  expect(reads()).toBe(2)
})

test('own addresses: none are not kept', () => {
  const { state, read } = createManager()
  state.addresses = []
  expect(read()).toEqual([])
  state.addresses = [HERE]
  expect(read()).toEqual([HERE])
})
