import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createLivingCache } from '../../../node/content/memory/living-cache.ts'
import { encodeKeyHex } from '../../../node/keys/index.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const KEY = keyOf(1)

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
})

/** Soon after its bytes, an entry is watched. */
const whenWatched = () => vi.runOnlyPendingTimers()

/** A cache, and the counts of its keys in the test's hand. */
function createCache(maxBytes = 100_000) {
  const watched = new Map<string, (count: number, isCertain: boolean) => void>()
  const cache = createLivingCache(maxBytes, (key, listener) => {
    watched.set(encodeKeyHex(key), listener)
    return () => watched.delete(encodeKeyHex(key))
  })
  const count = (key: Uint8Array, holders: number, isCertain = true) => watched.get(encodeKeyHex(key))?.(holders, isCertain)
  const put = (byte: number, size = 10) => {
    cache.put(keyOf(byte), new Uint8Array(size))
    whenWatched()
    count(keyOf(byte), 1)
  }
  return { cache, watched, count, put }
}

test('living-cache: serves nothing before it knows of a holder', () => {
  const { cache, count } = createCache()
  cache.put(KEY, Uint8Array.of(7))
  expect(cache.get(KEY)).toBeUndefined()
  count(KEY, 1)
  expect(cache.get(KEY)).toEqual(Uint8Array.of(7))
})

test('living-cache: an entry without a holder is dropped, and watched no more', () => {
  const { cache, watched, count, put } = createCache()
  put(1)
  count(KEY, 0)
  expect(cache.get(KEY)).toBeUndefined()
  expect(cache.bytes).toBe(0)
  expect(watched.size).toBe(0)
})

test('living-cache: while the count is uncertain, an entry is kept and not served', () => {
  const { cache, count, put } = createCache()
  put(1)
  count(KEY, 1, false)
  expect(cache.get(KEY)).toBeUndefined()
  count(KEY, 0, false)
  count(KEY, 2)
  expect(cache.get(KEY)).toBeDefined()
})

test('living-cache: when the first count is zero, it keeps nothing and watches nothing', () => {
  let watches = 0
  const cache = createLivingCache(100_000, (_key, listener) => {
    watches++
    listener(0, true)
    return () => watches--
  })
  cache.put(KEY, Uint8Array.of(7))
  whenWatched()
  expect(cache.bytes).toBe(0)
  expect(watches).toBe(0)
})

test('living-cache: small content is watched soon after its bytes have come, or once it is asked for again; a piece at once', () => {
  const { cache, watched } = createCache()
  cache.put(keyOf(1), Uint8Array.of(1))
  cache.put(keyOf(2), Uint8Array.of(2))
  expect(watched.size).toBe(0)
  cache.get(keyOf(1))
  expect([...watched.keys()]).toEqual([encodeKeyHex(keyOf(1))])
  whenWatched()
  expect(watched.size).toBe(2)
  cache.put(keyOf(4), Uint8Array.of(4), { outlineHash: keyOf(1), index: 0 })
  expect(watched.size).toBe(3)
  cache.put(keyOf(3), Uint8Array.of(3))
  cache.clear()
  whenWatched()
  expect(watched.size).toBe(0)
})

test('living-cache: maxBytes bounds it; the least recently used entry is evicted first', () => {
  const { cache, watched, put } = createCache(3 * 10_000)
  for (const byte of [1, 2]) put(byte, 10_000)
  cache.get(keyOf(1))
  put(3, 10_000)
  expect([1, 2, 3].map((byte) => cache.get(keyOf(byte)) !== undefined)).toEqual([true, false, true])
  expect(cache.bytes).toBeLessThanOrEqual(30_000)
  expect(watched.size).toBe(2)
})

test('living-cache: an entry larger than the cache is not kept, nor any where it is off', () => {
  const { cache, watched, put } = createCache(1_000)
  put(1, 1_000)
  expect(cache.bytes).toBe(0)
  const off = createCache(0)
  off.put(1, 0)
  expect(off.cache.get(KEY)).toBeUndefined()
  expect(watched.size + off.watched.size).toBe(0)
})

test('living-cache: empty contents are not free, and the number of watches is bounded', () => {
  const { cache, watched } = createCache(1_000_000_000)
  for (let i = 0; i < 3_000; i++)
    cache.put(
      Uint8Array.from({ length: 32 }, (_, at) => (i >> (at % 16)) & 255),
      new Uint8Array(),
    )
  whenWatched()
  expect(watched.size).toBeLessThanOrEqual(1_024)
  expect(cache.bytes).toBeGreaterThan(100_000)
})

test('living-cache: putting the same again changes nothing', () => {
  const { cache, watched, put } = createCache()
  put(1)
  const { bytes } = cache
  put(1)
  expect(cache.bytes).toBe(bytes)
  expect(watched.size).toBe(1)
})

test('living-cache: a piece that fits one outline is not served for another', () => {
  const { cache, count } = createCache()
  cache.put(KEY, Uint8Array.of(1), { outlineHash: keyOf(1), index: 0 })
  whenWatched()
  count(KEY, 1)
  expect(cache.get(KEY, { outlineHash: keyOf(1), index: 0 })).toEqual(Uint8Array.of(1))
  expect(cache.get(KEY, { outlineHash: keyOf(2), index: 0 })).toBeUndefined()
  expect(cache.get(KEY, { outlineHash: keyOf(1), index: 1 })).toBeUndefined()
  expect(cache.get(KEY)).toBeUndefined()
})

test('living-cache: cleared, it is empty and watches nothing', () => {
  const { cache, watched, put } = createCache()
  put(1)
  put(2)
  cache.clear()
  expect(cache.bytes).toBe(0)
  expect(watched.size).toBe(0)
})
