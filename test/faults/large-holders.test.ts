/**
 * A holder that stalls, leaves, or lies in the middle of large content, read over HTTP at another node's gateway: the right bytes when
 * there is one honest holder besides, and a cut connection when there is none. The bytes that a lie costs are counted.
 */

import { expect, test } from 'vitest'
import { type ContentSource, encodeKeyHex, type Key } from '../../node/index.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { createTestGateway } from '../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../helpers/generated-content.ts'
import { readOnce } from '../helpers/http-reading.ts'
import { startLiar } from '../helpers/liar.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PIECE = 262_144
const PIECES = 24
const SIZE = PIECES * PIECE - 5

/** Most pieces that a reader requests of one of two holders at once: a holder that leaves has handed them to its sockets, and they are lost. */
const UNDER_WAY = 8

/** A fault of the source after it was held; `node` is the holder's. */
type Fault = (source: ContentSource, node: TestNode) => ContentSource['read']

const wrongFrom =
  (first: number, last: number): Fault =>
  (source) =>
  async (offset, length) => {
    const bytes = await source.read(offset, length)
    const piece = Math.floor(offset / PIECE)
    if (piece >= first && piece <= last) bytes[0] = (bytes[0] ?? 0) ^ 1
    return bytes
  }

const FAULTS: [string, Fault][] = [
  [
    'stalls at half',
    (source) => (offset, length, options) => {
      if (offset < SIZE / 2) return source.read(offset, length)
      return new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(options.signal?.reason)))
    },
  ],
  [
    'leaves at half',
    (source, node) => async (offset, length) => {
      if (offset >= SIZE / 2) {
        node.server.closeAllConnections()
        await node.peer.stop()
      }
      return source.read(offset, length)
    },
  ],
  ['lies about one piece', wrongFrom(PIECES / 2, PIECES / 2)],
  ['lies about the last piece', wrongFrom(PIECES - 1, PIECES - 1)],
  ['lies about every piece', wrongFrom(0, PIECES)],
]

/** Right while it is hashed; then the fault. */
async function holdFaulty(node: TestNode, seed: number, fault: Fault): Promise<{ key: Key; path: string; query: string }> {
  const source = generatedContent(SIZE, seed)
  let read: ContentSource['read'] = source.read
  const { key, outline } = await node.peer.content.hold({ size: SIZE, read: (...args) => read(...args) })
  read = fault(source, node)
  return { key, path: `/raw/${encodeKeyHex(key)}`, query: `?o=${encodeKeyHex(outline ?? key)}` }
}

async function setUp() {
  const network = await createNetwork({ nodes: 3, createHasher: createNativeHasher })
  const [faulty, honest, reader] = network.nodes
  return { faulty, honest, reader, gateway: await createTestGateway(reader.peer) }
}

test.each(FAULTS)('a holder that %s, beside an honest one: the right bytes, and little wasted', async (name, fault) => {
  for (const [seed, withOutline] of [true, false].entries()) {
    const { faulty, honest, gateway } = await setUp()
    const { key, path, query } = await holdFaulty(faulty, seed, fault)
    await honest.peer.content.hold(generatedContent(SIZE, seed))
    const outcome = await readOnce(gateway.port, withOutline ? path + query : path)
    expect(outcome).toEqual({ status: 200, isComplete: true, size: SIZE, hash: encodeKeyHex(key) })
    const served = [faulty, honest].reduce((sum, { peer }) => sum + peer.status().counts.bytesServed, 0)
    // A lie costs its own piece, and a busy machine may request a slow piece twice.
    const wasted = name === 'leaves at half' ? UNDER_WAY : 2
    expect(served).toBeLessThanOrEqual(SIZE + wasted * PIECE)
  }
})

test('a holder that lies about the outline, beside an honest one: by the link’s outline the right bytes, else those or a cut', async () => {
  const { faulty, honest, reader, gateway } = await setUp()
  const { key, outline } = await honest.peer.content.hold(generatedContent(SIZE, 1))
  await startLiar({ lie: 'false-outline', key, join: faulty.address, role: 'node', content: generatedBytes(0, SIZE, 2) })
  const isCounted = async () => (await reader.peer.rendezvous.watch(key)[Symbol.asyncIterator]().next()).value === 2
  await waitFor(isCounted, 10_000, 'both are counted')
  const hash = encodeKeyHex(key)
  const right = { status: 200, isComplete: true, size: SIZE, hash }
  const unsure = await readOnce(gateway.port, `/raw/${hash}`)
  if (unsure.isComplete) expect(unsure).toEqual(right)
  else expect(unsure.size).toBeLessThan(SIZE)
  expect(await readOnce(gateway.port, `/raw/${hash}?o=${encodeKeyHex(outline ?? key)}`)).toEqual(right)
  // The whole has been checked here, so that outline is the one that is believed from now on.
  expect(await readOnce(gateway.port, `/raw/${hash}`)).toEqual(right)
})

// Lies without anybody else to ask are in large-liars.test.ts.
test.each(FAULTS.slice(0, 2))('a holder that %s, alone: cut, never completed', async (_, fault) => {
  const { faulty, gateway } = await setUp()
  const { path, query } = await holdFaulty(faulty, 1, fault)
  const outcome = await readOnce(gateway.port, path + query)
  expect(outcome).toMatchObject({ status: 200, isComplete: false })
  expect(outcome.size).toBeLessThan(SIZE)
})
