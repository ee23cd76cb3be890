/** Direct ways between tabs: begun in the background, believed once answered, and never more than there may be. */

import { expect, test } from 'vitest'
import { connectionKind } from '../../node/network/index.ts'
import { createLoop } from '../helpers/loop-transport.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { echoWays, startWaysTab, takeWay, type WaysPeer } from '../helpers/people-ways.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PROTOCOL = '/mayfly-test/people/1.0.0'
const QUICK = { directPauseMs: 20 }
const directOf = ({ raw }: WaysPeer) => {
  const open = raw.libp2p.getConnections().filter((connection) => connectionKind(connection) === 'direct')
  return new Set(open.map(({ remotePeer }) => remotePeer.toString())).size
}

/** Tabs that others can reach directly. */
async function startTabs(home: TestNode, options: Parameters<typeof startWaysTab>[1][]): Promise<WaysPeer[]> {
  const tabs = await Promise.all(options.map((each) => startWaysTab(home, { ...QUICK, ...each })))
  await waitFor(() => home.peer.status().counts.reservations === tabs.length, 20_000, 'the reservations')
  return tabs
}

test('direct ways: one that is wanted is opened, believed by both ends once it has answered, and used until it ends', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const webRTC = createLoop().transport
  const [a, b] = (await startTabs(nodes[0], [{ webRTC }, { webRTC }])) as [WaysPeer, WaysPeer]
  for (const peer of [a, b]) echoWays(peer, PROTOCOL)
  const told: string[] = []
  a.ways.onDirect((peer, isOpen) => told.push(`${peer === b.id} ${isOpen}`))
  expect((await a.ways.open(b.target, PROTOCOL)).kind).toBe('relayed')
  a.ways.wantDirect(b.target)
  b.ways.wantDirect(a.target)
  await waitFor(() => a.ways.hasDirect(b.id) && b.ways.hasDirect(a.id), 10_000, 'both believe it')
  const end = takeWay(await b.ways.open(a.target, PROTOCOL))
  expect(end.way.kind).toBe('direct')
  expect((await a.ways.open(b.target, PROTOCOL, { prefer: 'socket' })).kind).toBe('relayed')
  end.frames.send([1, 'hello'])
  await waitFor(() => end.received.length === 1, 5_000, 'the echo')
  for (const connection of b.raw.libp2p.getConnections())
    if (connection.direct && connection.remotePeer.toString() === a.id) connection.abort(new Error('cut'))
  await waitFor(() => !a.ways.hasDirect(b.id) && !b.ways.hasDirect(a.id), 5_000, 'it is gone')
  await waitFor(() => end.ends.length === 1, 5_000, 'what went over it has ended')
  expect(told).toEqual(['true true', 'true false'])
  expect((await a.ways.open(b.target, PROTOCOL)).kind).toBe('relayed')
})

test('direct ways: one that this end alone wants is dialled at once, by either of the two', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const webRTC = createLoop().transport
  const tabs = await startTabs(nodes[0], [
    { webRTC, directPauseMs: 600_000 },
    { webRTC, directPauseMs: 600_000 },
  ])
  const [, later] = tabs.toSorted((a, b) => (a.id < b.id ? -1 : 1)) as [WaysPeer, WaysPeer]
  const other = tabs.find((tab) => tab !== later) as WaysPeer
  later.ways.wantDirect(other.target, { isMutual: false })
  await waitFor(() => later.ways.hasDirect(other.id) && other.ways.hasDirect(later.id), 10_000, 'both believe it')
})

test('direct ways: one that is offered over a way is opened without a circuit, and believed by both ends', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const webRTC = createLoop().transport
  const [a, b] = (await startTabs(nodes[0], [{ webRTC }, { webRTC }])) as [WaysPeer, WaysPeer]
  expect([a.ways.mayOpenDirect(b.id), b.ways.mayOpenDirect(a.id)]).toEqual([true, true])
  const answer = b.ways.answerDirect(a.id, (bytes) => offer?.take(bytes))
  const offer = a.ways.offerDirect(b.id, (bytes) => answer?.take(bytes))
  expect([a.ways.mayOpenDirect(b.id), b.ways.mayOpenDirect(a.id)]).toEqual([false, false])
  await waitFor(() => a.ways.hasDirect(b.id) && b.ways.hasDirect(a.id), 10_000, 'both believe it')
  expect([directOf(a), directOf(b), nodes[0].peer.status().counts.circuits]).toEqual([1, 1, 0])
  expect([a.ways.mayOpenDirect(b.id), a.ways.offerDirect(b.id, () => {})]).toEqual([false, undefined])
})

test('direct ways: where an offer leads nowhere, the end that wants the connection dials', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const loop = createLoop()
  const webRTC = loop.transport
  const [a, b] = (await startTabs(nodes[0], [{ webRTC }, { webRTC }])) as [WaysPeer, WaysPeer]
  const answer = b.ways.answerDirect(a.id, () => {}) // nothing reaches the other end
  a.ways.offerDirect(b.id, (bytes) => answer?.take(bytes))
  b.ways.wantDirect(a.target, { isMutual: false })
  answer?.end()
  await waitFor(() => a.ways.hasDirect(b.id) && b.ways.hasDirect(a.id), 20_000, 'both believe it')
  expect(nodes[0].peer.status().counts.circuits).toBe(1)
})

test('direct ways: a dial that fails is tried again, so often and no more; the way through the homes stays meanwhile', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const loop = createLoop()
  const webRTC = loop.transport
  const [a, b] = (await startTabs(nodes[0], [{ webRTC }, { webRTC }])) as [WaysPeer, WaysPeer]
  echoWays(b, PROTOCOL)
  const relayed = takeWay(await a.ways.open(b.target, PROTOCOL))
  loop.isOpen = false
  a.ways.wantDirect(b.target)
  await waitFor(() => loop.signals === 2, 10_000, 'the second try')
  loop.isOpen = true
  await waitFor(() => a.ways.hasDirect(b.id), 10_000, 'the third succeeds')
  expect(loop.signals).toBe(3)
  relayed.frames.send([1, 'still here'])
  await waitFor(() => relayed.received.length === 1, 5_000, 'the echo through the home')
})

test('direct ways: a connection on which nothing answers is not believed, and is ended', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const webRTC = createLoop().transport
  const [a, b] = (await startTabs(nodes[0], [
    { webRTC, directAnswerMs: 500 },
    { webRTC, directAnswerMs: 60_000 },
  ])) as [WaysPeer, WaysPeer]
  await b.raw.libp2p.unhandle('/ipfs/ping/1.0.0')
  await b.raw.libp2p.handle('/ipfs/ping/1.0.0', () => {}) // takes it, and says nothing
  const told: boolean[] = []
  a.ways.onDirect((_peer, isOpen) => told.push(isOpen))
  a.ways.wantDirect(b.target)
  await waitFor(() => directOf(a) === 1, 10_000, 'it is open')
  await waitFor(() => directOf(a) === 0, 10_000, 'it is ended')
  expect(told).toEqual([])
  expect(a.ways.hasDirect(b.id)).toBe(false)
})

test('direct ways: neither end has more than it may, however many are wanted', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const webRTC = createLoop().transport
  const tabs = await startTabs(nodes[0], [{ webRTC, maxDirect: 2 }, ...Array.from({ length: 5 }, () => ({ webRTC, maxDirect: 3 }))])
  const [small, ...others] = tabs as [WaysPeer, ...WaysPeer[]]
  const most = new Map<WaysPeer, number>()
  for (const tab of tabs)
    tab.raw.libp2p.addEventListener('connection:open', () => most.set(tab, Math.max(most.get(tab) ?? 0, directOf(tab))))
  for (const other of others) small.ways.wantDirect(other.target)
  await waitFor(() => directOf(small) === 2, 10_000, 'as many as it may have')
  for (const other of others) other.ways.wantDirect(small.target)
  // On a busy machine dials take all places for a while, and those that find none are given up: they are wanted again, as by people who go on.
  const wantAll = () => {
    for (const one of others) for (const other of others) if (one !== other) one.ways.wantDirect(other.target)
    return others.some((each) => directOf(each) === 3)
  }
  // Dials that nobody waits for go one after the other, and each is followed by a pause of three times its own length.
  await waitFor(wantAll, 60_000, 'one of the others has as many as it may')
  await waitFor(() => tabs.every((tab) => tab.raw.direct?.peers().size === directOf(tab)), 10_000, 'no dial is under way')
  for (const tab of tabs) expect(most.get(tab) ?? 0).toBeLessThanOrEqual(tab === small ? 2 : 3)
})
