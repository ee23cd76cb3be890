/** Holders that lie about large content, read through a gateway: the right bytes or a cut connection, never a wrong answer that ends well. */

import { expect, test } from 'vitest'
import { encodeKeyHex } from '../../node/index.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { createTestGateway } from '../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../helpers/generated-content.ts'
import { readOnce } from '../helpers/http-reading.ts'
import { startLiar } from '../helpers/liar.ts'
import { createNetwork } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PIECE = 262_144
const SIZE = 5 * PIECE + 7

async function setUp() {
  const network = await createNetwork({ nodes: 3, createHasher: createNativeHasher })
  const [, honest, reader] = network.nodes
  return { network, honest, reader, gateway: await createTestGateway(reader.peer) }
}

test.each([
  ['the second piece', 1],
  ['the last piece', 5],
])('a holder that lies about %s is cut off, and left out where another holds it', async (_, piece) => {
  const { network, honest, reader, gateway } = await setUp()
  const { key, outline } = await honest.peer.content.hold(generatedContent(SIZE, piece))
  await honest.peer.content.release(key)
  const hash = encodeKeyHex(key)
  const liar = await startLiar({
    lie: 'wrong-piece',
    key,
    join: network.nodes[0]?.address ?? '',
    role: 'node',
    content: generatedBytes(0, SIZE, piece),
    wrongPiece: piece,
  })
  const paths = [`/raw/${hash}`, `/raw/${hash}?o=${encodeKeyHex(outline ?? key)}`]
  await waitFor(async () => (await readOnce(gateway.port, `/raw/${hash}`)).status === 200, 10_000, 'the liar is found')
  for (const path of paths) {
    const outcome = await readOnce(gateway.port, path)
    expect(outcome).toMatchObject({ status: 200, isComplete: false })
    expect(outcome.size).toBeLessThanOrEqual(piece * PIECE)
  }
  expect(reader.events.some((event) => event.type === 'bad-holder' && event.peer === liar.id)).toBe(true)
  await honest.peer.content.hold(generatedContent(SIZE, piece))
  for (const path of paths) expect(await readOnce(gateway.port, path)).toEqual({ status: 200, isComplete: true, size: SIZE, hash })
})

test('a false outline never makes a whole answer, and its sender is left out of the next', async () => {
  const { network, honest, reader, gateway } = await setUp()
  const { key, outline } = await honest.peer.content.hold(generatedContent(SIZE, 1))
  await honest.peer.content.release(key)
  const hash = encodeKeyHex(key)
  const liar = await startLiar({
    lie: 'false-outline',
    key,
    join: network.nodes[0]?.address ?? '',
    role: 'node',
    content: generatedBytes(0, SIZE, 2),
  })
  await waitFor(async () => (await readOnce(gateway.port, `/raw/${hash}`)).status === 200, 10_000, 'the liar is found')
  const alone = await readOnce(gateway.port, `/raw/${hash}`)
  expect(alone).toMatchObject({ status: 200, isComplete: false })
  expect(alone.size).toBeLessThanOrEqual(5 * PIECE)
  expect(reader.events.some((event) => event.type === 'bad-holder' && event.peer === liar.id)).toBe(true)
  await honest.peer.content.hold(generatedContent(SIZE, 1))
  const right = { status: 200, isComplete: true, size: SIZE, hash }
  expect(await readOnce(gateway.port, `/raw/${hash}?o=${encodeKeyHex(outline ?? key)}`)).toEqual(right)
  expect(await readOnce(gateway.port, `/raw/${hash}`)).toEqual(right)
})
