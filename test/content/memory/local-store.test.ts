import { expect, test } from 'vitest'
import { memorySource } from '../../../node/content/format/source.ts'
import { createLocalStore } from '../../../node/content/memory/local-store.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const content = (key: Uint8Array, bytes: Uint8Array) => ({ key, source: memorySource(bytes), memoryBytes: bytes.byteLength })
const LIMIT = expect.objectContaining({ code: 'ERR_LIMIT' })

test('local-store: returns contents that were put, lists them newest last, and forgets deleted ones', () => {
  const store = createLocalStore({ maxHeldBytes: 100 })
  store.put(content(keyOf(2), new Uint8Array(5)))
  store.put(content(keyOf(1), new Uint8Array()))
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

test('local-store: maxHeldBytes bounds the sum, to the byte, and nothing is evicted', () => {
  const store = createLocalStore({ maxHeldBytes: 10 })
  store.put(content(keyOf(1), new Uint8Array(9)))
  expect(() => store.put(content(keyOf(2), new Uint8Array(2)))).toThrow(LIMIT)
  expect(store.get(keyOf(2))).toBeUndefined()
  store.put(content(keyOf(3), new Uint8Array(1)))
  expect([store.size, store.bytes]).toEqual([2, 10])
  store.delete(keyOf(1))
  store.put(content(keyOf(2), new Uint8Array(9)))
})

test('local-store: the same content twice counts once', () => {
  const store = createLocalStore({ maxHeldBytes: 5 })
  store.put(content(keyOf(1), new Uint8Array(5)))
  store.put(content(keyOf(1), new Uint8Array(5)))
  expect([store.size, store.bytes]).toEqual([1, 5])
})
