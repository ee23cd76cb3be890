/** Ways between tabs and nodes over real sockets: through one home or two, to a node and from one; and what strangers can do to them. */

import { multiaddr } from '@multiformats/multiaddr'
import { expect, onTestFinished, test } from 'vitest'
import type { Peer } from '../../node/index.ts'
import { RELAY_PROTOCOL } from '../../node/people/way/relay-wire.ts'
import { createNetwork } from '../helpers/network.ts'
import { echoWays, startWays, startWaysNode, startWaysTab, takeWay, type WaysPeer } from '../helpers/people-ways.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PROTOCOL = '/mayfly-test/people/1.0.0'
const relayedAt = (peer: Peer) => peer.status().counts.relayed

async function echoOf(from: WaysPeer, to: WaysPeer) {
  const end = takeWay(await from.ways.open(to.target, PROTOCOL))
  end.frames.send([1, 'hello'])
  await waitFor(() => end.received.length === 1, 10_000, 'the echo')
  expect(end.received).toEqual([[1, 'hello']])
  return end
}

test('ways: from tab to tab of one home, of two homes, from tab to node and from node to tab; each end knows the other, and homes read nothing', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [one, two] = nodes
  const [a, b, far, node] = await Promise.all([startWaysTab(one), startWaysTab(one), startWaysTab(two), startWaysNode(one)])
  const taken = new Map([a, b, far, node].map((peer) => [peer.id, echoWays(peer, PROTOCOL)]))
  // A tab opens connections to several nodes by itself; here all goes through the homes.
  const apart = (peer: WaysPeer, from: WaysPeer) => startWays(peer.raw, peer.target, (id) => id !== from.id)
  const kinds: string[] = []
  for (const [from, to] of [
    [a, b],
    [a, far],
    [apart(a, node), node],
    [apart(node, far), far],
    [apart(far, node), node],
  ] as const) {
    const end = await echoOf(from, to)
    const other = taken.get(to.id)?.at(-1)
    kinds.push(end.way.kind)
    expect(end.way).toMatchObject({ peer: to.id, direction: 'outbound', protocol: PROTOCOL })
    expect(other?.way).toMatchObject({ peer: from.id, direction: 'inbound', protocol: PROTOCOL, kind: end.way.kind })
    end.frames.close()
    await waitFor(() => other?.ends.length === 1, 10_000, 'the end arrives')
    expect(other?.ends).toEqual([undefined])
  }
  expect(kinds).toEqual(['relayed', 'relayed', 'relayed', 'relayed', 'relayed'])
  await waitFor(
    () => relayedAt(one.peer) + relayedAt(two.peer) === 0,
    10_000,
    () => `no stream left, got ${relayedAt(one.peer)} ${relayedAt(two.peer)}`,
  )
})

test('ways: a node’s own connection is used where there is one', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const [one, two] = await Promise.all([startWaysNode(nodes[0]), startWaysNode(nodes[0])])
  echoWays(two, PROTOCOL)
  expect((await echoOf(one, two)).way.kind).toBe('socket')
  expect(relayedAt(nodes[0].peer)).toBe(0)
})

test('ways: much data arrives whole and in order through two homes, both ways at once', async () => {
  const { nodes } = await createNetwork({ nodes: 2, limits: { relayedBytesPerSecond: 0 } })
  const [a, b] = await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[1])])
  echoWays(b, PROTOCOL)
  const end = takeWay(await a.ways.open(b.target, PROTOCOL))
  const count = 256
  for (let i = 0; i < count; i++) {
    await end.frames.writable()
    end.frames.send([i, new Uint8Array(50_000).fill(i)])
  }
  await waitFor(
    () => end.received.length === count,
    30_000,
    () => `all, got ${end.received.length}`,
  )
  expect(end.received.every(([type, bytes], i) => type === i && (bytes as Uint8Array).every((byte) => byte === i % 256))).toBe(true)
})

test('ways: a tab that goes ends its streams at once, however it goes, and so does a home', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [a, b, c] = await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[1]), startWaysTab(nodes[0])])
  for (const peer of [a, b, c]) echoWays(peer, PROTOCOL)
  const toB = await echoOf(a, b)
  const toC = await echoOf(a, c)
  for (const connection of b.raw.libp2p.getConnections()) connection.abort(new Error('the network is gone'))
  await waitFor(() => toB.ends.length === 1, 5_000, 'the stream to the tab that was cut')
  expect(toB.ends[0]).toBeInstanceOf(Error)
  await c.raw.stop()
  await waitFor(() => toC.ends.length === 1, 5_000, 'the stream to the tab that was closed')
  await expect(a.ways.open(c.target, PROTOCOL)).rejects.toMatchObject({ code: 'ERR_LEFT' })
  await waitFor(() => relayedAt(nodes[0].peer) === 0, 5_000, 'nothing is left at the home')
  const d = await startWaysTab(nodes[1])
  echoWays(d, PROTOCOL)
  const toD = await echoOf(a, d)
  await nodes[1].stop()
  await waitFor(() => toD.ends.length === 1, 5_000, 'the stream through the home that went')
  expect(toD.ends[0]).toBeInstanceOf(Error)
})

test('ways: a reader that does not read makes its sender wait, and little waits at the homes', async () => {
  const { nodes } = await createNetwork({ nodes: 1, limits: { relayedBytesPerSecond: 0 } })
  const [a, b] = await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[0])])
  b.ways.handle(PROTOCOL, (way) => takeWay(way).frames.pause(), { maxInboundPerPeer: 8, maxInbound: 8 })
  const end = takeWay(await a.ways.open(b.target, PROTOCOL))
  let sent = 0
  const over = AbortSignal.timeout(1_500)
  while (await end.frames.writable({ signal: over }).catch(() => false)) {
    end.frames.send([0, new Uint8Array(65_536)])
    sent += 65_536
  }
  expect(end.frames.open).toBe(true)
  expect(sent).toBeLessThan(4 * 1_048_576)
  expect(nodes[0].peer.status().counts.relayedBytes).toBeLessThan(3 * 1_048_576)
})

test('ways: relayedBytesPerSecond slows a sender down, and cuts nobody', async () => {
  const { nodes } = await createNetwork({ nodes: 1, limits: { relayedBytesPerSecond: 262_144 } })
  const [a, b] = await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[0])])
  const [taken] = [echoWays(b, PROTOCOL)]
  const end = takeWay(await a.ways.open(b.target, PROTOCOL))
  const startedAtMs = performance.now()
  for (let i = 0; i < 16; i++) end.frames.send([i, new Uint8Array(65_536)])
  await waitFor(() => taken[0]?.received.length === 16, 30_000, 'all of it')
  expect(performance.now() - startedAtMs).toBeGreaterThan(1_500) // 1 MiB less the burst, and a window
  expect(end.ends).toEqual([])
})

test('relay: nobody but its own tabs gets a stream through a home, to nobody but its own tabs', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [a, b, elsewhere] = await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[0]), startWaysTab(nodes[1])])
  for (const peer of [a, b, elsewhere]) echoWays(peer, PROTOCOL)
  const stranger = await startRawPeer({ role: 'tab', join: [nodes[0].address], keepsPresence: false })
  onTestFinished(() => stranger.stop())
  const connection = await stranger.libp2p.dial(multiaddr(nodes[0].address))
  const { ways } = startWays(stranger, { peer: stranger.id, home: connection.remotePeer.toString(), addresses: [] })
  await expect(ways.open(b.target, PROTOCOL)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  // A tab of another home, said to be of this one; and a peer that nobody knows.
  await expect(a.ways.open({ ...elsewhere.target, home: nodes[0].peer.id }, PROTOCOL)).rejects.toMatchObject({ code: 'ERR_LEFT' })
  await expect(a.ways.open({ ...b.target, peer: stranger.id }, PROTOCOL)).rejects.toMatchObject({ code: 'ERR_LEFT' })
  await expect(
    a.ways.open({ peer: b.id, home: stranger.id, addresses: ['/ip4/127.0.0.1/tcp/1/ws', '/ip4/127.0.0.1/tcp/1'] }, PROTOCOL),
  ).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  await expect(a.ways.open(b.target, '/mayfly-test/other/1.0.0')).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  expect(nodes[0].peer.status().counts.relayedRefused).toBeGreaterThanOrEqual(5)
  expect(relayedAt(nodes[0].peer)).toBe(0)
})

test('relay: somebody else at the other end is found out, and gets not a byte', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const [a, b, liar] = await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[0]), startWaysTab(nodes[0])])
  const taken = echoWays(liar, PROTOCOL)
  // The home leads the stream to another tab than was asked for: this test is the home's part, between two of its tabs.
  const { openRelayStream } = await import('../../node/people/way/relay-client.ts')
  const { createEndToEnd } = await import('../../node/people/way/end-to-end.ts')
  const [connection] = a.raw.libp2p.getConnections()
  if (connection === undefined) throw new TypeError('no connection')
  const signal = AbortSignal.timeout(10_000)
  const stream = await openRelayStream(
    connection,
    { type: 'connect', protocol: PROTOCOL, peer: liar.id, home: nodes[0].peer.id, addresses: [] },
    signal,
  )
  await expect(createEndToEnd(a.raw.libp2p, a.raw.privateKey).secureOutbound(stream, b.id, PROTOCOL, signal)).rejects.toThrow()
  await waitFor(() => relayedAt(nodes[0].peer) === 0, 5_000, 'the stream is gone')
  expect(taken).toEqual([])
})

test('relay: floods of requests, and requests that say nothing, are bounded, and others get theirs meanwhile', async () => {
  const { nodes } = await createNetwork({ nodes: 1, limits: { maxRelayedStreamsPerPeer: 16 } })
  const [a, b, honest] = await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[0]), startWaysTab(nodes[0])])
  const taken = echoWays(b, PROTOCOL)
  echoWays(honest, PROTOCOL)
  const opened = await Promise.allSettled(Array.from({ length: 60 }, () => a.ways.open(b.target, PROTOCOL, { timeoutMs: 20_000 })))
  const codes = opened.flatMap((each) => (each.status === 'rejected' ? [(each.reason as { code?: string }).code] : []))
  expect(codes.length).toBe(44)
  expect(new Set(codes)).toEqual(new Set(['ERR_LIMIT']))
  await waitFor(() => taken.length === 16, 5_000, 'those within the limit')
  const [connection] = a.raw.libp2p.getConnections()
  const silent = await Promise.all(Array.from({ length: 100 }, () => connection?.newStream(RELAY_PROTOCOL, { maxOutboundStreams: 200 })))
  await echoOf(b, honest)
  silent[0]?.send(new Uint8Array(5).fill(255))
  silent[1]?.send(new Uint8Array(100_000))
  await waitFor(() => silent.slice(0, 2).every((stream) => stream?.status !== 'open'), 5_000, 'bad requests end their streams')
})
