/** Readers that keep nothing, beside others of the same pieces: memory is freed when nobody uses it any more, and everybody has the right bytes. */

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { expect, test } from 'vitest'
import { encodeKeyHex, type OpenedContent } from '../../node/index.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { createTestGateway } from '../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../helpers/generated-content.ts'
import { createNetwork } from '../helpers/network.ts'

const PIECE = 262_144
const MIB = 1_048_576
/** More than the buffers of a socket hold. */
const SIZE = 24 * MIB + 5

async function openWorld(maxCacheBytes: number) {
  const network = await createNetwork({ nodes: 2, createHasher: createNativeHasher, limits: { maxCacheBytes } })
  const [holder, { peer }] = network.nodes
  return {
    peer,
    /** Bytes that have left the holder. */
    served: () => holder.peer.status().counts.bytesServed,
    async hold(size: number, seed = 1) {
      const { key, outline } = await holder.peer.content.hold(generatedContent(size, seed))
      if (outline === undefined) throw new Error('content of one piece')
      const link = `/raw/${encodeKeyHex(key)}?o=${encodeKeyHex(outline)}`
      const expected = Buffer.from(generatedBytes(0, size, seed))
      return { link, expected, open: () => peer.content.open(key, { outline }) }
    },
  }
}

/** Resolves once memory that nobody uses any more has been freed. */
const laterTurn = () => new Promise(setImmediate)

/** Uses each part until it asks for the next. */
async function readOnce(opened: OpenedContent, checksWhole: boolean): Promise<Buffer> {
  const copies: Buffer[] = []
  for await (const bytes of opened.read(undefined, { keepsNothing: true, checksWhole })) {
    await laterTurn()
    copies.push(Buffer.from(bytes))
  }
  return Buffer.concat(copies)
}

async function readAndKeep(opened: OpenedContent): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  for await (const bytes of opened.read()) parts.push(bytes)
  return parts
}

async function readAndLeave(opened: OpenedContent, parts: number): Promise<void> {
  const leaving = new AbortController()
  let count = 0
  for await (const _ of opened.read(undefined, { keepsNothing: true, checksWhole: true, signal: leaving.signal })) {
    if (++count === parts) leaving.abort(new Error('it has left'))
  }
}

test.each([
  ['no cache', 0],
  ['a cache that has three pieces', 3 * PIECE + 2_048],
  ['a cache that has all', 64 * MIB],
])('a reader that keeps nothing takes no bytes from those beside it, with %s', async (_, maxCacheBytes) => {
  const { hold } = await openWorld(maxCacheBytes)
  const { open, expected } = await hold(20 * PIECE + 5)
  const [kept, first, second] = await Promise.all([
    readAndKeep(await open()),
    readOnce(await open(), true),
    readOnce(await open(), false),
    expect(readAndLeave(await open(), 3)).rejects.toThrow('it has left'),
  ])
  const late = await readOnce(await open(), true)
  await laterTurn()
  expect([Buffer.concat(kept), first, second, late].map((bytes) => bytes.equals(expected))).toEqual([true, true, true, true])
})

test('what is in the cache stays right, whoever reads it, and what a reader keeps of it does, when the cache drops it', async () => {
  const { hold, served } = await openWorld(10 * MIB)
  const [content, other] = [await hold(20 * PIECE + 5), await hold(36 * PIECE, 2)]
  const copies = [await readOnce(await content.open(), true)]
  const before = served()
  for (const checksWhole of [true, false]) copies.push(await readOnce(await content.open(), checksWhole))
  const kept = await readAndKeep(await content.open())
  expect(served()).toBe(before)
  expect((await readOnce(await other.open(), true)).equals(other.expected)).toBe(true)
  copies.push(await readOnce(await content.open(), true))
  expect(served()).toBeGreaterThan(before + other.expected.byteLength) // the cache had dropped it
  await laterTurn()
  expect([...copies, Buffer.concat(kept)].map((bytes) => bytes.equals(content.expected))).toEqual(Array(5).fill(true))
})

test('a slow client of a gateway gets the right bytes, whatever others read meanwhile and the cache drops', async () => {
  const { peer, hold } = await openWorld(3 * PIECE + 2_048)
  const { link, open, expected } = await hold(SIZE)
  const { url } = await createTestGateway(peer)
  const [answer] = (await once(request(url + link, { agent: false }).end(), 'response')) as [IncomingMessage]
  const slow: Buffer[] = []
  let other: Buffer | undefined
  for await (const chunk of answer) {
    slow.push(chunk)
    other ??= await readOnce(await open(), true)
  }
  expect([Buffer.concat(slow), other].map((bytes) => bytes?.equals(expected))).toEqual([true, true])
})
