import { expect, test } from 'vitest'
import { createHeldContents } from '../../../node/content/held-contents.ts'
import { memorySource } from '../../../node/content/index.ts'
import type { ContentStore } from '../../../node/content/types.ts'
import { createPortableHasher } from '../../../node/keys/index.ts'
import { NODE_LIMITS } from '../../../node/limits.ts'
import { createShareList } from '../../../node/sharing/sharer/share-list.ts'

const MAX_ANNOUNCED = 8

/** A list whose contents are held as a peer holds them. */
function createFixture() {
  const announce = (key: Uint8Array) => ({ key, announced: Promise.resolve(), release: async () => {} })
  const held = createHeldContents({
    limits: { ...NODE_LIMITS, maxHeldContents: MAX_ANNOUNCED },
    createHasher: createPortableHasher,
    announce,
    emit() {},
  })
  const content: Pick<ContentStore, 'hold' | 'release'> = {
    async hold(bytes, { isPart = false, ...abort } = {}) {
      const described = await held.describe(bytes, abort)
      const wasHeld = held.hold(described, isPart) === undefined
      return { key: described.key, size: described.source.size, wasHeld }
    },
    release: held.release,
  }
  const list = createShareList({ content, isSealed: false, randomBytes: (length) => new Uint8Array(length), kept: [], onChange() {} })
  const closed: string[] = []
  const file = (path: string, text: string) => {
    const source = { ...memorySource(new TextEncoder().encode(text)), close: async () => void closed.push(path) }
    return { kind: 'file', path, source } as const
  }
  const ready = () => expect.poll(() => list.list().every(({ state }) => state === 'ready')).toBe(true)
  return { held, content, list, closed, file, ready }
}

test('share list: two entries of the same bytes are one content, which is there until both are removed', async () => {
  const { held, list, closed, file, ready } = createFixture()
  const [first, second] = list.add([file('a', 'same'), file('b', 'same')])
  await ready()
  expect(held.store.size).toBe(1)
  list.remove(first?.id ?? 0)
  await Promise.resolve()
  expect([held.store.size, closed]).toEqual([1, []]) // it is read from the file of the first
  list.remove(second?.id ?? 0)
  await expect.poll(() => [held.store.size, [...closed].sort()]).toEqual([0, ['a', 'b']])
})

test('share list: content that was held before outlives the entry', async () => {
  const { held, content, list, closed, file, ready } = createFixture()
  await content.hold(new TextEncoder().encode('before'))
  const [entry] = list.add([file('a', 'before')])
  await ready()
  list.remove(entry?.id ?? 0)
  await expect.poll(() => closed).toEqual(['a'])
  expect(held.store.size).toBe(1)
})

test('share list: a list that is closed while it is read holds nothing afterwards', async () => {
  const { held, list, closed, file } = createFixture()
  list.add([file('a', 'one'), file('b', 'two')])
  await list.close()
  await expect.poll(() => [...closed].sort()).toEqual(['a', 'b'])
  expect(held.store.size).toBe(0)
})

test('share list: more files than a peer may announce', async () => {
  const { held, list, file, ready } = createFixture()
  const count = 2 * MAX_ANNOUNCED
  list.add(Array.from({ length: count }, (_, i) => file(`${i}.txt`, `text ${i}`)))
  await ready()
  expect(held.store.size).toBe(count)
})
