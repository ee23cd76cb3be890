import { Key } from 'interface-datastore'
import { expect, test } from 'vitest'
import { RecentDatastore } from '../../node/network/recent-datastore.ts'

const key = (name: string) => new Key(`/peers/${name}`)
const has = (store: RecentDatastore, names: string) => [...names].map((name) => store.has(key(name)))

test('recent datastore: the entry that was used longest ago makes room', async () => {
  const store = new RecentDatastore(3)
  for (const name of 'abc') await store.put(key(name), Uint8Array.of(1))
  await store.get(key('a'))
  await store.put(key('d'), Uint8Array.of(4))
  expect(has(store, 'abcd')).toEqual([true, false, true, true])
  await store.delete(key('a'))
  await store.put(key('e'), Uint8Array.of(5))
  expect(has(store, 'acde')).toEqual([false, true, true, true])
  expect(() => store.get(key('a'))).toThrow(expect.objectContaining({ name: 'NotFoundError' }))
})

test('recent datastore: a value does not keep the block that it was cut out of', async () => {
  const store = new RecentDatastore(3)
  await store.put(key('a'), new Uint8Array(65_536).fill(7).subarray(100, 300))
  const value = await store.get(key('a'))
  expect([value.byteLength, value.buffer.byteLength, value[0]]).toEqual([200, 200, 7])
})
