/** Presence with tabs that are processes: opened, closed, killed, stopped and cut off. */

import { expect, test } from 'vitest'
import type { Peer } from '../../node/index.ts'
import { startCutProxy } from '../helpers/cut-proxy.ts'
import { startInstance } from '../helpers/instance-process.ts'
import { createNetwork, type Network, type TestNode } from '../helpers/network.ts'
import { addPerson, becomeContacts, waitForPresent } from '../helpers/people.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** The events come within a second; a busy machine is given more. */
const SOON_MS = 5_000
/** After a kill, a stop or a cut. */
const LATE_MS = 15_000

interface Watched {
  ann: Peer
  words: string
  at: TestNode
  /** Each time that an instance came or went, by `Date.now()`, as Ann has heard. */
  came(id: string): Promise<number>
  went(id: string): Promise<number>
  sees(id: string): boolean
}

/** Ann, a tab behind one node, and Ben's first tab behind another; his others come and go at the second. */
async function watchBen(network: Network): Promise<Watched> {
  const [near, far] = network.nodes
  if (near === undefined || far === undefined) throw new Error('two nodes')
  const [ann, ben] = [await addPerson(network, near), await addPerson(network, far)]
  await becomeContacts(ann, ben, 'Ann', 'Ben')
  const events: { type: string; id: string; atMs: number }[] = []
  for (const type of ['peerconnect', 'peerdisconnect'] as const) {
    ann.people?.on(type, ({ person }) => events.push({ type, id: person.instance, atMs: Date.now() }))
  }
  async function heard(type: string, id: string): Promise<number> {
    const last = () => events.findLast((event) => event.type === type && event.id === id)
    await waitFor(
      () => last() !== undefined,
      60_000,
      () => `${type} ${id}`,
    )
    return last()?.atMs ?? 0
  }
  return {
    ann,
    words: ((await ben.people?.account.words()) ?? []).join(' '),
    at: far,
    came: (id) => heard('peerconnect', id),
    went: (id) => heard('peerdisconnect', id),
    sees: (id) => ann.people?.present().some(({ instance }) => instance === id) === true,
  }
}

test('people: a contact’s tabs are seen soon after they open and close, and within 15 s of a kill, a stop and a cut', async () => {
  const { words, at, came, went, sees } = await watchBen(await createNetwork({ nodes: 2 }))
  const proxy = await startCutProxy(at.port)
  const through = at.address.replace(`/tcp/${at.port}/`, `/tcp/${proxy.port}/`)
  const [closed, killed, stopped, cut] = await Promise.all([
    startInstance({ join: at.address, words }),
    startInstance({ join: at.address, words }),
    startInstance({ join: at.address, words }),
    startInstance({ join: through, words }),
  ])
  for (const { id, onlineAtMs } of [closed, killed, stopped, cut]) expect.soft((await came(id)) - onlineAtMs).toBeLessThan(SOON_MS)
  const endedAtMs = Date.now()
  closed.signal('SIGTERM')
  killed.signal('SIGKILL')
  stopped.signal('SIGSTOP')
  proxy.cut()
  const took = await Promise.all([closed, killed, stopped, cut].map(async ({ id }) => (await went(id)) - endedAtMs))
  expect.soft(took[0]).toBeLessThan(SOON_MS)
  for (const ms of took) expect.soft(ms).toBeLessThan(LATE_MS)
  // It wakes, and is back by itself.
  stopped.signal('SIGCONT')
  await waitFor(() => sees(stopped.id), 60_000, 'the tab that woke is seen again')
})

test('people: of ten tabs that open and close one after the other, 19 of the 20 events come within a second', async () => {
  const network = await createNetwork({ nodes: 2 })
  const { words, at, came, went } = await watchBen(network)
  const took: number[] = []
  for (let i = 0; i < 10; i++) {
    const tab = await network.addTab(at, { content: false, people: { account: { kind: 'words', words } } })
    const openedAtMs = Date.now()
    await tab.people.connect()
    took.push((await came(tab.id)) - openedAtMs)
    const closedAtMs = Date.now()
    const stopped = tab.stop()
    took.push((await went(tab.id)) - closedAtMs)
    await stopped
  }
  const [p95] = took.toSorted((a, b) => b - a).slice(1)
  expect(p95, took.join(', ')).toBeLessThan(1_000)
})

test('people: sleep past the lease, wake, and a kill within a second: nobody shows the ghost', async () => {
  const { words, at, came, went, sees } = await watchBen(await createNetwork({ nodes: 2 }))
  const leaseMs = 5_000
  const sleeper = await startInstance({ join: at.address, words, leaseMs })
  await came(sleeper.id)
  const sleptAtMs = Date.now()
  sleeper.signal('SIGSTOP')
  await went(sleeper.id)
  await waitFor(() => Date.now() - sleptAtMs > leaseMs + 1_000, 30_000, 'the lease is over')
  sleeper.signal('SIGCONT')
  const wokeAtMs = Date.now()
  await waitFor(() => Date.now() - wokeAtMs > 800, 5_000, 'it is awake for a moment')
  sleeper.signal('SIGKILL')
  const killedAtMs = Date.now()
  await waitFor(() => !sees(sleeper.id), SOON_MS, 'it is not shown')
  let shownAfterMs: number | undefined
  await waitFor(
    () => {
      if (sees(sleeper.id)) shownAfterMs = Date.now() - killedAtMs
      return Date.now() - killedAtMs > 6_000
    },
    10_000,
    'six seconds have passed',
  )
  expect(shownAfterMs).toBeUndefined()
})

test('people: a tab whose home ends comes back through another one, and nobody saw it go', async () => {
  const network = await createNetwork({ nodes: 3 })
  const [near, , far] = network.nodes
  const [ann, ben] = [await addPerson(network, near), await addPerson(network, far)]
  await becomeContacts(ann, ben, 'Ann', 'Ben')
  await waitForPresent(ann.people, [ben])
  await waitForPresent(ben.people, [ann])
  await waitFor(() => ben.status().counts.servers >= 3, 30_000, 'the tab knows other nodes')
  const gone: string[] = []
  for (const { id, people } of [ann, ben]) people.on('peerdisconnect', () => gone.push(id))
  const { home } = ben.status()
  await far.stop()
  await waitFor(() => ben.status().home !== undefined && ben.status().home !== home, 30_000, 'the tab has another home')
  ben.people.setState('moved')
  ann.people.setState('seen')
  await waitFor(() => ann.people.stateOf(ben.id) === 'moved' && ben.people.stateOf(ann.id) === 'seen', 30_000, 'they hear each other')
  expect(gone).toEqual([])
})
