import type { Libp2p, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { createDuplicateIdWatch } from '../../node/network/duplicate-id.ts'
import {
  type ConnectionKind,
  createSupervisor,
  type ServerRecords,
  SUPERVISOR_DEFAULTS,
  type Supervisor,
  type SupervisorOptions,
} from '../../node/network/index.ts'
import type { RoutingTable } from '../../node/network/routing-table.ts'
import type { PeerEvent } from '../../node/peer.ts'
import { addressOfKind } from '../helpers/connection-address.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

let self: SeededPeer
let peers: SeededPeer[]
beforeAll(async () => {
  ;[self, ...peers] = (await Promise.all(Array.from({ length: 8 }, (_, i) => createSeededPeer(i + 1)))) as [SeededPeer, ...SeededPeer[]]
})

const supervisors: Supervisor[] = []
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const supervisor of supervisors.splice(0)) supervisor.stop()
  vi.useRealTimers()
})

const addressOf = ({ id }: SeededPeer) => `/ip4/192.0.2.7/tcp/4000/ws/p2p/${id}`

/** A supervisor over a network in which the peers in `up` can be reached; all dials are recorded with their times. */
function createSupervised({
  role = 'node',
  random = 0.5,
  records,
  ...options
}: SupervisorOptions & { role?: 'node' | 'tab'; random?: number; records?: Pick<ServerRecords, 'remove'> } = {}) {
  const startedAtMs = Date.now()
  const up = new Set<string>()
  const connected = new Set<string>()
  const kinds = new Map<string, ConnectionKind>()
  /** How long a peer takes to answer, in ms. */
  const slow = new Map<string, number>()
  const dials: { peer: string; atMs: number }[] = []
  const events: PeerEvent[] = []
  const libp2p = {
    peerId: self.peer,
    getConnections: (peer?: PeerId) =>
      [...connected].flatMap((id) =>
        peer === undefined || peer.toString() === id
          ? [{ remoteAddr: addressOfKind(kinds.get(id) ?? 'socket'), abort: () => connected.delete(id) }]
          : [],
      ),
    async dial([address]: Multiaddr[], { signal }: { signal: AbortSignal }) {
      const id = address?.getComponents().find(({ name }) => name === 'p2p')?.value ?? ''
      dials.push({ peer: id, atMs: Date.now() - startedAtMs })
      if (!up.has(id)) throw new Error('nobody there')
      const answerMs = slow.get(id)
      if (answerMs !== undefined) await answerAfter(answerMs, signal)
      connected.add(id)
      return { remotePeer: peers.find((peer) => peer.id === id)?.peer }
    },
  } as unknown as Libp2p
  const duplicates = createDuplicateIdWatch()
  const supervisor = createSupervisor(
    { libp2p, servers: { size: 0 } as RoutingTable, role, records, duplicates, emit: (event) => events.push(event), random: () => random },
    options,
  )
  supervisors.push(supervisor)
  const times = (peer: SeededPeer) => dials.filter((dial) => dial.peer === peer.id).map(({ atMs }) => atMs)
  return { supervisor, up, slow, connected, kinds, dials, events, times, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) }
}

function answerAfter(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    setTimeout(resolve, ms)
  })
}

test('supervisor: goes on trying an address for as long as it runs, and says so each time', async () => {
  const { supervisor, times, events, pass } = createSupervised()
  const [peer] = peers as [SeededPeer]
  supervisor.join([addressOf(peer)])
  supervisor.start()
  await pass(600_000)
  expect(times(peer).length).toBeGreaterThan(100)
  expect(events.length).toBe(times(peer).length)
  expect(events[0]).toMatchObject({ type: 'join-failed', address: addressOf(peer) })
})

test('supervisor: minRetryMs is the first wait, each further one doubles it, and maxRetryMs is the longest', async () => {
  const { supervisor, times, pass } = createSupervised({ minRetryMs: 1_000, maxRetryMs: 8_000 })
  const [peer] = peers as [SeededPeer]
  supervisor.join([addressOf(peer)])
  supervisor.start()
  await pass(60_000)
  const at = times(peer)
  const waits = at.slice(1).map((time, i) => time - (at[i] ?? 0))
  // It looks around every quarter of a second.
  for (const [i, expected] of [1_000, 2_000, 4_000, 8_000, 8_000, 8_000].entries()) {
    expect(waits[i]).toBeGreaterThanOrEqual(expected - 250)
    expect(waits[i]).toBeLessThanOrEqual(expected + 250)
  }
})

test('supervisor: an address that takes longer than tryTimeoutMs gets maxTryTimeoutMs the next time, and is reached', async () => {
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(timeoutOnTestClock)
  const { supervisor, up, slow, connected, times, pass } = createSupervised({ tryTimeoutMs: 2_000, maxTryTimeoutMs: 6_000 })
  const [peer, slower] = peers as [SeededPeer, SeededPeer]
  up.add(peer.id).add(slower.id)
  slow.set(peer.id, 5_000).set(slower.id, 7_000)
  supervisor.join([addressOf(peer), addressOf(slower)])
  supervisor.start()
  await pass(60_000)
  expect([...connected]).toEqual([peer.id])
  expect(times(peer)).toHaveLength(2)
  vi.restoreAllMocks()
})

/** `AbortSignal.timeout` itself does not follow the clock of a test. */
function timeoutOnTestClock(ms: number): AbortSignal {
  const controller = new AbortController()
  setTimeout(() => controller.abort(new DOMException('too late', 'TimeoutError')), ms)
  return controller.signal
}

test('supervisor: waits are spread, so that peers that lost one node do not come back in one moment', async () => {
  const [peer] = peers as [SeededPeer]
  const second = await Promise.all(
    [0, 0.999].map(async (random) => {
      const { supervisor, times, pass } = createSupervised({ random, minRetryMs: 4_000, maxRetryMs: 4_000 })
      supervisor.join([addressOf(peer)])
      supervisor.start()
      await pass(7_000)
      return times(peer)[1] ?? 0
    }),
  )
  expect(second[0]).toBeGreaterThanOrEqual(2_000)
  expect((second[1] ?? 0) - (second[0] ?? 0)).toBeGreaterThan(1_500)
})

test('supervisor: a node that was lost is dialled again at once, and what it cost before is forgotten', async () => {
  const { supervisor, up, connected, times, pass } = createSupervised()
  const [peer] = peers as [SeededPeer]
  supervisor.join([addressOf(peer)])
  supervisor.start()
  await pass(30_000)
  up.add(peer.id)
  await pass(SUPERVISOR_DEFAULTS.maxRetryMs + 250)
  expect(connected.has(peer.id)).toBe(true)
  const before = times(peer).length
  await pass(60_000)
  expect(times(peer)).toHaveLength(before)
  connected.delete(peer.id)
  await pass(250)
  expect(connected.has(peer.id)).toBe(true)
})

test('supervisor: its own address is no place to join; it is dialled once without the id, since a duplicate may answer there', async () => {
  const { supervisor, dials, events, pass } = createSupervised()
  supervisor.join([addressOf(self)])
  supervisor.start()
  await pass(60_000)
  expect(dials.map(({ peer }) => peer)).toEqual([''])
  expect(events).toEqual([])
})

test('supervisor: a tab with a connection dials nobody else', async () => {
  const { supervisor, up, connected, dials, pass } = createSupervised({ role: 'tab' })
  const [home, other] = peers as [SeededPeer, SeededPeer]
  up.add(home.id).add(other.id)
  supervisor.join([addressOf(home)])
  supervisor.rememberServer(other.peer, [multiaddr(addressOf(other))])
  supervisor.start()
  await pass(60_000)
  expect([...connected]).toEqual([home.id])
  expect(dials).toHaveLength(1)
})

test('supervisor: a tab whose home stays dead goes to another server that it knows', async () => {
  const { supervisor, up, connected, pass } = createSupervised({ role: 'tab' })
  const [home, other] = peers as [SeededPeer, SeededPeer]
  up.add(home.id).add(other.id)
  supervisor.join([addressOf(home)])
  supervisor.start()
  await pass(250)
  supervisor.rememberServer(other.peer, [multiaddr('/ip4/192.0.2.8/tcp/4000/ws')])
  up.delete(home.id)
  connected.delete(home.id)
  await pass(2_000)
  expect([...connected]).toEqual([other.id])
})

test('supervisor: a node looks for a server that it lost, and forgets it after a while', async () => {
  const { supervisor, up, connected, times, events, pass } = createSupervised()
  const [peer] = peers as [SeededPeer]
  up.add(peer.id)
  supervisor.rememberServer(peer.peer, [multiaddr(addressOf(peer))])
  supervisor.start()
  await pass(250)
  expect(connected.has(peer.id)).toBe(true)
  up.delete(peer.id)
  connected.delete(peer.id)
  await pass(600_000)
  expect(times(peer).length).toBeLessThan(15)
  expect(events).toEqual([])
  const before = times(peer).length
  await pass(600_000)
  expect(times(peer)).toHaveLength(before)
})

test('supervisor: maxKnownServers bounds the remembered servers; connected ones stay', async () => {
  const { supervisor, connected, pass } = createSupervised({ maxKnownServers: 2 })
  const [a, b, c] = peers as [SeededPeer, SeededPeer, SeededPeer]
  connected.add(a.id)
  for (const peer of [a, b, c]) supervisor.rememberServer(peer.peer, [multiaddr(addressOf(peer))])
  connected.add(b.id).add(c.id)
  await pass(0)
  expect(
    supervisor
      .knownServers()
      .map(({ peer }) => String(peer))
      .filter((id) => connected.has(id))
      .toSorted(),
  ).toEqual([a.id, c.id].toSorted())
})

test('supervisor: a server that is never there is taken out of the book', async () => {
  const removed: string[] = []
  const { supervisor, up, connected, pass } = createSupervised({ records: { remove: (id) => removed.push(id) } })
  const [a, b] = peers as [SeededPeer, SeededPeer]
  up.add(a.id)
  supervisor.start()
  for (const peer of [a, b]) supervisor.rememberServer(peer.peer, [multiaddr(addressOf(peer))])
  await pass(600_000)
  expect([...connected]).toEqual([a.id])
  expect(removed).toEqual([b.id])
})

test('supervisor: knows servers that have addresses, and never itself', async () => {
  const { supervisor, connected } = createSupervised()
  for (const peer of [self, ...peers]) supervisor.rememberServer(peer.peer, [multiaddr(addressOf(peer))])
  supervisor.rememberServer((peers[0] as SeededPeer).peer, [])
  for (const { id } of [self, ...peers.slice(1)]) connected.add(id)
  expect(
    supervisor
      .knownServers()
      .map(({ peer }) => String(peer))
      .filter((id) => connected.has(id))
      .toSorted(),
  ).toEqual(
    peers
      .slice(1)
      .map(({ id }) => id)
      .toSorted(),
  )
})

test('supervisor: tries nothing once it is stopped, and leaves no timer', async () => {
  const { supervisor, dials, events, pass } = createSupervised()
  supervisor.join([addressOf(peers[0] as SeededPeer)])
  supervisor.start()
  supervisor.start()
  await pass(1_000)
  const before = dials.length
  supervisor.stop()
  supervisor.stop()
  expect(vi.getTimerCount()).toBe(0)
  const told = events.length
  await pass(60_000)
  expect(dials).toHaveLength(before)
  expect(events).toHaveLength(told)
})

test('supervisor: the network coming back is a reason to try at once', async () => {
  const listeners = new Map<string, () => void>()
  vi.stubGlobal('addEventListener', (type: string, listener: () => void) => listeners.set(type, listener))
  vi.stubGlobal('removeEventListener', (type: string) => listeners.delete(type))
  const { supervisor, up, connected, pass } = createSupervised({ minRetryMs: 60_000, maxRetryMs: 60_000 })
  const [peer] = peers as [SeededPeer]
  supervisor.join([addressOf(peer)])
  supervisor.start()
  await pass(1_000)
  up.add(peer.id)
  await pass(1_000)
  expect(connected.size).toBe(0)
  listeners.get('online')?.()
  await pass(0)
  expect([...connected]).toEqual([peer.id])
  supervisor.stop()
  expect(listeners.size).toBe(0)
  vi.unstubAllGlobals()
})

test.each([
  ['goes into the back/forward cache', 'pagehide', 'pageshow'],
  ['is frozen while it is hidden', 'freeze', 'resume'],
])('supervisor: a page that %s ends its connections at once, dials nobody, and comes back at once', async (_, leaves, returns) => {
  const listeners = new Map<string, () => void>()
  const target = {
    addEventListener: (type: string, listener: () => void) => listeners.set(type, listener),
    removeEventListener: (type: string) => listeners.delete(type),
  }
  vi.stubGlobal('addEventListener', target.addEventListener)
  vi.stubGlobal('removeEventListener', target.removeEventListener)
  vi.stubGlobal('document', target)
  onTestFinished(() => void vi.unstubAllGlobals())
  const { supervisor, up, connected, times, pass } = createSupervised({ role: 'tab' })
  const [peer] = peers as [SeededPeer]
  supervisor.join([addressOf(peer)])
  up.add(peer.id)
  supervisor.start()
  await pass(0)
  listeners.get(leaves)?.()
  expect(connected.size).toBe(0)
  await pass(60_000)
  expect(times(peer)).toHaveLength(1)
  listeners.get(returns)?.()
  await pass(0)
  expect([...connected]).toEqual([peer.id])
  supervisor.stop()
  expect(listeners.size).toBe(0)
})

test('supervisor: a tab that is connected to other tabs alone goes on looking for a node', async () => {
  const { supervisor, up, connected, kinds, times, pass } = createSupervised({ role: 'tab' })
  const [tab, node] = peers as [SeededPeer, SeededPeer]
  kinds.set(tab.id, 'direct')
  connected.add(tab.id)
  up.add(node.id)
  supervisor.join([addressOf(node)])
  supervisor.start()
  await pass(1_000)
  expect(times(node)).toHaveLength(1)
})

test('supervisor: a clock that is set back an hour keeps nobody from being dialled again', async () => {
  const { supervisor, dials } = createSupervised()
  supervisor.join([addressOf(peers[0] as SeededPeer)])
  supervisor.start()
  await vi.advanceTimersByTimeAsync(100)
  expect(dials).toHaveLength(1)
  vi.setSystemTime(Date.now() - 3_600_000)
  await vi.advanceTimersByTimeAsync(3 * SUPERVISOR_DEFAULTS.minRetryMs)
  expect(dials.length).toBeGreaterThan(1)
})
