/** Servers in groups, on real sockets: each is connected to all of its own group and to a few of the other, and finds and tells everything. */

import { peerIdFromString } from '@libp2p/peer-id'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { HolderCounts, Key } from '../../node/index.ts'
import { sha256AtOnce } from '../../node/keys/index.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { startNode, type TestNode, untilJoined } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Groups of numbers of servers that a test can have: sixteen make two, each of about a half. */
const GROUPS = { splitFloor: 6, mergeFloor: 2, lookMs: 400, gossipMs: 800, joiningMs: 1_500 }
const NODES = 16
/** On a machine that is busy with other tests. */
const FORM_MS = 90_000
const SEEN_MS = 20_000

let nodes: TestNode[]
beforeAll(async () => {
  nodes = [await startNode({ groups: GROUPS })]
  for (let i = 1; i < NODES; i++) nodes.push(await joinedNode())
  await waitFor(areFormed, FORM_MS, () => `each is in a group, and knows fewer than all: ${JSON.stringify(shape())}`)
  return async () => void (await Promise.all(nodes.map((node) => node.stop())))
}, FORM_MS + 30_000)

const at = (index: number) => nodes[index % nodes.length] as TestNode
const keyOf = (name: string): Key => sha256AtOnce(new TextEncoder().encode(name))
const shape = () => nodes.map(({ peer }) => peer.status().counts).map(({ groupBits, servers }) => [groupBits, servers])
/** The group of a node, when there are two: the first bit of its place. */
const groupOfNode = ({ peer }: TestNode) => (sha256AtOnce(peerIdFromString(peer.id).toMultihash().bytes)[0] as number) >> 7
/** Each knows all of its own group, one more at least, and not all. */
const areFormed = () =>
  shape().every(([bits = 0, servers = 0], index) => {
    const mates = nodes.filter((node) => groupOfNode(node) === groupOfNode(at(index))).length - 1
    return bits === 1 && servers > mates && servers < NODES - 1
  })

async function joinedNode(): Promise<TestNode> {
  const node = await startNode({ groups: GROUPS, join: [nodes[0]?.address as string] })
  await untilJoined(node.peer)
  return node
}

/** Undefined when nobody is found. */
async function holderSeenBy({ peer }: TestNode, key: Key): Promise<string | undefined> {
  for await (const holder of peer.rendezvous.find(key)) {
    expect(holder.addresses, 'where the home can be dialled').not.toEqual([])
    return holder.peer
  }
  return undefined
}

/** The counts that a node sees, until the test ends. */
function countsSeenBy({ peer }: TestNode, key: Key): HolderCounts[] {
  const counts: HolderCounts[] = []
  const end = new AbortController()
  onTestFinished(() => end.abort())
  void (async () => {
    for await (const each of peer.rendezvous.watchPeople(key, { signal: end.signal })) counts.push(each)
  })().catch(() => {}) // ended with the test
  return counts
}

test('groups: whatever any server holds, all others find and count; when it is released, nobody does', async () => {
  const keys = Array.from({ length: NODES }, (_, i) => keyOf(`held ${i}`))
  const holds = keys.map((key, i) => at(i).peer.rendezvous.hold(key))
  await Promise.all(holds.map(({ announced }) => announced))
  const counts = keys.map((key, i) => countsSeenBy(at(i + 5), key))
  for (const [i, key] of keys.entries()) {
    for (const reader of [at(i + 1), at(i + 6), at(i + 11)]) expect(await holderSeenBy(reader, key)).toBe(at(i).peer.id)
  }
  await waitFor(() => counts.every((seen) => seen.at(-1)?.holders === 1), SEEN_MS, 'one holder of each')
  await Promise.all(holds.map((hold) => hold.release()))
  await waitFor(() => counts.every((seen) => seen.at(-1)?.holders === 0), SEEN_MS, 'nobody holds any')
  for (const [i, key] of keys.entries()) expect(await holderSeenBy(at(i + 3), key)).toBeUndefined()
})

test('groups: a server that stops is gone everywhere, and what it carried for others stays', async () => {
  const gone = await joinedNode()
  await waitFor(() => gone.peer.status().counts.groupBits === 1 && gone.peer.status().counts.servers >= 5, FORM_MS, 'it is in its group')
  const own = Array.from({ length: 4 }, (_, i) => keyOf(`gone ${i}`))
  const kept = Array.from({ length: NODES }, (_, i) => keyOf(`kept ${i}`))
  await Promise.all(own.map((key) => gone.peer.rendezvous.hold(key).announced))
  await Promise.all(kept.map((key, i) => at(i).peer.rendezvous.hold(key).announced))
  const counts = own.map((key, i) => countsSeenBy(at(i * 3), key))
  await waitFor(
    () => counts.every((seen) => seen.at(-1)?.holders === 1),
    SEEN_MS,
    () =>
      `it holds all of its own: ${JSON.stringify(counts)} ${JSON.stringify(shape())} ${JSON.stringify(own.map((key) => (key[0] as number) >> 7))} ${JSON.stringify(nodes.map(groupOfNode))} gone ${groupOfNode(gone)} ${JSON.stringify(gone.peer.status().counts)}`,
  )
  await gone.stop()
  await waitFor(() => counts.every((seen) => seen.at(-1)?.holders === 0), SEEN_MS, 'it holds nothing')
  for (const [i, key] of kept.entries()) expect(await holderSeenBy(at(i + 7), key)).toBe(at(i).peer.id)
})

test('groups: a server that forms none, as an older version, is found and counted by all, and finds and counts all', async () => {
  const older = await startNode({ groups: { splitFloor: Number.MAX_SAFE_INTEGER }, join: [at(0).address] })
  onTestFinished(() => older.stop())
  await untilJoined(older.peer)
  await waitFor(() => older.peer.status().counts.servers >= 8, FORM_MS, 'it knows servers of both groups')
  const own = Array.from({ length: 6 }, (_, i) => keyOf(`older ${i}`))
  const others = Array.from({ length: 6 }, (_, i) => keyOf(`for an older one ${i}`))
  const holds = [...own.map((key) => older.peer.rendezvous.hold(key)), ...others.map((key, i) => at(i * 2).peer.rendezvous.hold(key))]
  await Promise.all(holds.map(({ announced }) => announced))
  const counts = [...own.map((key, i) => countsSeenBy(at(i * 3), key)), ...others.map((key) => countsSeenBy(older, key))]
  for (const [i, key] of own.entries()) expect(await holderSeenBy(at(i + 5), key)).toBe(older.peer.id)
  for (const [i, key] of others.entries()) expect(await holderSeenBy(older, key)).toBe(at(i * 2).peer.id)
  await waitFor(() => counts.every((seen) => seen.at(-1)?.holders === 1), SEEN_MS, 'one holder of each')
  await Promise.all(holds.map((hold) => hold.release()))
  await waitFor(() => counts.every((seen) => seen.at(-1)?.holders === 0), SEEN_MS, 'nobody holds any')
  expect([older.peer.status().counts.groupBits, at(0).peer.status().counts.groupBits]).toEqual([0, 1])
})

test.each([7, 8, 9])(
  'groups: a message reaches a receiver that has just come, from any server, and is kept when it goes (%i)',
  async (byte) => {
    const secret = new Uint8Array(32).fill(byte)
    const receiver = await startNode({ groups: GROUPS, join: [at(byte).address], messageSecret: secret })
    onTestFinished(() => receiver.stop())
    await untilJoined(receiver.peer)
    const { hashname } = receiver.peer.messages
    const keeper = createMessageKeeper()
    const tap = receiver.peer.messages.tap(hashname, { keep: keeper.keep })
    await tap.ready
    const senders = [1, 4, 9, 14]
    for (const index of senders) {
      const post = async () => (await at(index).peer.messages.post(hashname, { body: `from ${index}` })).outcome
      let outcome = await post()
      // Nothing has been sent where the receiver's key was not told in time, as by servers that are busy with other tests.
      const untilMs = performance.now() + SEEN_MS
      while (outcome.state === 'refused' && outcome.reason === 'unknown-receiver' && performance.now() < untilMs) outcome = await post()
      expect(outcome, `from ${index}`).toMatchObject({ state: 'stored' })
    }
    expect(keeper.texts().toSorted()).toEqual(senders.map((index) => `from ${index}`).toSorted())
    await tap.close()
    const { outcome } = await at(9).peer.messages.post(hashname, { body: 'while you are away' })
    expect(outcome, 'kept').toMatchObject({ state: 'queued' })
    receiver.peer.messages.tap(hashname, { keep: keeper.keep })
    await waitFor(() => keeper.stored.size === senders.length + 1, SEEN_MS, 'the mail comes')
    expect(keeper.again).toBe(0)
  },
)
