import { expect, test } from 'vitest'
import { createMissedKeys } from '../../node/rendezvous/missed-keys.ts'

const LIVES_MS = 60_000
const MANY = 5_000

function keyOf(number: number): Uint8Array {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(0, number)
  return key
}

test('missed keys: a teller of very many makes no others forgotten, and of its own the oldest first', () => {
  const missed = createMissedKeys(() => 0)
  for (let i = 0; i < 10; i++) missed.add(keyOf(i), LIVES_MS, 'few')
  for (let i = 5; i < MANY; i++) missed.add(keyOf(i), LIVES_MS, 'many')
  expect([0, 9, 10, MANY - 1].map((i) => missed.has(keyOf(i)))).toEqual([true, true, false, true])
})

test('missed keys: a key that its teller tells of again stays longer than one that it has not told of since', () => {
  const missed = createMissedKeys(() => 0)
  for (let i = 0; i < 4_096; i++) missed.add(keyOf(i), LIVES_MS, 'a')
  missed.add(keyOf(0), LIVES_MS, 'a')
  missed.add(keyOf(MANY), LIVES_MS, 'a')
  expect([0, 1, 2, MANY].map((i) => missed.has(keyOf(i)))).toEqual([true, false, true, true])
})

test('missed keys: a key is missed until the last of its leases would have run out, or there is room again', () => {
  let nowMs = 0
  const missed = createMissedKeys(() => nowMs)
  missed.add(keyOf(1), 2_000, 'a')
  missed.add(keyOf(1), 1_000, 'b')
  missed.add(keyOf(2), 9_000, 'b')
  nowMs = 1_500
  expect([1, 2].map((i) => missed.has(keyOf(i)))).toEqual([true, true])
  missed.remove(keyOf(2))
  nowMs = 2_000
  expect([1, 2].map((i) => missed.has(keyOf(i)))).toEqual([false, false])
})
