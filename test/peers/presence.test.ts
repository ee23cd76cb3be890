/** Hold, find and watch among real peers. */

import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createPeer } from '../../node/index.ts'
import { createWebSocketListener } from '../../node/server/port/listener.ts'
import { createNetwork, type TestNode, untilJoined } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

test('presence: held content is found at once, from every node, by a node’s hold and by a tab’s', async () => {
  const network = await createNetwork({ nodes: 6, limits: { maxCacheBytes: 0 } })
  const [home] = network.nodes
  if (home === undefined) throw new Error('a home')
  const tab = await network.addTab(home)
  for (let i = 0; i < 40; i++) {
    const holder = i % 2 === 0 ? tab : (network.nodes[i % 6]?.peer ?? tab)
    const { key } = await holder.content.hold(new TextEncoder().encode(`found at once ${i}`))
    for (const { peer } of network.nodes) {
      const found: string[] = []
      for await (const { peer: id } of peer.rendezvous.find(key)) {
        found.push(id)
        break
      }
      expect(found).toEqual([holder.id])
    }
  }
})

test('presence: a tab that nobody has let in yet holds all the same, and is found when it is in', async () => {
  const network = await createNetwork({ nodes: 2 })
  const [a, b] = network.nodes
  if (a === undefined || b === undefined) throw new Error('nodes')
  const tab = await createPeer({ join: [] })
  await tab.start()
  const { key } = await tab.content.hold(new TextEncoder().encode('held alone'))
  expect(tab.content.held()).toHaveLength(1)
  await tab.join([a.address], { signal: AbortSignal.timeout(10_000) })
  await waitFor(async () => (await b.peer.rendezvous.watch(key)[Symbol.asyncIterator]().next()).value === 1, 5_000, 'it is counted')
  await tab.stop()
})

test('presence: two owners of one hold in one peer release it when both have', async () => {
  const network = await createNetwork({ nodes: 2 })
  const [a, b] = network.nodes
  if (a === undefined || b === undefined) throw new Error('nodes')
  const key = crypto.getRandomValues(new Uint8Array(32))
  const first = a.peer.rendezvous.hold(key)
  const second = a.peer.rendezvous.hold(key)
  await first.announced
  const counts: number[] = []
  const watching = (async () => {
    for await (const count of b.peer.rendezvous.watch(key)) {
      counts.push(count)
      if (count === 0) return
    }
  })()
  await waitFor(() => counts.at(-1) === 1, 5_000, 'counted once')
  await first.release()
  await first.release()
  expect(counts).not.toContain(0)
  await second.release()
  await watching
  expect(counts.at(-1)).toBe(0)
})

test('presence: a node that sends much at once is not cut off by the frame limit for strangers', async () => {
  const network = await createNetwork({ nodes: 3, limits: { maxCacheBytes: 0 } })
  const [a, b, c] = network.nodes
  if (a === undefined || b === undefined || c === undefined) throw new Error('nodes')
  const tab = await network.addTab(a)
  const keys = await Promise.all(
    Array.from({ length: 24 }, async (_, i) => {
      const bytes = new Uint8Array(262_144).fill(i)
      return (await (i % 2 === 0 ? a.peer : tab).content.hold(bytes)).key
    }),
  )
  const got = await Promise.all(keys.flatMap((key) => [b, c].map(({ peer }) => peer.content.get(key))))
  expect(got.every(({ bytes }) => bytes.byteLength === 262_144)).toBe(true)
  expect([a, b, c].flatMap(({ events }) => events).filter(({ type }) => type === 'left' || type === 'bad-holder')).toEqual([])
})

test('presence: a node whose --join is its own address counts as joined', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const peer = await createPeer({ role: 'node', listener: createWebSocketListener(server), join: [`http://127.0.0.1:${port}`] })
  // Its gateway, as far as joining reads it.
  server.on('request', (_, response) => response.end(JSON.stringify({ id: peer.id, addresses: [] })))
  onTestFinished(async () => {
    await peer.stop()
    server.closeAllConnections()
    server.close()
  })
  await peer.start()
  await untilJoined(peer)
  expect(peer.status().counts.servers).toBe(0)
})

test('presence: joined() rejects when the peer is stopped instead', async () => {
  const peer = await createPeer({ join: ['http://127.0.0.1:1'] })
  await peer.start()
  const joined = peer.joined()
  await Promise.all([expect(joined).rejects.toMatchObject({ code: 'ERR_NOT_STARTED' }), peer.stop()])
})

test('presence: tabs of one browser, at two homes, are two holders and one person to everybody, as long as one of them is there', async () => {
  const network = await createNetwork({ nodes: 4 })
  const [a, b, c, d] = network.nodes
  const browserSecret = crypto.getRandomValues(new Uint8Array(32))
  const [tab, other] = [await network.addTab(a, { browserSecret }), await network.addTab(b, { browserSecret })]
  const stranger = await network.addTab(c)
  const key = crypto.getRandomValues(new Uint8Array(32))
  const watches = [d.peer, stranger, tab].map((peer) => peer.rendezvous.watchPeople(key)[Symbol.asyncIterator]())
  const sees = async (holders: number, people: number) => {
    for (const watch of watches) {
      for (let now = await watch.next(); now.value?.holders !== holders || now.value.people !== people; ) now = await watch.next()
    }
  }
  tab.rendezvous.hold(key)
  await sees(1, 1)
  const hold = other.rendezvous.hold(key)
  await sees(2, 1)
  stranger.rendezvous.hold(key)
  await sees(3, 2)
  await hold.release()
  await sees(2, 2)
  await tab.stop()
  watches.pop()
  await sees(1, 1)
})

test('presence: nodes know each other by signed addresses, and go on knowing one that has stopped', async () => {
  const network = await createNetwork({ nodes: 3 })
  const [a, b, c] = network.nodes
  const known = ({ peer }: TestNode) => peer.status().counts.knownServers
  await waitFor(
    () => network.nodes.every((node) => known(node) === 2),
    10_000,
    () => `each knows two: ${network.nodes.map(known)}`,
  )
  await c.stop()
  await waitFor(() => [a, b].every(({ peer }) => peer.status().counts.servers === 1), 10_000, 'the stopped node is connected no more')
  expect([a, b].map(known)).toEqual([2, 2])
  expect(network.nodes.flatMap(({ events }) => events.filter(({ type }) => type === 'refused'))).toEqual([])
})
