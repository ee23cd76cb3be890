/** Servers that come at the same moment, and know the address of one. */

import { expect, onTestFinished, test } from 'vitest'
import { decodeGroupFrame, encodeGroupFrame, GROUPS_PROTOCOL, type GroupFrame } from '../../node/network/group-wire.ts'
import { openServerRecord } from '../../node/network/server-record.ts'
import { startNode, type TestNode } from '../helpers/network.ts'
import { startRawPeer } from '../helpers/raw-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** For twenty-four servers in one process on a machine that is busy with other tests: each pair costs both ends some 30 ms of processor time. */
const MEET_MS = 120_000

async function startAtOnce(count: number, entrances: readonly TestNode[]): Promise<TestNode[]> {
  const joins = entrances.map(({ address }) => address)
  const nodes = await Promise.all(Array.from({ length: count }, (_, i) => startNode({ join: joins.slice(i % joins.length).slice(0, 1) })))
  for (const node of nodes) onTestFinished(node.stop, 30_000)
  return nodes
}

const serversOf = (nodes: readonly TestNode[]) => nodes.map(({ peer }) => peer.status().counts.servers)

async function untilAllMet(nodes: readonly TestNode[]): Promise<void> {
  const isMet = () => serversOf(nodes).every((count) => count === nodes.length - 1)
  await waitFor(isMet, MEET_MS, () => `each knows all others: ${serversOf(nodes).join(' ')}`)
}

test.each([9, 24])('meeting: %i servers of which all but one come at the same moment all know each other', async (size) => {
  const entrances = await startAtOnce(1, [])
  await untilAllMet([...entrances, ...(await startAtOnce(size - 1, entrances))])
})

test('meeting: servers that come at the same moment by different entrances all know each other', async () => {
  const first = await startAtOnce(1, [])
  const second = await startAtOnce(1, first)
  const entrances = [...first, ...second]
  await untilAllMet([...entrances, ...(await startAtOnce(7, entrances))])
})

test('meeting: a server that asks another whom it knows is told of all, by their own signatures', async () => {
  const first = await startAtOnce(1, [])
  const nodes = [...first, ...(await startAtOnce(2, first))]
  await untilAllMet(nodes)
  const [node] = nodes as [TestNode]
  const asker = await startRawPeer({ role: 'node', join: [node.address] })
  onTestFinished(asker.stop)
  await waitFor(() => serversOf(nodes).every((count) => count === 3), MEET_MS, 'the asker is known')
  const stream = await asker.open<GroupFrame>(node.address, GROUPS_PROTOCOL, { encode: encodeGroupFrame, decode: decodeGroupFrame })
  stream.send({ type: 'compare', turn: 1, bits: 0, count: 0, mix: 0 })
  const { ids } = await stream.next('roster')
  stream.send({ type: 'fetch', turn: 2, ids })
  const { records } = await stream.next('servers')
  const told = await Promise.all(records.map(async (bytes) => (await openServerRecord(bytes)).peer.toString()))
  const others = [asker.id, ...nodes.slice(1).map(({ peer }) => peer.id)]
  expect(told.toSorted()).toEqual(others.toSorted())
  expect(ids).toHaveLength(4)
})
