import { expect, test } from 'vitest'
import { createMemoryStore } from '../../node/content/memory-store.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const LIMIT = expect.objectContaining({ code: 'ERR_LIMIT' })

test('memory-store: gives what was put, lists it newest last, and forgets what is deleted', () => {
  const store = createMemoryStore({ maxHeldBytes: 100, maxHeldContents: 10 })
  store.put(keyOf(2), new Uint8Array(5))
  store.put(keyOf(1), new Uint8Array())
  expect(store.get(keyOf(2))).toEqual(new Uint8Array(5))
  expect(store.get(keyOf(1))).toEqual(new Uint8Array())
  expect(store.get(keyOf(3))).toBeUndefined()
  expect(store.list()).toEqual([
    { key: keyOf(2), size: 5 },
    { key: keyOf(1), size: 0 },
  ])
  expect(store.delete(keyOf(2))).toBe(true)
  expect(store.delete(keyOf(2))).toBe(false)
  expect([store.size, store.bytes]).toEqual([1, 0])
})

test('memory-store: maxHeldBytes bounds the sum, to the byte, and what is there stays', () => {
  const store = createMemoryStore({ maxHeldBytes: 10, maxHeldContents: 10 })
  store.put(keyOf(1), new Uint8Array(9))
  expect(() => store.put(keyOf(2), new Uint8Array(2))).toThrow(LIMIT)
  expect(store.get(keyOf(2))).toBeUndefined()
  store.put(keyOf(3), new Uint8Array(1))
  expect([store.size, store.bytes]).toEqual([2, 10])
  store.delete(keyOf(1))
  store.put(keyOf(2), new Uint8Array(9))
})

test('memory-store: maxHeldContents bounds the number, empty ones too', () => {
  const store = createMemoryStore({ maxHeldBytes: 10, maxHeldContents: 2 })
  store.put(keyOf(1), new Uint8Array())
  store.put(keyOf(2), new Uint8Array())
  expect(() => store.put(keyOf(3), new Uint8Array())).toThrow(LIMIT)
})

test('memory-store: the same content twice counts once', () => {
  const store = createMemoryStore({ maxHeldBytes: 5, maxHeldContents: 1 })
  store.put(keyOf(1), new Uint8Array(5))
  store.put(keyOf(1), new Uint8Array(5))
  expect([store.size, store.bytes]).toEqual([1, 5])
})
