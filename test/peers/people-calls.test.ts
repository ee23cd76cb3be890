/** Calls and channels between tabs and nodes over real sockets, in sessions through their homes. */

import { expect, onTestFinished, test } from 'vitest'
import { encodeKeyHex } from '../../node/keys/index.ts'
import { createCalls } from '../../node/people/calls/calls.ts'
import type { CallScope } from '../../node/people/calls/types.ts'
import type { Answer, Channel, Person, Value } from '../../node/people/types.ts'
import { createSessions } from '../../node/people/way/sessions.ts'
import type { Identity } from '../../node/people/way/types.ts'
import { createNetwork } from '../helpers/network.ts'
import { startWaysNode, startWaysTab, type WaysPeer } from '../helpers/people-ways.ts'
import { sampleIdentity } from '../helpers/session-pair.ts'
import { waitFor } from '../helpers/wait-for.ts'

interface Caller {
  id: string
  scope: CallScope
  peer: WaysPeer
}

/** Everybody is everybody's contact. Their accounts are made up, since calls do not check them; the peer ids are real. */
function startCallers(peers: readonly WaysPeer[]): Caller[] {
  const identities = peers.map(({ id }, i) => sampleIdentity(`account ${i}`, { peer: id }))
  const personOf = ({ account, peer }: Identity): Person => ({
    account: encodeKeyHex(account),
    alias: peer,
    instance: peer,
    relation: 'contact',
  })
  return peers.map((peer, i) => {
    const own = identities[i] as Identity
    const sessions = createSessions({
      ways: peer.ways,
      identity: () => own,
      verify: (_, id) => ({ identity: identities.find((each) => each.peer === id) as Identity }),
    })
    const calls = createCalls({
      sessions,
      ways: peer.ways,
      targetOf: (id) => peers.find((each) => each.id === id)?.target,
      personOf,
      onError: () => {},
      now: () => performance.now(),
      random: Math.random,
    })
    sessions.start()
    onTestFinished(() => {
      calls.stop()
      sessions.stop()
    })
    const others = identities.filter((identity) => identity !== own).map(personOf)
    const scope = calls.scope({ resolve: (query) => others.filter(({ instance }) => query === '*' || query === instance) })
    return { id: peer.id, scope, peer }
  })
}

const codes = (answers: Answer[]) => answers.map((answer) => ('value' in answer ? answer.value : answer.error.code))

test('calls: two tabs of one home, one of another, and a node answer each other, one answer each', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [one, two] = nodes
  const callers = startCallers(await Promise.all([startWaysTab(one), startWaysTab(one), startWaysTab(two), startWaysNode(one)]))
  for (const { id, scope } of callers) scope.module('echo', (input) => `${id} heard ${input}`)
  const all = await Promise.all(callers.map(({ scope }) => scope.get('*').message('echo', 'hello').settled()))
  for (const [i, answers] of all.entries()) {
    const expected = callers.filter((_, other) => other !== i).map(({ id }) => `${id} heard hello`)
    expect(codes(answers).sort()).toEqual(expected.sort())
  }
})

test('calls: a tab that is killed ends the calls to it, and its own handlers’ callers are told apart', async () => {
  const { nodes } = await createNetwork({ nodes: 2 })
  const [alice, bob] = startCallers(await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[1])])) as [Caller, Caller]
  let runs = 0
  const signals: string[] = []
  const waits: Parameters<CallScope['module']>[1] = (_, { signal }) => {
    runs++
    signal.addEventListener('abort', () => signals.push(signal.reason.code))
    return new Promise(() => {})
  }
  alice.scope.module('waits', waits)
  bob.scope.module('waits', waits)
  const toBob = alice.scope.get(bob.id).message('waits', 1).settled()
  const toAlice = bob.scope.get(alice.id).message('waits', 1).settled()
  await waitFor(() => runs === 2, 20_000, 'both calls run')
  const leftAtMs = performance.now()
  for (const connection of bob.peer.raw.libp2p.getConnections()) connection.abort(new Error('killed'))
  expect(codes(await toBob)).toEqual(['ERR_LEFT'])
  expect(performance.now() - leftAtMs).toBeLessThan(10_000)
  expect(codes(await toAlice)).toEqual(['ERR_LEFT'])
  await waitFor(() => signals.length === 2, 10_000, 'both handlers hear of it')
  expect(signals).toEqual(['ERR_LEFT', 'ERR_LEFT'])
})

test('channels: 8 MiB to a slow reader through two homes, in order, all of it before the end', async () => {
  const { nodes } = await createNetwork({ nodes: 2, limits: { relayedBytesPerSecond: 0 } })
  const [alice, bob] = startCallers(await Promise.all([startWaysTab(nodes[0]), startWaysTab(nodes[1])])) as [Caller, Caller]
  const taken = Promise.withResolvers<Channel>()
  bob.scope.onChannel('bulk', taken.resolve)
  const channel = await alice.scope.channel(bob.id, 'bulk')
  expect(channel.way).toBe('relayed')
  expect(await channel.ping()).toBeGreaterThan(0)
  const count = 64
  const sending = (async () => {
    for (let i = 0; i < count; i++) await channel.send({ i, bytes: new Uint8Array(131_072).fill(i) })
    channel.close()
  })()
  const came: number[] = []
  for await (const value of await taken.promise) {
    const { i, bytes } = value as { i: number; bytes: Uint8Array } & Value
    expect(bytes.every((byte) => byte === i)).toBe(true)
    came.push(i)
    if (came.length % 8 === 0) await new Promise(setImmediate)
  }
  await sending
  expect(came).toEqual(Array.from({ length: count }, (_, i) => i))
  expect(await channel.closed).toBeUndefined()
})
