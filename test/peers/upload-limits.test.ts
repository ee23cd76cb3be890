/** Holders that give each peer only so many bytes a second: together they are faster than one. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeKeyHex, type Key, type OpenedContent } from '../../node/index.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { generatedContent } from '../helpers/generated-content.ts'
import { writeGeneratedFile } from '../helpers/generated-file.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const MIB = 1_048_576
/** So slow that a busy machine makes no difference. */
const RATE = MIB / 2
const SIZE = 4 * MIB

/** How long reading the whole takes, in ms; it has to be right. */
async function timeToRead(content: OpenedContent): Promise<number> {
  const startedAtMs = performance.now()
  const digest = createHash('sha256')
  for await (const bytes of content.read()) digest.update(bytes)
  expect(digest.digest('hex')).toBe(encodeKeyHex(content.key))
  return performance.now() - startedAtMs
}

test('upload limits: one peer takes no more than its rate, and three holders give it in about a third of the time of one', async () => {
  const options = { createHasher: createNativeHasher, limits: { maxPeerBytesPerSecond: RATE, maxCacheBytes: 0 } }
  const network = await createNetwork({ nodes: 4, ...options })
  const [a, b, c, reader] = network.nodes
  const read = async (seed: number, holders: TestNode[]) => {
    let held: { key: Key; outline?: Key } | undefined
    for (const { peer } of holders) held = await peer.content.hold(generatedContent(SIZE, seed))
    const { key, outline } = held as { key: Key; outline: Key }
    return timeToRead(await reader.peer.content.open(key, { outline }))
  }
  const alone = await read(1, [a])
  expect(alone).toBeGreaterThan(((SIZE - RATE) / RATE) * 1_000)
  const together = await read(2, [a, b, c])
  expect(together / alone).toBeLessThan(0.6)
})

test('upload limits: each peer has its own rate, and an outline does not wait behind pieces', async () => {
  const options = { createHasher: createNativeHasher, limits: { maxPeerBytesPerSecond: RATE, maxCacheBytes: 0 } }
  const network = await createNetwork({ nodes: 3, ...options })
  const [holder, first, second] = network.nodes
  const { key, outline } = (await holder.peer.content.hold(generatedContent(SIZE, 1))) as { key: Key; outline: Key }
  const other = (await holder.peer.content.hold(generatedContent(SIZE, 2))) as { key: Key; outline: Key }
  const open = (node: TestNode) => node.peer.content.open(key, { outline })
  const startedAtMs = performance.now()
  const busy = Promise.all([timeToRead(await open(first)), timeToRead(await open(second))])
  // While the first is slowed down, it learns of other content at once.
  await first.peer.content.open(other.key, { outline: other.outline })
  const openedMs = performance.now() - startedAtMs
  const times = await busy
  expect(openedMs).toBeLessThan(Math.min(...times) / 2)
  expect(first.events.filter(({ type }) => type === 'bad-holder')).toEqual([])
  // Were the rate shared, the slower one would take as long as both one after the other.
  expect(Math.max(...times)).toBeLessThan(((2 * SIZE) / RATE) * 1_000 * 0.9)
})

test('upload limits: the flags of start and hold set them', async () => {
  const flags = ['--client-fetches', '7', '--client-rate', '2MB', '--peer-rate', '8MiB']
  const node = await startNodeProcess({ args: flags })
  const { limits } = (await (await fetch(`${node.url}/api/v1/status`)).json()) as { limits: Record<string, unknown> }
  expect(limits).toMatchObject({
    maxPeerBytesPerSecond: 8 * MIB,
    http: { maxFetchesPerAddress: 7, maxBytesPerSecondPerAddress: 2_000_000 },
  })
  const path = join(await createTemporaryDirectory(), 'held')
  const hash = await writeGeneratedFile(path, 3 * MIB, 1)
  const holder = spawnMayfly(['hold', path, '--peer-rate', '1MiB', '--join', node.url])
  const link = await holder.stdout.waitFor((line) => line.includes(hash))
  const startedAtMs = performance.now()
  const bytes = Buffer.from(await (await fetch(link)).arrayBuffer())
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(hash)
  expect(performance.now() - startedAtMs).toBeGreaterThan(2_000)
})
