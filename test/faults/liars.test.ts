/** One honest holder among many that announce content and do not send it. */

import { expect, test } from 'vitest'
import { encodeKeyHex, equalBytes, sha256 } from '../../node/keys/index.ts'
import { countAt, getRaw } from '../helpers/gateway-client.ts'
import { type Lie, startLiar } from '../helpers/liar.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { createNetwork } from '../helpers/network.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Until servers that come at the same moment have found each other, in ms: a second or two, and more on a busy machine. */
const FOUND_MS = 20_000

const LIES: Lie[] = ['wrong', 'short', 'endless', 'silent', 'too-long', 'refuses']
const percentile = (times: number[], share: number) => times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1] ?? Number.NaN

test('liars: one honest holder among ten liars gives the right page, p95 within two seconds of the usual, and the liars are named', async () => {
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
    FOUND_MS,
    'all eleven are counted',
  )

  // Baseline: the time for a page that nobody lies about, with streams still to open. The lies may cost two seconds on top of three of these.
  const unspoilt = new TextEncoder().encode(`nobody lies about this ${'x'.repeat(5_000)}`)
  const { key: unspoiltKey } = await honest.content.hold(unspoilt)
  const usual: number[] = []
  const times: number[] = []
  const named = new Set<string>()
  for (let i = 0; i < 20; i++) {
    // A fresh reader each time: it has met none of the liars before.
    const reader = await network.addNode({ limits: { maxCacheBytes: 0 } })
    const usualAtMs = performance.now()
    await reader.peer.content.get(unspoiltKey)
    usual.push(performance.now() - usualAtMs)
    const startedAtMs = performance.now()
    const { bytes } = await reader.peer.content.get(key)
    times.push(performance.now() - startedAtMs)
    expect(equalBytes(bytes, page)).toBe(true)
    for (const event of reader.events) if (event.type === 'bad-holder') named.add(event.peer)
    await reader.stop()
  }
  for (const node of network.nodes)
    for (const event of node.events) if (event.type === 'bad-holder' && event.key === encodeKeyHex(key)) named.add(event.peer)
  expect(percentile(times, 0.95)).toBeLessThan(2_000 + 3 * percentile(usual, 0.95))
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
  await waitFor(async () => (await c.peer.rendezvous.watch(key)[Symbol.asyncIterator]().next()).value === 2, FOUND_MS, 'both are counted')
  const reader = await network.addNode({ limits: { maxCacheBytes: 0 } })
  for (let i = 0; i < 30; i++) await reader.peer.content.get(key)
  expect(liar.asked).toBeLessThanOrEqual(1)
})

test('liars: no wrong byte leaves a gateway, and its log names the sender', async () => {
  const first = await startNodeProcess()
  const second = await startNodeProcess({ join: [first.url] })
  const page = 'the only right bytes'
  const key = await sha256(new TextEncoder().encode(page))
  const liars = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      startLiar({ lie: LIES[i % LIES.length] as Lie, key, join: i % 2 === 0 ? first.url : second.url, role: i < 5 ? 'node' : 'tab' }),
    ),
  )
  const hash = encodeKeyHex(key)
  // While all holders are liars, the answer is an error in words, without one of their bytes.
  await waitFor(async () => (await countAt(second.url, hash)) === 10, FOUND_MS, 'the liars are counted')
  const nobody = await getRaw(second.url, hash, 30_000)
  expect([404, 504]).toContain(nobody.status)
  expect(new TextDecoder().decode(nobody.bytes)).toContain('"error"')

  const honest = spawnMayfly(['hold', '-', '--join', first.url], { stdin: page })
  await honest.stdout.waitFor(() => true)
  const unspoilt = spawnMayfly(['hold', '-', '--join', first.url, '--json'], { stdin: 'nobody lies about this' })
  const { hash: unspoiltHash } = JSON.parse(await unspoilt.stdout.waitFor(() => true)) as { hash: string }
  const usual: number[] = []
  const times: number[] = []
  for (let i = 0; i < 20; i++) {
    for (const { url } of [first, second]) {
      const usualAtMs = performance.now()
      expect((await getRaw(url, unspoiltHash)).status).toBe(200)
      usual.push(performance.now() - usualAtMs)
      const startedAtMs = performance.now()
      const { status, bytes } = await getRaw(url, hash)
      times.push(performance.now() - startedAtMs)
      expect({ status, text: new TextDecoder().decode(bytes) }).toEqual({ status: 200, text: page })
    }
  }
  expect(percentile(times, 0.95)).toBeLessThan(2_000 + 3 * percentile(usual, 0.95))
  const ids = new Set(liars.map(({ id }) => id))
  const named = [...first.log(), ...second.log()].filter(({ msg }) => String(msg).includes('bad-holder'))
  expect(named.length).toBeGreaterThan(0)
  for (const { peer } of named) expect(ids).toContain(peer)
})
