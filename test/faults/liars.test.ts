/** One honest holder among many who announce and do not give. */

import { expect, test } from 'vitest'
import { encodeKeyHex, equalBytes, sha256 } from '../../node/keys/index.ts'
import { type Lie, startLiar } from '../helpers/liar.ts'
import { createNetwork, waitFor } from '../helpers/network.ts'

const LIES: Lie[] = ['wrong', 'short', 'endless', 'silent', 'too-long', 'refuses']
const percentile = (times: number[], share: number) => times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Number.NaN

test('liars: one honest holder among ten liars gives the right page, p95 under two seconds, and the liars are named', async () => {
  const network = await createNetwork({ nodes: 4 })
  const [a, b, c, d] = network.nodes
  if (!a || !b || !c || !d) throw new Error('four nodes')
  const page = new TextEncoder().encode(`the right page ${'x'.repeat(5_000)}`)
  const key = await sha256(page)
  const liars = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      startLiar({
        lie: LIES[i % LIES.length] as Lie,
        key,
        join: (i % 3 === 0 ? a : b).address,
        role: i % 2 === 0 ? 'node' : 'tab',
      }),
    ),
  )
  const honest = await network.addTab(c)
  await honest.content.hold(page)
  await waitFor(
    async () => (await a.peer.rendezvous.watch(key)[Symbol.asyncIterator]().next()).value === 11,
    10_000,
    'all eleven are counted',
  )

  const times: number[] = []
  const named = new Set<string>()
  for (let i = 0; i < 20; i++) {
    // A fresh reader each time: it has met none of the liars before.
    const reader = await network.addNode({ limits: { maxCacheBytes: 0 } })
    const startedAtMs = performance.now()
    const { bytes } = await reader.peer.content.get(key)
    times.push(performance.now() - startedAtMs)
    expect(equalBytes(bytes, page)).toBe(true)
    for (const event of reader.events) if (event.type === 'bad-holder') named.add(event.peer)
    await reader.stop()
  }
  for (const node of network.nodes)
    for (const event of node.events) if (event.type === 'bad-holder' && event.key === encodeKeyHex(key)) named.add(event.peer)
  expect(percentile(times, 0.95)).toBeLessThan(2_000)
  const caught = liars.filter(({ lie, asked }) => asked > 0 && lie !== 'refuses')
  expect(caught.length).toBeGreaterThan(0)
  const ids = new Set(liars.map(({ id }) => id))
  expect([...named].filter((id) => !ids.has(id))).toEqual([])
  for (const lie of ['wrong', 'too-long'] as const)
    expect(caught.filter((liar) => liar.lie === lie && named.has(liar.id)).length).toBeGreaterThan(0)
})

test('liars: a reader that was lied to asks the honest holder first the next time', async () => {
  const network = await createNetwork({ nodes: 3 })
  const [a, b, c] = network.nodes
  if (!a || !b || !c) throw new Error('three nodes')
  const page = new TextEncoder().encode('asked again')
  const key = await sha256(page)
  const liar = await startLiar({ lie: 'wrong', key, join: a.address, role: 'node' })
  await b.peer.content.hold(page)
  await waitFor(async () => (await c.peer.rendezvous.watch(key)[Symbol.asyncIterator]().next()).value === 2, 10_000, 'both are counted')
  const reader = await network.addNode({ limits: { maxCacheBytes: 0 } })
  for (let i = 0; i < 30; i++) await reader.peer.content.get(key)
  expect(liar.asked).toBeLessThanOrEqual(1)
})
