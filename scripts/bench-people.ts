/**
 * The cost of presence of people: how long it takes until an account with a thousand contacts online sees one of them go and come, and how many bytes
 * an account with a hundred contacts online takes while nothing happens. The contacts are whole tabs in other processes, with accounts of their own,
 * behind other nodes than the account that watches.
 *
 *   npm run bench -- people
 */

import { setTimeout as delay } from 'node:timers/promises'
import { createPeer, type Peer, type PresenceEvent } from '../node/index.ts'
import { openContactsBook } from '../node/people/account/contacts.ts'
import { openAccount } from '../node/people/account/open-account.ts'
import { createMemoryAccountStore } from '../node/people/account/store.ts'
import { startByteCounter } from './bench/byte-counter.ts'
import { type MayflyNode, startNetwork } from './bench/mayfly-network.ts'
import { type Bench, runBench } from './bench/report.ts'
import { bytes, ms, p50, p95, seconds } from './bench/samples.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker, type Worker } from './bench/worker.ts'
import type { PeopleSwarmCalls } from './bench/workers/people-swarm.ts'

const SWARMS = 4
const MANY = 1_000
const FEW = 100
const CHANGES = 60
const IDLE_MS = 60_000
const ALL_MS = 240_000
const EVENT_MS = 20_000
/** Settles what the arrival of all has set off: statements, searches. */
const SETTLE_MS = 5_000
const PRESENCE_BAR_MS = 300

interface Watcher {
  peer: Peer
  swarms: Worker<PeopleSwarmCalls>[]
  /** How long it took until all were seen, in ms. */
  allMs: number
}

async function startSwarms(bench: Bench): Promise<Worker<PeopleSwarmCalls>[]> {
  const start = () => startWorker<PeopleSwarmCalls>(new URL('bench/workers/people-swarm.ts', import.meta.url))
  return Promise.all(Array.from({ length: SWARMS }, async () => bench.stack.use(await start())))
}

/** An account whose contacts are all online. */
async function watch(bench: Bench, count: number, home: string, others: readonly MayflyNode[]): Promise<Watcher> {
  const store = createMemoryAccountStore()
  const account = await openAccount(store, { kind: 'kept' }, { now: Date.now })
  const swarms = await startSwarms(bench)
  const keys = await Promise.all(
    swarms.map((swarm, i) =>
      swarm.call('join', { count: count / SWARMS, address: (others[i % others.length] as MayflyNode).address, contact: account.publicKey }),
    ),
  )
  bench.step(`${count} contacts have joined`)
  const book = await openContactsBook({ store, now: Date.now })
  for (const [i, key] of keys.flat().entries()) await book.add(key, { alias: `contact ${i}`, trust: new Uint8Array(), atMs: Date.now() })
  book.close()
  account.close()
  const peer = await createPeer({ join: [home], content: false, people: { store, account: { kind: 'kept' } } })
  bench.stack.defer(() => peer.stop())
  await peer.start()
  await peer.joined({ signal: AbortSignal.timeout(EVENT_MS) })
  await Promise.all(swarms.map((swarm) => swarm.call('connectAll')))
  bench.step('they are online')
  const startedAtMs = performance.now()
  await peer.people?.connect()
  const isAll = () => peer.people?.present().length === count
  await waitUntil(isAll, ALL_MS, `${count} contacts are seen, not ${peer.people?.present().length}`)
  const allMs = performance.now() - startedAtMs
  bench.step(`all are seen after ${seconds(allMs)}`)
  await delay(SETTLE_MS)
  return { peer, swarms, allMs }
}

/** Times of the changes of one contact after the other, in ms. */
async function measureChanges({ peer, swarms }: Watcher): Promise<{ going: number[]; coming: number[] }> {
  const heard = new Map<string, number>()
  const hear = ({ type, person }: Extract<PresenceEvent, { person: unknown }>) => heard.set(`${type} ${person.instance}`, Date.now())
  for (const type of ['peerconnect', 'peerdisconnect'] as const) peer.people?.on(type, hear)
  async function measure(type: 'peerconnect' | 'peerdisconnect', call: 'connect' | 'disconnect', change: number): Promise<number> {
    const swarm = swarms[change % SWARMS] as Worker<PeopleSwarmCalls>
    heard.clear()
    const { id, atMs } = await swarm.call(call, { tab: Math.floor(change / SWARMS) })
    await waitUntil(() => heard.has(`${type} ${id}`), EVENT_MS, `${type} is told`)
    return (heard.get(`${type} ${id}`) ?? 0) - atMs
  }
  const going: number[] = []
  const coming: number[] = []
  for (let change = 0; change < CHANGES; change++) {
    going.push(await measure('peerdisconnect', 'disconnect', change))
    coming.push(await measure('peerconnect', 'connect', change))
  }
  return { going, coming }
}

async function measureIdle(bench: Bench, nodes: readonly MayflyNode[]): Promise<void> {
  const [home, ...others] = nodes as [MayflyNode, ...MayflyNode[]]
  const counter = bench.stack.use(await startByteCounter(home.port))
  const { peer } = await watch(bench, FEW, home.address.replace(`/tcp/${home.port}/`, `/tcp/${counter.port}/`), others)
  const before = counter.bytes()
  await delay(IDLE_MS)
  const anHour = ((counter.bytes() - before) * 3_600_000) / IDLE_MS
  bench.note(
    `${peer.people?.present().length} contacts online, nothing happens: ${bytes(anHour)} an hour, over the tab's one connection, both ways`,
  )
  bench.judge({ what: `bytes an hour of an idle account, ${FEW} contacts online`, value: bytes(anHour) })
}

async function measurePeople(bench: Bench): Promise<void> {
  const nodes = await startNetwork(3, bench.stack)
  await measureIdle(bench, nodes)
  const [home, ...others] = nodes as [MayflyNode, ...MayflyNode[]]
  const watcher = await watch(bench, MANY, home.address, others)
  const { going, coming } = await measureChanges(watcher)
  bench.table(
    `${MANY} contacts online, ${CHANGES} of them go and come`,
    ['event', 'p50', 'p95'],
    [
      ['a contact goes', ms(p50(going)), ms(p95(going))],
      ['a contact comes', ms(p50(coming)), ms(p95(coming))],
    ],
  )
  const both = p95([...going, ...coming])
  bench.judge({ what: `all of ${MANY} contacts are seen`, value: seconds(watcher.allMs) })
  bench.judge({
    what: `presence event, p95, ${MANY} contacts online`,
    reading: both,
    as: ms,
    under: PRESENCE_BAR_MS,
  })
}

await runBench('people', measurePeople)
