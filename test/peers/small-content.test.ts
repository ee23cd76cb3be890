/** Small content among real peers: it comes with the answer to a find, and is gone with its holder. */

import { expect, test } from 'vitest'
import type { PeerEvent } from '../../node/index.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const NODES = 6

async function createReaders() {
  const network = await createNetwork({ nodes: NODES })
  const [home, ...others] = network.nodes as [TestNode, ...TestNode[]]
  return { home, others, tab: await network.addTab(home) }
}

test('small content: each node reads it with its find, from a node and from a tab, and asks no holder', async () => {
  const { home, others, tab } = await createReaders()
  const servers = [home, ...others].map(({ peer }) => peer)
  const given = () => servers.reduce((sum, peer) => sum + peer.status().counts.bytesServed, 0)
  for (const holder of [home.peer, tab]) {
    const asked: PeerEvent[] = []
    const stop = tab.onEvent((event) => void (event.type === 'served' && asked.push(event)))
    const before = given()
    const bytes = crypto.getRandomValues(new Uint8Array(4_096))
    const { key } = await holder.content.hold(bytes)
    for (const { peer } of others) expect((await peer.content.get(key)).bytes).toEqual(bytes)
    expect(asked).toEqual([])
    // Two or three of the readers are its record nodes, and have it.
    expect([2, 3]).toContain((given() - before) / bytes.byteLength)
    stop()
  }
})

test('small content: is gone from every server once its holder has released it, or has left', async () => {
  const { home, others, tab } = await createReaders()
  const hold = async (peer: typeof tab) => (await peer.content.hold(crypto.getRandomValues(new Uint8Array(1_024)))).key
  const released = await hold(tab)
  const left = await hold(tab)
  const stopped = await hold(home.peer)
  // In no cache: nobody has read them.
  await tab.content.release(released)
  const isGone = (key: Uint8Array) => async () => {
    const reads = await Promise.all(others.map(({ peer }) => peer.content.get(key).catch(({ code }: { code: string }) => code)))
    return reads.every((read) => read === 'ERR_NO_HOLDER')
  }
  await waitFor(isGone(released), 5_000, 'what was released is gone')
  await tab.stop()
  await waitFor(isGone(left), 5_000, 'what its tab has left is gone')
  await home.stop()
  await waitFor(isGone(stopped), 10_000, 'what its node has left is gone')
})

test('small content: goes with answers within the rate of each peer; the rest is asked for, of those who have no such limit', async () => {
  const { home, others } = await createReaders()
  for (const { peer } of others) peer.setRates({ maxPeerBytesPerSecond: 1 })
  const [reader] = others as [TestNode]
  const contents = Array.from({ length: 8 }, () => crypto.getRandomValues(new Uint8Array(4_096)))
  for (const bytes of contents) {
    const { key } = await home.peer.content.hold(bytes)
    expect((await reader.peer.content.get(key)).bytes).toEqual(bytes)
  }
  for (const { peer } of others) expect(peer.status().counts.bytesServed).toBeLessThanOrEqual(4_096)
})

test('small content: over its bound it is asked for as before', async () => {
  const { home, others, tab } = await createReaders()
  let served = 0
  tab.onEvent((event) => {
    if (event.type === 'served') served++
  })
  const { key } = await tab.content.hold(crypto.getRandomValues(new Uint8Array(4_097)))
  expect((await (others[0] as TestNode).peer.content.get(key)).bytes.byteLength).toBe(4_097)
  expect(served).toBe(1)
  expect(home.peer.status().counts.bytesServed).toBe(4_097)
})
