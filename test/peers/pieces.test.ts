/** Content that is larger than one piece, among real peers. */

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { outlineSource } from '../../node/content/format/outline.ts'
import { memorySource } from '../../node/content/format/source.ts'
import { type ContentSource, encodeKeyHex, type Key, type OpenedContent, type Peer, sha256 } from '../../node/index.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { startLiar } from '../helpers/liar.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PIECE = 262_144
const MIB = 1_048_576

/** The same bytes for the same seed, made where they are read: content of any size without memory for it. */
function generated(size: number, seed = 1): ContentSource {
  return {
    size,
    async read(offset, length) {
      const bytes = new Uint8Array(length)
      const words = new DataView(bytes.buffer)
      let word = Math.floor(offset / 4)
      for (let at = -(offset % 4); at < length; at += 4, word++) {
        const value = Math.imul(word ^ seed, 2_654_435_761) ^ (word >>> 7)
        if (at >= 0 && at + 4 <= length) words.setInt32(at, value, true)
        else for (let i = 0; i < 4; i++) if (at + i >= 0 && at + i < length) bytes[at + i] = value >>> (8 * i)
      }
      return bytes
    },
  }
}

async function readAll(content: OpenedContent, part?: { offset: number; length: number }): Promise<{ hash: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const bytes of content.read(part)) {
    hash.update(bytes)
    size += bytes.byteLength
  }
  return { hash: hash.digest('hex'), size }
}

const options = { createHasher: createNativeHasher }

test.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3])(
  'pieces: %i bytes are right from a node and from a tab, with the outline’s hash and without',
  async (size) => {
    const network = await createNetwork({ nodes: 3, ...options })
    const [a, b, c] = network.nodes
    if (!a || !b || !c) throw new Error('nodes')
    const tab = await network.addTab(a)
    const readerTab = await network.addTab(c)
    for (const [seed, holder] of [a.peer, tab].entries()) {
      const { key, outline } = await holder.content.hold(generated(size, seed + 7))
      expect(outline === undefined).toBe(size <= PIECE)
      for (const reader of [b.peer, readerTab]) {
        expect(await readAll(await reader.content.open(key))).toEqual({ hash: encodeKeyHex(key), size })
        const opened = await reader.content.open(key, outline ? { outline } : {})
        expect(opened.isTrusted).toBe(true)
        expect(await readAll(opened)).toEqual({ hash: encodeKeyHex(key), size })
      }
    }
  },
)

test('pieces: any part equals the slice', async () => {
  const network = await createNetwork({ nodes: 2, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const size = 9 * PIECE + 1_234
  const source = generated(size)
  const whole = await source.read(0, size)
  const { key, outline } = await a.peer.content.hold(source)
  const opened = await b.peer.content.open(key, { outline: outline as Key })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: size - 1 }), fc.integer({ min: 0, max: 3 * PIECE }), async (offset, wanted) => {
      const length = Math.min(wanted, size - offset)
      const { hash } = await readAll(opened, { offset, length })
      return (
        hash ===
        createHash('sha256')
          .update(whole.subarray(offset, offset + length))
          .digest('hex')
      )
    }),
    { numRuns: 300 },
  )
})

test('pieces: a part of what nobody vouches for is refused until the whole was checked once', async () => {
  const network = await createNetwork({ nodes: 2, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const { key } = await a.peer.content.hold(generated(4 * PIECE))
  const first = await b.peer.content.open(key)
  expect(first.isTrusted).toBe(false)
  await expect(readAll(first, { offset: 10, length: 10 })).rejects.toMatchObject({ code: 'ERR_UNTRUSTED' })
  expect((await readAll(first)).hash).toBe(encodeKeyHex(key))
  const second = await b.peer.content.open(key)
  expect(second.isTrusted).toBe(true)
  expect((await readAll(second, { offset: 10, length: 10 })).size).toBe(10)
})

test('pieces: an outline with another hash than the link says is a lie', async () => {
  const network = await createNetwork({ nodes: 2, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const { key } = await a.peer.content.hold(generated(4 * PIECE))
  await expect(b.peer.content.open(key, { outline: new Uint8Array(32) })).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
})

test('pieces: a reader that stops reading stops the fetch', async () => {
  const network = await createNetwork({ nodes: 2, limits: { maxCacheBytes: 0 }, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const { key, outline } = await a.peer.content.hold(generated(64 * MIB))
  const opened = await b.peer.content.open(key, { outline: outline as Key })
  let read = 0
  for await (const bytes of opened.read()) {
    read += bytes.byteLength
    if (read > MIB) break
  }
  const served = () => a.peer.status().counts.bytesServed
  // Pieces under way may still arrive; no others do.
  const { hash } = await readAll(await b.peer.content.open(key, { outline: outline as Key }), { offset: 63 * MIB, length: PIECE })
  expect(hash).toHaveLength(64)
  expect(served()).toBeLessThan(24 * MIB)
})

test('pieces: a hundred ranges cost one outline, and content that nobody holds any more is gone in spite of it', async () => {
  const network = await createNetwork({ nodes: 2, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const { key, outline } = await a.peer.content.hold(generated(8 * MIB))
  const outlines = () => b.events.filter((event) => event.type === 'fetched' && event.key === encodeKeyHex(key)).length
  const openPart = async () => readAll(await b.peer.content.open(key, { outline: outline as Key }), { offset: MIB, length: 100 })
  for (let i = 0; i < 100; i++) await openPart()
  expect(outlines()).toBe(1)
  await a.peer.content.release(key)
  const isGone = () =>
    openPart().then(
      () => false,
      (error: unknown) => (error as { code?: string }).code === 'ERR_NO_HOLDER',
    )
  await waitFor(isGone, 5_000, 'nobody holds it, and it is not given from memory')
})

test('pieces: a reader of a small part costs its holder a few pieces, one that goes on is read ahead for', async () => {
  const network = await createNetwork({ nodes: 2, limits: { maxCacheBytes: 0 }, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const { key, outline } = await a.peer.content.hold(generated(32 * MIB))
  const opened = await b.peer.content.open(key, { outline: outline as Key })
  /** Pieces that the holder has sent once it sends no more, while the reader has taken so many. */
  const givenFor = async (taken: number) => {
    const before = a.peer.status().counts.bytesServed
    const parts = opened.read()[Symbol.asyncIterator]()
    for (let i = 0; i < taken; i++) await parts.next()
    let last = -1
    let still = 0
    const isStill = () => {
      const now = a.peer.status().counts.bytesServed
      still = now === last ? still + 1 : 0
      last = now
      return still === 30
    }
    await waitFor(isStill, 10_000, 'nothing is given any more')
    await parts.return?.(undefined)
    return (last - before) / PIECE
  }
  expect(await givenFor(1)).toBeLessThanOrEqual(2)
  expect(await givenFor(3)).toBeLessThanOrEqual(9)
  expect(await givenFor(20)).toBeGreaterThan(30)
})

test('pieces: ten readers of one tab’s content cost the tab about one upload', async () => {
  const network = await createNetwork({ nodes: 3, ...options })
  const [a, b, c] = network.nodes
  if (!a || !b || !c) throw new Error('nodes')
  const tab = await network.addTab(a)
  const size = 12 * MIB
  const { key, outline } = await tab.content.hold(generated(size))
  const readers: Peer[] = [
    b.peer,
    c.peer,
    ...(await Promise.all(Array.from({ length: 8 }, (_, i) => network.addTab([a, b, c][i % 3] ?? a)))),
  ]
  const results = await Promise.all(readers.map(async (reader) => readAll(await reader.content.open(key, { outline: outline as Key }))))
  for (const { hash } of results) expect(hash).toBe(encodeKeyHex(key))
  expect(tab.status().counts.bytesServed).toBeLessThanOrEqual(2 * size)
})

test('pieces: content that changes underneath is released, and nobody gets wrong bytes', async () => {
  const network = await createNetwork({ nodes: 2, limits: { maxCacheBytes: 0 }, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const source = generated(4 * MIB)
  let changed = false
  const { key, outline } = await a.peer.content.hold({
    size: source.size,
    read: async (offset, length) => {
      if (changed) throw new Error('it has changed')
      return source.read(offset, length)
    },
  })
  const opened = await b.peer.content.open(key, { outline: outline as Key })
  changed = true
  await expect(readAll(opened)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(a.peer.content.held()).toEqual([])
})

test('pieces: files of a bundle that are not announced are found through it, and are gone with it', async () => {
  const network = await createNetwork({ nodes: 2, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const [small, large] = [new TextEncoder().encode('a small file'), await generated(3 * PIECE, 7).read(0, 3 * PIECE)]
  const one = await a.peer.content.hold(small, { isPart: true })
  const many = await a.peer.content.hold(large, { isPart: true })
  const { key: bundle } = await a.peer.content.hold(new TextEncoder().encode('the list'))
  await expect(b.peer.content.open(one.key)).rejects.toMatchObject({ code: 'ERR_NO_HOLDER' })
  expect((await b.peer.content.open(one.key, { bundle })).bytes).toEqual(small)
  const read = await readAll(await b.peer.content.open(many.key, { bundle, outline: many.outline as Key }))
  expect(read.hash).toBe(encodeKeyHex(many.key))
  await a.peer.content.release(bundle)
  await waitFor(async () => !b.peer.content.has(one.key), 10_000, 'the cached file is gone')
  await expect(b.peer.content.open(one.key, { bundle })).rejects.toMatchObject({ code: 'ERR_NO_HOLDER' })
  await a.peer.content.hold(small) // now it is held by itself, too
  expect((await b.peer.content.open(one.key)).bytes).toEqual(small)
})

test('pieces: a link that puts another content’s outline beside a key never gives a whole', async () => {
  const network = await createNetwork({ nodes: 2, limits: { maxCacheBytes: 0 }, ...options })
  const [a, b] = network.nodes
  if (!a || !b) throw new Error('nodes')
  const content = await generated(3 * PIECE, 5).read(0, 3 * PIECE)
  const { outlineHash } = await outlineSource(memorySource(content), PIECE, createNativeHasher)
  const key = await sha256(new TextEncoder().encode('something else'))
  const liar = await startLiar({ lie: 'false-outline', key, join: a.address, role: 'node', content })
  await waitFor(async () => (await b.peer.rendezvous.watch(key)[Symbol.asyncIterator]().next()).value === 1, 5_000, 'the liar is counted')
  const opened = await b.peer.content.open(key, { outline: outlineHash as Key })
  expect(opened.isTrusted).toBe(true)
  let size = 0
  const reading = (async () => {
    for await (const bytes of opened.read()) size += bytes.byteLength
  })()
  await expect(reading).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(size).toBeLessThan(3 * PIECE)
  expect(liar.asked).toBeGreaterThan(0)
})
