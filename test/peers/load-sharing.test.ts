/** Many readers of few holders. */

import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createPeer, encodeKeyHex } from '../../node/index.ts'
import { equalBytes } from '../../node/keys/index.ts'
import type { Key } from '../../node/types.ts'
import { countAt, getRaw } from '../helpers/gateway-client.ts'
import { createNetwork, untilJoined } from '../helpers/network.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

test('load sharing: each of ten holders serves a tenth of a thousand fetches, give or take four in a hundred', async () => {
  const network = await createNetwork({ nodes: 5, limits: { maxCacheBytes: 0 } })
  const served = new Map<string, number>()
  const contents = Array.from({ length: 100 }, (_, i) => new TextEncoder().encode(`content ${i}`))
  let keys: Key[] = []
  // Unevenly spread over the homes: four, three, two, one.
  for (const [i, home] of [0, 0, 0, 0, 1, 1, 1, 2, 2, 3].entries()) {
    const node = network.nodes[home]
    if (node === undefined) throw new Error('a home')
    const tab = await network.addTab(node)
    served.set(String(i), 0)
    tab.onEvent((event) => event.type === 'served' && served.set(String(i), (served.get(String(i)) ?? 0) + 1))
    keys = await Promise.all(contents.map(async (bytes) => (await tab.content.hold(bytes)).key))
  }
  const readers = await Promise.all(Array.from({ length: 10 }, () => network.addNode({ limits: { maxCacheBytes: 0 } })))
  for (const key of keys) {
    await waitFor(
      async () => (await readers[0]?.peer.rendezvous.watch(key)[Symbol.asyncIterator]().next())?.value === 10,
      20_000,
      'ten holders each',
    )
  }
  for (const reader of readers) for (const key of keys) await reader.peer.content.get(key)

  const counts = [...served.values()]
  expect(counts.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(1_000)
  const shares = counts.map((count) => count / 10)
  for (const share of shares) {
    expect(share).toBeGreaterThanOrEqual(6)
    expect(share).toBeLessThanOrEqual(14)
  }
}, 120_000)

test('load sharing: two hundred readers at once of one tab’s page cost the tab one upload', async () => {
  const network = await createNetwork({ nodes: 3 })
  const [a] = network.nodes
  if (a === undefined) throw new Error('a node')
  const tab = await network.addTab(a)
  let uploads = 0
  tab.onEvent((event) => event.type === 'served' && uploads++)
  const { key } = await tab.content.hold(crypto.getRandomValues(new Uint8Array(60_000)))
  await waitFor(() => a.peer.status().counts.leases === 1, 5_000, 'the home has the lease')
  const got = await Promise.all(Array.from({ length: 200 }, (_, i) => network.nodes[i % 3]?.peer.content.get(key)))
  expect(got.filter((content) => content !== undefined && encodeKeyHex(content.key) === encodeKeyHex(key)).length).toBe(200)
  expect(uploads).toBe(1)
})

test('load sharing: two hundred visitors at once, through three gateways, cost the author’s tab a few uploads', async () => {
  const first = await startNodeProcess()
  const others = await Promise.all([startNodeProcess({ join: [first.url] }), startNodeProcess({ join: [first.url] })])
  const gateways = [first, ...others]
  const author = await createPeer({ join: [first.url] })
  onTestFinished(() => author.stop())
  await author.start()
  await untilJoined(author)
  let uploads = 0
  author.onEvent((event) => event.type === 'served' && uploads++)
  const page = new Uint8Array(randomBytes(200_000))
  const hash = encodeKeyHex((await author.content.hold(page)).key)
  await waitFor(
    async () => (await Promise.all(gateways.map(({ url }) => countAt(url, hash)))).every((count) => count === 1),
    10_000,
    'it is counted at each gateway',
  )
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => getRaw(gateways[i % 3]?.url ?? '', hash)))
  expect(answers.filter(({ status, bytes }) => status === 200 && equalBytes(bytes, page)).length).toBe(200)
  expect(uploads).toBeLessThanOrEqual(3)
})
