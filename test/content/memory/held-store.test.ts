import { expect, test } from 'vitest'
import { memorySource } from '../../../node/content/format/source.ts'
import { createHeldStore } from '../../../node/content/memory/held-store.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const held = (key: Uint8Array, bytes: Uint8Array) => ({ key, source: memorySource(bytes), memoryBytes: bytes.byteLength })
const LIMIT = expect.objectContaining({ code: 'ERR_LIMIT' })

test('held-store: gives what was put, lists it newest last, and forgets what is deleted', () => {
  const store = createHeldStore({ maxHeldBytes: 100, maxHeldContents: 10 })
  store.put(held(keyOf(2), new Uint8Array(5)))
  store.put(held(keyOf(1), new Uint8Array()))
  expect(store.get(keyOf(2))?.source.size).toBe(new Uint8Array(5).byteLength)
  expect(store.get(keyOf(1))?.source.size).toBe(new Uint8Array().byteLength)
  expect(store.get(keyOf(3))).toBeUndefined()
  expect(store.list()).toEqual([
    { key: keyOf(2), size: 5 },
    { key: keyOf(1), size: 0 },
  ])
  expect(store.delete(keyOf(2))?.key).toEqual(keyOf(2))
  expect(store.delete(keyOf(2))).toBeUndefined()
  expect([store.size, store.bytes]).toEqual([1, 0])
})

test('held-store: maxHeldBytes bounds the sum, to the byte, and what is there stays', () => {
  const store = createHeldStore({ maxHeldBytes: 10, maxHeldContents: 10 })
  store.put(held(keyOf(1), new Uint8Array(9)))
  expect(() => store.put(held(keyOf(2), new Uint8Array(2)))).toThrow(LIMIT)
  expect(store.get(keyOf(2))).toBeUndefined()
  store.put(held(keyOf(3), new Uint8Array(1)))
  expect([store.size, store.bytes]).toEqual([2, 10])
  store.delete(keyOf(1))
  store.put(held(keyOf(2), new Uint8Array(9)))
})

test('held-store: maxHeldContents bounds the number, empty ones too', () => {
  const store = createHeldStore({ maxHeldBytes: 10, maxHeldContents: 2 })
  store.put(held(keyOf(1), new Uint8Array()))
  store.put(held(keyOf(2), new Uint8Array()))
  expect(() => store.put(held(keyOf(3), new Uint8Array()))).toThrow(LIMIT)
})

test('held-store: the same content twice counts once', () => {
  const store = createHeldStore({ maxHeldBytes: 5, maxHeldContents: 1 })
  store.put(held(keyOf(1), new Uint8Array(5)))
  store.put(held(keyOf(1), new Uint8Array(5)))
  expect([store.size, store.bytes]).toEqual([1, 5])
})
