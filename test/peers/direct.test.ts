/** Large content from tab to tab, in Node.js: signalling through a real relay, with a stand-in for WebRTC's data channels. */

import { expect, onTestFinished, test } from 'vitest'
import { createPeer, type Peer, type PeerEvent } from '../../node/index.ts'
import { createLoop, type Loop } from '../helpers/loop-transport.ts'
import { createNetwork, type Network, startNode, untilJoined } from '../helpers/network.ts'
import { readAll } from '../helpers/read-all.ts'
import { randomBytes } from '../helpers/sample-files.ts'
import { waitFor } from '../helpers/wait-for.ts'

const SIZE = 3 * 1_048_576 + 7

async function tabsOf(network: Network, loop: Loop, count: number): Promise<Peer[]> {
  const [node] = network.nodes
  if (node === undefined) throw new TypeError('no node')
  return Promise.all(Array.from({ length: count }, () => network.addTab(node, { webRTC: loop.transport })))
}

function listen(peer: Peer): PeerEvent[] {
  const events: PeerEvent[] = []
  peer.onEvent((event) => events.push(event))
  return events
}

const received = (events: PeerEvent[], isDirect: boolean) =>
  events.reduce((sum, event) => (event.type === 'received' && event.isDirect === isDirect ? sum + event.bytes : sum), 0)

test('direct: a tab gives large content to another, and the node between them carries none of it', async () => {
  const network = await createNetwork({ nodes: 1 })
  const node = network.nodes[0]?.peer as Peer
  const [holder, reader] = (await tabsOf(network, createLoop(), 2)) as [Peer, Peer]
  const given = listen(holder)
  const taken = listen(reader)
  const bytes = randomBytes(SIZE)
  const { key, outline } = await holder.content.hold(bytes)
  await waitFor(() => node.status().counts.reservations === 1, 10_000, 'the reservation')
  const opened = await reader.content.open(key, { ...(outline && { outline }), signal: AbortSignal.timeout(20_000) })
  expect(Buffer.compare(await readAll(opened.read()), bytes)).toBe(0)
  expect(received(taken, true)).toBe(SIZE)
  expect(received(taken, false)).toBe(0)
  expect(given.flatMap((event) => (event.type === 'served' ? [event.isDirect] : []))).not.toContain(false)
  expect(node.status().counts.bytesServed).toBe(0)
  expect(node.status().counts.circuits).toBe(1)
})

test('direct: where nothing gets through, the home gives all of it, nobody is blamed, and the next reader does not try again', async () => {
  const network = await createNetwork({ nodes: 1 })
  const loop = createLoop()
  loop.isOpen = false
  const [holder, reader] = (await tabsOf(network, loop, 2)) as [Peer, Peer]
  const taken = listen(reader)
  const bytes = randomBytes(SIZE)
  const { key } = await holder.content.hold(bytes)
  await waitFor(() => network.nodes[0]?.peer.status().counts.reservations === 1, 10_000, 'the reservation')
  for (let time = 1; time <= 2; time++) {
    const opened = await reader.content.open(key, { signal: AbortSignal.timeout(20_000) })
    expect(Buffer.compare(await readAll(opened.read()), bytes)).toBe(0)
    expect(received(taken, false)).toBe(SIZE * time)
  }
  expect(received(taken, true)).toBe(0)
  expect(loop.signals).toBe(1)
  expect(taken.filter(({ type }) => type === 'bad-holder')).toEqual([])
})

test('direct: one of two holders leaves in the middle, the other goes on, and the home is not needed', async () => {
  const network = await createNetwork({ nodes: 1 })
  const [one, two, reader] = (await tabsOf(network, createLoop(), 3)) as [Peer, Peer, Peer]
  const taken = listen(reader)
  const bytes = randomBytes(8 * SIZE)
  const [{ key, outline }] = await Promise.all([one.content.hold(bytes), two.content.hold(bytes)])
  await waitFor(() => network.nodes[0]?.peer.status().counts.reservations === 2, 10_000, 'both reservations')
  const opened = await reader.content.open(key, { ...(outline && { outline }), signal: AbortSignal.timeout(40_000) })
  const chunks: Uint8Array[] = []
  for await (const chunk of opened.read()) {
    chunks.push(chunk)
    if (chunks.length === 4) await one.stop()
  }
  expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0)
  expect(received(taken, false)).toBe(0)
  const holders = new Set(taken.flatMap((event) => (event.type === 'received' ? [event.from] : [])))
  expect(holders).toContain(two.id)
})

test('direct: a home that comes back as another peer is reserved at again, and tabs reach each other through it', async () => {
  const first = await startNode()
  const { port } = first
  const loop = createLoop()
  const [holder, reader] = (await Promise.all(
    [0, 1].map(async () => {
      const tab = await createPeer({ join: [`http://127.0.0.1:${port}`, first.address], webRTC: loop.transport })
      onTestFinished(() => tab.stop())
      await tab.start()
      await untilJoined(tab)
      return tab
    }),
  )) as [Peer, Peer]
  const taken = listen(reader)
  const bytes = randomBytes(SIZE)
  const { key, outline } = await holder.content.hold(bytes)
  await waitFor(() => first.peer.status().counts.reservations === 1, 10_000, 'the reservation')
  await first.stop()
  const second = await startNode({ port })
  onTestFinished(() => second.stop())
  for (const tab of [holder, reader]) await tab.join([second.address], { signal: AbortSignal.timeout(20_000) })
  await waitFor(() => second.peer.status().counts.reservations === 1, 20_000, 'the new reservation')
  const opened = await reader.content.open(key, { ...(outline && { outline }), signal: AbortSignal.timeout(20_000) })
  expect(Buffer.compare(await readAll(opened.read()), bytes)).toBe(0)
  expect(received(taken, true)).toBe(SIZE)
})

test('direct: a tab is reachable while it holds something larger than one piece, and no longer', async () => {
  const network = await createNetwork({ nodes: 1 })
  const node = network.nodes[0]?.peer as Peer
  const loop = createLoop()
  const [holder, reader] = (await tabsOf(network, loop, 2)) as [Peer, Peer]
  await holder.content.hold(randomBytes(1_000))
  const { key } = await holder.content.hold(randomBytes(SIZE))
  await waitFor(() => node.status().counts.reservations === 1, 10_000, 'the reservation')
  await holder.stop()
  await waitFor(() => node.status().counts.reservations === 0, 10_000, 'the reservation to go with its tab')
  await expect(reader.content.open(key, { signal: AbortSignal.timeout(20_000) })).rejects.toMatchObject({ code: 'ERR_NO_HOLDER' })
  expect(loop.signals).toBe(0)
})
