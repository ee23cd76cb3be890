import type { PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { majorityAhead } from '../../node/network/clock-majority.ts'
import { createClock, type RoutingTable } from '../../node/network/index.ts'
import { askDelegates } from '../../node/rendezvous/ask-delegates.ts'
import { askInTurns } from '../../node/rendezvous/ask-in-turns.ts'
import { createFinder, type FinderOptions } from '../../node/rendezvous/finder.ts'
import type { FoundHolder } from '../../node/rendezvous/found-holders.ts'
import { findSome } from '../../node/rendezvous/home-service.ts'
import { signLease } from '../../node/rendezvous/lease.ts'
import type { PresenceStream } from '../../node/rendezvous/presence-stream.ts'
import { createRecordStore } from '../../node/rendezvous/record-store.ts'
import { type FoundFrame, SCOPE, type Scope } from '../../node/rendezvous/wire-frames.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const KEY = new Uint8Array(32).fill(1)
const OTHER_KEY = new Uint8Array(32).fill(2)
const ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')

let servers: SeededPeer[]
let holders: SeededPeer[]
beforeAll(async () => {
  const peers = await Promise.all(Array.from({ length: 10 }, (_, i) => createSeededPeer(i + 1)))
  servers = peers.slice(0, 6)
  holders = peers.slice(6)
})

type Answer = (Partial<FoundFrame> & { afterMs?: number }) | 'silent' | 'down'

/** A network of servers; the first are the record nodes, and each gives the answer set for it. */
function createNetworkOf(
  answers: Answer[],
  {
    recordNodes = 3,
    walk = [],
    delegates,
    inTurns = false,
    scope = SCOPE.own,
    clock = createClock(),
    ...options
  }: Partial<FinderOptions> & {
    recordNodes?: number
    walk?: number[]
    delegates?: number[]
    inTurns?: boolean
    clock?: ReturnType<typeof createClock>
  } = {},
) {
  const asked: { server: number; scope: Scope; signal: AbortSignal }[] = []
  const bad: string[] = []
  const denied: number[] = []
  const store = createRecordStore({ maxRecords: 100, maxRecordsPerKey: 100 }, Date.now, Math.random)
  const all = servers.slice(0, answers.length)
  const finder = createFinder(
    {
      placement: {
        targets: () => all.slice(0, recordNodes).map(({ peer }) => peer),
        ask: (_position, ask, timers, search) => {
          const asked = delegates?.map((index) => (all[index] as SeededPeer).peer)
          if (asked === undefined)
            return inTurns
              ? askInTurns(
                  all.slice(0, recordNodes).map(({ peer }) => peer),
                  ask,
                  timers,
                )
              : ask(all.slice(0, recordNodes).map(({ peer }) => peer))
          const onDenied = (peer: PeerId) => denied.push(all.findIndex(({ id }) => id === peer.toString()))
          return askDelegates(asked, (peer) => ask([peer], SCOPE.group), onDenied, search)
        },
        keepsRecords: () => false,
        async *walk() {
          for (const index of walk) yield (all[index] as SeededPeer).peer
        },
      },
      servers: {
        closest: (_position: Uint8Array, count: number) => all.slice(0, count).map(({ peer }) => peer),
      } as unknown as RoutingTable,
      store,
      streams: {
        async open(peer: PeerId, { signal: ended }: { signal?: AbortSignal }) {
          ended?.throwIfAborted()
          const server = all.findIndex(({ id }) => id === peer.toString())
          const answer = answers[server] as Answer
          if (answer === 'down') throw new Error('nobody there')
          return {
            find(_key: Uint8Array, _limit: number, asScope: Scope, { signal }: { signal: AbortSignal }) {
              asked.push({ server, scope: asScope, signal })
              if (answer !== 'silent' && answer.afterMs !== undefined) return answerAfter(answer, answer.afterMs, signal)
              if (answer !== 'silent')
                return Promise.resolve({ type: 'found', id: 1, leases: [], stock: [], homes: [], count: 0, ...answer })
              if (signal.aborted) return Promise.reject(signal.reason)
              return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
            },
          } as unknown as PresenceStream
        },
      },
      homes: { findAddresses: async () => [] },
      clock,
      onBadAnswer: (peer) => bad.push(peer),
    },
    { scope, holdersPerAnswer: 16, askTimeoutMs: 1_000, maxServersAsked: 64, lease: {}, ...options },
  )
  const findAll = async (signal?: AbortSignal) => {
    const found: FoundHolder[] = []
    for await (const holder of finder.find(KEY, signal === undefined ? {} : { signal })) found.push(holder)
    return found
  }
  return { finder, store, asked, bad, denied, findAll, askedServers: () => asked.map(({ server }) => server) }
}

function answerAfter(answer: Partial<FoundFrame>, ms: number, signal: AbortSignal) {
  return new Promise((resolve, reject) => {
    setTimeout(() => resolve({ type: 'found', id: 1, leases: [], stock: [], homes: [], count: 0, ...answer }), ms)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

async function leaseOf(holder: SeededPeer, { home = holder, key = KEY, forgedBy = holder, lifetimeMs = 60_000 } = {}): Promise<Uint8Array> {
  const issuedAtMs = Date.now() - 1_000
  const terms = { key, home: home.peer, issuedAtMs, expiresAtMs: issuedAtMs + lifetimeMs }
  return new Uint8Array((await signLease(holder.peer, forgedBy.privateKey, terms)).bytes)
}
const names = (found: FoundHolder[]) => found.map(({ peer }) => peer).toSorted()

test('finder in turns: one record node is asked, and when it knows a holder no other is, until the caller goes on', async () => {
  const [a, b] = holders as [SeededPeer, SeededPeer]
  const net = createNetworkOf([{ leases: [await leaseOf(a)] }, { leases: [await leaseOf(a)] }, { leases: [await leaseOf(b)] }], {
    inTurns: true,
  })
  for await (const { peer } of net.finder.find(KEY)) {
    expect(peer).toBe(a.id)
    break
  }
  expect(net.askedServers()).toEqual([0])
  expect(names(await net.findAll())).toEqual([a.id, b.id].toSorted())
  expect(net.askedServers()).toEqual([0, 0, 1, 2])
})

test('finder in turns: content that is right needs no holder: no lease is checked, and no other record node is asked', async () => {
  const [a, b] = holders as [SeededPeer, SeededPeer]
  const content = Uint8Array.of(1)
  const forged = await leaseOf(a, { forgedBy: b })
  const net = createNetworkOf([{ leases: [forged], content }, { leases: [await leaseOf(a)] }], { inTurns: true })
  const over = new AbortController()
  const heard: unknown[] = []
  const search = net.finder.find(KEY, {
    signal: over.signal,
    onContent(given) {
      heard.push(given)
      over.abort(new Error('it is here'))
      return true
    },
  })
  await expect(search.next()).rejects.toThrow('it is here')
  expect([heard, net.askedServers(), net.bad]).toEqual([[{ bytes: content, from: servers[0]?.id }], [0], []])
  const wrong = net.finder.find(KEY, { onContent: () => false })
  expect((await wrong.next()).value?.peer).toBe(a.id)
  expect(net.bad).toEqual([servers[0]?.id])
})

test.each([
  ['knows nobody', {}],
  ['cannot be reached', 'down'],
  ['is silent', 'silent'],
] as const)('finder in turns: when the first record node %s, the others are asked', async (_what, answer) => {
  const [a] = holders as [SeededPeer]
  const net = createNetworkOf([answer, { leases: [await leaseOf(a)] }, {}], { inTurns: true })
  for await (const { peer } of net.finder.find(KEY)) {
    expect(peer).toBe(a.id)
    break
  }
  expect(net.askedServers().includes(1)).toBe(true)
  expect(net.asked.every(({ signal }) => signal.aborted)).toBe(true)
})

test('finder in turns: a forged answer of the first record node hides nothing', async () => {
  const [a, b] = holders as [SeededPeer, SeededPeer]
  const net = createNetworkOf([{ leases: [await leaseOf(a, { forgedBy: b })] }, { leases: [await leaseOf(b)] }, {}], { inTurns: true })
  expect(names(await net.findAll())).toEqual([b.id])
  expect(net.bad).toHaveLength(1)
})

test('finder in turns: a first record node that has answered is not silent, however long the caller takes with what it said', async () => {
  let runOut = () => {}
  const after = (_ms: number, work: () => void) => {
    runOut = work
    return () => {}
  }
  const asked: string[] = []
  const silent: string[] = []
  async function* ask(names: string[]) {
    asked.push(...names)
    if (names[0] === 'first') yield* [1, 2]
  }
  const timers = { now: () => 0, after, every: after }
  for await (const _ of askInTurns(['first', 'second'], ask, timers, (name) => silent.push(name))) {
    runOut()
    expect(asked).toEqual(['first'])
  }
  expect([asked, silent]).toEqual([['first', 'second'], []])
})

test('finder: yields each holder once, with its home and where that can be dialled', async () => {
  const [a, b, home] = holders as [SeededPeer, SeededPeer, SeededPeer]
  const leases = [await leaseOf(a), await leaseOf(b, { home })]
  const homes = [{ peer: home.multihash, addresses: [ADDRESS] }]
  const found = await createNetworkOf([{ leases, homes }, { leases }, { leases }]).findAll()
  expect(names(found)).toEqual([a.id, b.id].toSorted())
  expect(found.find(({ peer }) => peer === b.id)).toMatchObject({ home: home.id, addresses: [ADDRESS.toString()], signed: true })
})

test("finder: this node's own records come first, and nobody is asked while they are enough", async () => {
  const { finder, store, asked } = createNetworkOf([{}])
  store.put({ key: KEY, holder: 'tab', home: 'here', expiresAtMs: Date.now() + 9_000, lease: Uint8Array.of(1), source: store })
  for await (const holder of finder.find(KEY)) {
    expect(holder).toMatchObject({ peer: 'tab', home: 'here' })
    break
  }
  expect(asked).toEqual([])
})

test('finder: asks no further while the caller is content, and every server it knows before it says nobody', async () => {
  const lease = await leaseOf(holders[0] as SeededPeer)
  const content = createNetworkOf([{ leases: [lease] }, {}, {}, {}, {}])
  for await (const _ of content.finder.find(KEY)) break
  expect(content.askedServers().toSorted()).toEqual([0, 1, 2])
  const nobody = createNetworkOf([{}, {}, {}, {}, {}])
  expect(await nobody.findAll()).toEqual([])
  expect(nobody.askedServers().toSorted()).toEqual([0, 1, 2, 3, 4])
})

test('finder: record nodes that deny a key do not hide it while another server knows', async () => {
  const [holder] = holders as [SeededPeer]
  const { findAll } = createNetworkOf([{}, {}, {}, {}, { leases: [await leaseOf(holder)] }])
  expect(names(await findAll())).toEqual([holder.id])
})

test('finder: maxServersAsked is how far it goes', async () => {
  const { findAll, askedServers } = createNetworkOf([{}, {}, {}, {}, {}], { maxServersAsked: 4 })
  await findAll()
  expect(askedServers().toSorted()).toEqual([0, 1, 2, 3])
})

test('finder: those that only a walk finds are asked, each once', async () => {
  const { findAll, askedServers } = createNetworkOf([{}, {}, {}, {}, {}], { walk: [4, 0], maxServersAsked: 3 })
  await findAll()
  expect(askedServers().toSorted()).toEqual([0, 1, 2, 4])
})

test('finder: a forged lease, or one of another key, is not believed; its sender is named and the others are believed', async () => {
  const [honest, victim, liar] = holders as [SeededPeer, SeededPeer, SeededPeer]
  const { findAll, bad } = createNetworkOf([
    { leases: [await leaseOf(victim, { forgedBy: liar })] },
    { leases: [await leaseOf(victim, { key: OTHER_KEY })] },
    { leases: [Uint8Array.of(1, 2, 3)] },
    { leases: [await leaseOf(honest)] },
  ])
  expect(names(await findAll())).toEqual([honest.id])
  expect(bad.toSorted()).toEqual(
    servers
      .slice(0, 3)
      .map(({ id }) => id)
      .toSorted(),
  )
})

test('finder: a lease that has run out is passed over, and nobody is blamed', async () => {
  const [gone, there] = holders as [SeededPeer, SeededPeer]
  const { findAll, bad } = createNetworkOf([{ leases: [await leaseOf(gone, { lifetimeMs: 500 }), await leaseOf(there)] }])
  expect(names(await findAll())).toEqual([there.id])
  expect(bad).toEqual([])
})

test("finder: a stock peer's announcement is passed on as unsigned, while it is good", async () => {
  const [stock, gone] = holders as [SeededPeer, SeededPeer]
  const { findAll } = createNetworkOf([
    {
      stock: [
        { peer: stock.multihash, expiresAtMs: Date.now() + 5_000 },
        { peer: gone.multihash, expiresAtMs: Date.now() - 1 },
        { peer: Uint8Array.of(1, 2, 3), expiresAtMs: Date.now() + 5_000 },
      ],
      homes: [{ peer: stock.multihash, addresses: [ADDRESS] }],
    },
  ])
  const found = await findAll()
  expect(found).toMatchObject([{ peer: stock.id, home: stock.id, addresses: [ADDRESS.toString()], signed: false }])
  expect(found[0]?.record.lease).toBeUndefined()
})

test('finder: a server that is down or silent holds up nobody’s answer; askTimeoutMs is how long it is waited for', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const [holder] = holders as [SeededPeer]
  const { finder, findAll } = createNetworkOf(['silent', 'down', { leases: [await leaseOf(holder)] }], { askTimeoutMs: 100 })
  // The clock stands still: only what needs no waiting comes.
  for await (const { peer } of finder.find(KEY)) {
    expect(peer).toBe(holder.id)
    break
  }
  let found: FoundHolder[] | undefined
  void findAll().then((all) => (found = all))
  await vi.advanceTimersByTimeAsync(99)
  expect(found).toBeUndefined()
  await vi.advanceTimersByTimeAsync(50)
  expect(names(found ?? [])).toEqual([holder.id])
})

test('finder: while answers come, however slowly, those that are still to come are waited for', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const leases = [await leaseOf(holders[0] as SeededPeer)]
  const { findAll } = createNetworkOf([{ afterMs: 300 }, { afterMs: 600 }, { afterMs: 900 }, { leases, afterMs: 1_200 }], {
    recordNodes: 4,
    askTimeoutMs: 600,
  })
  const found = findAll()
  await vi.advanceTimersByTimeAsync(1_200)
  expect(names(await found)).toEqual([(holders[0] as SeededPeer).id])
})

test('finder: breaking out ends the pending requests', async () => {
  const [holder] = holders as [SeededPeer]
  const { finder, asked } = createNetworkOf(['silent', { leases: [await leaseOf(holder)] }], { askTimeoutMs: 60_000 })
  for await (const _ of finder.find(KEY)) break
  expect(asked.find(({ server }) => server === 0)?.signal.aborted).toBe(true)
})

test('finder: an abort ends the search with the reason', async () => {
  const { findAll, asked } = createNetworkOf(['silent'], { askTimeoutMs: 60_000 })
  const controller = new AbortController()
  const reason = new Error('enough')
  const search = findAll(controller.signal)
  await waitFor(() => asked.length > 0, 1_000, 'the question')
  controller.abort(reason)
  await expect(search).rejects.toBe(reason)
  await expect(findAll(AbortSignal.abort(reason))).rejects.toBe(reason)
})

test('finder: a tab asks its home about the whole network, and others about what they record', async () => {
  const { findAll, asked } = createNetworkOf([{}, {}], { scope: SCOPE.network, recordNodes: 1 })
  await findAll()
  expect(asked.map(({ server, scope }) => [server, scope])).toEqual([
    [0, SCOPE.network],
    [1, SCOPE.own],
  ])
})

test('finder: where its clock is in doubt, leases that it cannot believe are no "nobody"', async () => {
  const [a] = holders as [SeededPeer]
  const leases = [await leaseOf(a)]
  const behind = createClock({}, { wall: () => Date.now() - 3_600_000 }, majorityAhead)
  for (const clock of [createClock({}, { wall: () => Date.now() + 3_600_000 }, majorityAhead), behind]) {
    expect(await createNetworkOf([{ leases }], { clock }).findAll()).toEqual([])
    clock.hear('a stranger', Date.now(), performance.now(), false)
    await expect(createNetworkOf([{ leases }], { clock }).findAll()).rejects.toMatchObject({ code: 'ERR_CLOCK' })
    expect(await createNetworkOf([{}], { clock }).findAll()).toEqual([])
    clock.hear('another', Date.now(), performance.now(), false)
    expect(names(await createNetworkOf([{ leases }], { clock }).findAll())).toEqual([a.id])
  }
})

test('finder: delegates are asked one after the other, before all others, and one that denied what another finds is named', async () => {
  const lease = await leaseOf(holders[0] as SeededPeer)
  const { finder, asked, denied } = createNetworkOf([{}, { leases: [lease] }, {}], { delegates: [0, 1] })
  for await (const _ of finder.find(KEY)) break
  expect(asked.map(({ server, scope }) => [server, scope])).toEqual([
    [0, SCOPE.group],
    [1, SCOPE.group],
  ])
  expect(denied).toEqual([0])
})

test('finder: a delegate that denied what another one gives as content is named, and the giver is not', async () => {
  const { finder, denied } = createNetworkOf([{}, { content: Uint8Array.of(1) }, { leases: [await leaseOf(holders[0] as SeededPeer)] }], {
    delegates: [0, 1, 2],
  })
  for await (const _ of finder.find(KEY, { onContent: () => true })) break
  expect(denied).toEqual([0])
})

test('finder: for another server the record nodes alone are asked, and nobody else when they know nobody', async () => {
  const { finder, askedServers } = createNetworkOf([{}, {}, {}, {}, {}], { walk: [3] })
  expect(await findSome(finder.find(KEY, {}, true), 4)).toEqual([])
  expect(askedServers().toSorted()).toEqual([0, 1, 2])
})
