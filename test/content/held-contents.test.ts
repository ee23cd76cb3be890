import { rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createHeldContents } from '../../node/content/held-contents.ts'
import { blobSource } from '../../node/content/index.ts'
import type { ContentEvent, ContentLimits, ContentSource } from '../../node/content/types.ts'
import { createLinkKey, sealSource } from '../../node/index.ts'
import { createPortableHasher, encodeKeyHex } from '../../node/keys/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { openFileSource } from '../../node/server/store/file-source.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

function createFixture(limits: Partial<ContentLimits> = {}) {
  const events: ContentEvent[] = []
  const held = createHeldContents({
    limits: { ...NODE_LIMITS, ...limits },
    createHasher: createPortableHasher,
    announce: () => ({ key: new Uint8Array(32), announced: Promise.resolve(), release: async () => {} }),
    emit: (event) => events.push(event),
  })
  return {
    events,
    held,
    async hold(source: ContentSource | Uint8Array, isPart = false) {
      const content = await held.describe(source, {})
      held.hold(content, isPart)
      return content
    },
  }
}

test.each([
  ['a Uint8Array', Uint8Array.of(1, 2, 3)],
  ['a Buffer, whose slice is no copy', Buffer.from([1, 2, 3])],
])('held contents: bytes that the caller changes afterwards are held as they were: %s', async (_, bytes) => {
  const { held } = createFixture()
  const { source } = await held.describe(bytes, {})
  bytes.fill(9)
  expect(Array.from(await source.read(0, 3))).toEqual([1, 2, 3])
})

describe.each(['plain', 'sealed'])('held contents: a source that gives other bytes than it promised, %s', (how) => {
  const seal = async (source: ContentSource) => (how === 'sealed' ? sealSource(source, createLinkKey()) : source)

  test.each([
    ['a content that travels whole', 1_000, 1],
    ['one piece of larger content', 600_000, 2],
  ])('is released, with the reason, before a byte of it leaves: %s', async (_, size, pieces) => {
    const { events, held, hold } = createFixture()
    const bytes = new Uint8Array(size).fill(65)
    const content = await hold(await seal({ size, read: async (offset, length) => bytes.slice(offset, offset + length) }))
    const last = content.outline ? pieces : 0
    const before = await held.read(content, last, {})
    bytes.set([1, 2, 3], size - 10)
    await expect(held.read(content, last, {})).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
    expect(before.byteLength).toBeGreaterThan(0)
    expect(held.store.size).toBe(0)
    await expect.poll(() => events.at(-1)).toEqual({ type: 'release', key: encodeKeyHex(content.key), reason: expect.any(String) })
  })

  test('is checked when it may have changed: a touched file and a copy in its place stay, other bytes do not', async () => {
    const { held, hold } = createFixture()
    const path = join(await createTemporaryDirectory(), 'vault')
    const bytes = new Uint8Array(600_000).fill(65)
    await writeFile(path, bytes)
    await utimes(path, 1, 1)
    const { key } = await hold(await seal(await openFileSource(path)))
    await utimes(path, 2, 2)
    expect(await held.check(key, {})).toBe(true)
    await writeFile(`${path}.copy`, bytes)
    await rename(`${path}.copy`, path)
    expect(await held.check(key, {})).toBe(true)
    await writeFile(path, bytes.with(300_000, 66))
    await utimes(path, 1, 1)
    expect(await held.check(key, {})).toBe(false)
    expect(held.store.size).toBe(0)
  })
})

test('held contents: a Blob that the browser gives up reading is released in words, not as an abort', async () => {
  const { events, held, hold } = createFixture()
  const file = new File([new Uint8Array(10)], 'film.mp4')
  const content = await hold(blobSource(file))
  // Firefox reports a file that is gone this way.
  file.arrayBuffer = async () => Promise.reject(new DOMException('The operation was aborted.', 'AbortError'))
  await expect(held.read(content, 0, {})).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  await expect.poll(() => events.at(-1)).toMatchObject({ type: 'release', reason: expect.stringContaining('film.mp4') })
})

test('held contents: maxHeldContents bounds those that are announced; parts are bounded by the memory that each takes', async () => {
  const { held, hold } = createFixture({ maxHeldContents: 2, maxHeldBytes: 10_240 })
  const LIMIT = expect.objectContaining({ code: 'ERR_LIMIT' })
  for (let i = 0; i < 4; i++) await hold(Uint8Array.of(1, i), true)
  await hold(Uint8Array.of(1, 0), false) // a part that is held by itself, too
  const empty = await hold(new Uint8Array(), false)
  await expect(hold(Uint8Array.of(2), false)).rejects.toThrow('the limit of 2 contents')
  await expect(hold(Uint8Array.of(1, 1), false)).rejects.toThrow('the limit of 2 contents')
  await expect(hold(new Uint8Array(2_048), true)).rejects.toEqual(LIMIT)
  expect(held.store.size).toBe(5)
  await held.release(empty.key)
  await hold(Uint8Array.of(2), false)
})
