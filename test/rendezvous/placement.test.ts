import type { PeerId } from '@libp2p/interface'
import { beforeAll, expect, test } from 'vitest'
import type { RoutingTable } from '../../node/network/index.ts'
import { createNodePlacement, createTabPlacement, RECORD_NODES } from '../../node/rendezvous/placement.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const POSITION = new Uint8Array(32)

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3, 4, 5].map(createSeededPeer))
})

/** Servers in the order of their distance, and whether this peer would be among the nearest. */
const tableOf = (near: SeededPeer[], { isSelfNear = false, hasGap = false } = {}) =>
  ({
    closest: (_position: Uint8Array, count: number) => near.slice(0, count).map(({ peer }) => peer),
    isSelfAmongClosest: () => isSelfNear,
    hasGapAt: () => hasGap,
    async *walk() {
      for (const { peer } of peers) yield peer
    },
  }) as unknown as RoutingTable
const ids = (list: PeerId[]) => list.map(String)
async function walked(walk: AsyncIterable<PeerId>): Promise<string[]> {
  const list: PeerId[] = []
  for await (const peer of walk) list.push(peer)
  return ids(list)
}

test('placement: a node turns to the record nodes of a key, the nearest servers', () => {
  expect(ids(createNodePlacement(tableOf(peers)).targets(POSITION))).toEqual(peers.slice(0, RECORD_NODES).map(({ id }) => id))
})

test('placement: a node that is a record node itself is one of them', () => {
  const placement = createNodePlacement(tableOf(peers, { isSelfNear: true }))
  expect(placement.keepsRecords(POSITION)).toBe(true)
  expect(placement.targets(POSITION)).toHaveLength(RECORD_NODES - 1)
})

test('placement: a small network is all record nodes', () => {
  const placement = createNodePlacement(tableOf(peers.slice(0, 1), { isSelfNear: true }))
  expect(ids(placement.targets(POSITION))).toEqual([peers[0]?.id])
  expect(createNodePlacement(tableOf([], { isSelfNear: true })).targets(POSITION)).toEqual([])
})

test('placement: a walk is made only where the table has a gap, and ends with the record nodes', async () => {
  expect(await walked(createNodePlacement(tableOf(peers)).walk(POSITION, POSITION))).toEqual([])
  expect(await walked(createNodePlacement(tableOf(peers, { hasGap: true })).walk(POSITION, POSITION))).toHaveLength(RECORD_NODES)
})

test('placement: a tab turns to its home, keeps no records and walks nowhere', async () => {
  const home: { peer: PeerId | undefined } = { peer: undefined }
  const placement = createTabPlacement(() => home.peer)
  expect(placement.targets(POSITION)).toEqual([])
  home.peer = peers[0]?.peer
  expect(ids(placement.targets(POSITION))).toEqual([peers[0]?.id])
  expect(placement.keepsRecords(POSITION)).toBe(false)
  expect(await walked(placement.walk(POSITION, POSITION))).toEqual([])
})
