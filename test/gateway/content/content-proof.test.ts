/** Content whose link has no outline, through the gateway of a node that does not hold it: ranges at the first request. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeKeyHex } from '../../../node/index.ts'
import { ask, codeOf, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../../helpers/generated-content.ts'
import { startLiar } from '../../helpers/liar.ts'
import { type Network, type NodeTuple, startNetwork, type TestNode } from '../../helpers/network.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const PIECE = 262_144
const SIZE = 5 * PIECE + 7

let network: Network<NodeTuple<2>>
let holder: TestNode
let reader: TestNode
let front: TestGateway

beforeAll(async () => {
  network = await startNetwork({ nodes: 2 })
  const [first, second] = network.nodes
  holder = first
  reader = second
  front = await startGateway(reader.peer)
}, 30_000)

afterAll(async () => {
  await front.server.stop()
  await network.stop()
}, 30_000)

const get = (path: string, headers = {}, method = 'GET') => ask(front.port, path, { headers, method })

test('the first request for a range gets it: the content is taken whole, checked, and kept', async () => {
  const { key } = await holder.peer.content.hold(generatedContent(SIZE, 1))
  const path = `/${encodeKeyHex(key)}`
  const { status, headers } = await get(path, { range: 'bytes=0-9' }, 'HEAD')
  expect([status, headers['accept-ranges'], headers['content-length']]).toEqual([200, 'bytes', String(SIZE)])
  // The outline and the first piece, from which the type is guessed.
  expect(reader.peer.status().counts.bytesFetched).toBeLessThan(2 * PIECE)
  const ranges = Array.from({ length: 20 }, (_, i) => ({ first: i * 60_000, last: i * 60_000 + 300_000 }))
  const answers = await Promise.all(ranges.map(({ first, last }) => get(path, { range: `bytes=${first}-${last}` })))
  for (const [i, { first, last }] of ranges.entries()) {
    const { status, headers, body } = answers[i] ?? (await get(path))
    expect([status, headers['content-range'], headers['accept-ranges']]).toEqual([
      206,
      `bytes ${first}-${Math.min(last, SIZE - 1)}/${SIZE}`,
      'bytes',
    ])
    expect(body.equals(generatedBytes(first, Math.min(last + 1, SIZE) - first, 1))).toBe(true)
  }
  // All of them share one fetch; the outline comes besides.
  expect(reader.peer.status().counts.bytesFetched).toBeLessThan(SIZE + PIECE)
})

test('a range of content with a false outline is refused: no byte of it leaves', async () => {
  const { key } = await holder.peer.content.hold(generatedContent(SIZE, 3))
  await holder.peer.content.release(key)
  const liar = await startLiar({
    lie: 'false-outline',
    key,
    join: network.nodes[0].address,
    role: 'node',
    content: generatedBytes(0, SIZE, 4),
  })
  const path = `/${encodeKeyHex(key)}`
  await waitFor(async () => (await get(path, {}, 'HEAD')).status === 200, 10_000, 'the liar is found')
  const answer = await get(path, { range: 'bytes=0-9' })
  expect([answer.status, codeOf(answer)]).toEqual([504, 'ERR_UNAVAILABLE'])
  expect(reader.events.some((event) => event.type === 'bad-holder' && event.peer === liar.id)).toBe(true)
})
