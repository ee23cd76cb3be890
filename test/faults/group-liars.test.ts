/**
 * A quarter of the servers of two groups lie: they deny, keep silent, or name only each other. Readers find all holders the same, once homes have
 * looked whether their leases stand. The honest servers are one network for all; others lie in each test, of whom nobody knows anything yet. The
 * peers and keys are the same each time: chance would give some keys three liars for record nodes.
 */

import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../node/keys/index.ts'
import { type Denier, type DenierOptions, startDenier } from '../helpers/denier.ts'
import { startNode, type TestNode, untilJoined } from '../helpers/network.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Twenty-four servers are two groups of twelve, far from four of six and from one. */
const GROUPS = { splitFloor: 16, mergeFloor: 2, lookMs: 500, gossipMs: 1_000, joiningMs: 3_000 }
const HONEST = 18
const LIARS = 6
/** By these seeds both groups have nine honest servers and three liars, and eight to ten keys have two of these for record nodes. */
const FIRST_SEED = 25
const FIRST_SEED_OF = { deny: 43, silent: 80, hide: 117 } as const
const KEYS = 40
const READERS = 3
/** Keys that are read at once. */
const AT_ONCE = 4
/** On a machine that is busy with other tests. */
const FORM_MS = 120_000
const FIND_MS = 20_000
/** All keys are read so many times, until enough are found. */
const MAX_ROUNDS = 8

type Lie = keyof typeof FIRST_SEED_OF

const nodes: TestNode[] = []
const at = (index: number) => nodes[index % HONEST] as TestNode
const bitsOf = ({ peer }: TestNode) => peer.status().counts.groupBits
const serversOf = ({ peer }: TestNode) => peer.status().counts.servers

async function startHonest(seed: number, join: string[]): Promise<TestNode> {
  const { privateKey } = await createSeededPeer(seed)
  const node = await startNode({ groups: GROUPS, join, privateKey: privateKeyToProtobuf(privateKey) })
  nodes.push(node)
  await untilJoined(node.peer)
  return node
}

beforeAll(async () => {
  const first = await startHonest(FIRST_SEED, [])
  await Promise.all(Array.from({ length: HONEST - 1 }, (_, i) => startHonest(FIRST_SEED + 1 + i, [first.address])))
}, FORM_MS)

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
}, FORM_MS)

async function startLiars(lie: Lie): Promise<Denier[]> {
  const liars: Denier[] = []
  const options: DenierOptions = {
    group: { bits: 1, size: (HONEST + LIARS) / 2 },
    isSilent: lie === 'silent',
    ...(lie === 'hide' && { names: liars }),
  }
  onTestFinished(async () => void (await Promise.all(liars.map((liar) => liar.stop()))))
  for (let i = 0; i < LIARS; i++) {
    const { privateKey } = await createSeededPeer(FIRST_SEED_OF[lie] + i)
    const join = nodes.map(({ address }) => address)
    liars.push(await startDenier(privateKey, join, options))
  }
  return liars
}

async function isFoundBy({ peer }: TestNode, key: Uint8Array): Promise<boolean> {
  const signal = AbortSignal.timeout(FIND_MS)
  try {
    for await (const _ of peer.rendezvous.find(key, { signal })) return true
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return false
}

/** @returns how many of the readers of all keys find the holder */
async function countFound(keys: readonly Uint8Array[], round: number): Promise<number> {
  let found = 0
  for (let i = 0; i < keys.length; i += AT_ONCE) {
    const reads = keys.slice(i, i + AT_ONCE).flatMap((key, j) => {
      const readers = Array.from({ length: READERS }, (_, turn) => at(i + j + 1 + turn * 5 + round))
      return readers.map((reader) => isFoundBy(reader, key))
    })
    found += (await Promise.all(reads)).filter(Boolean).length
  }
  return found
}

test.each<[what: string, Lie, atLeast: number]>([
  ['deny what others hold', 'deny', 0.995],
  ['never answer a find', 'silent', 0.995],
  ['deny, and name only each other', 'hide', 0.99],
])(
  'group liars: six of twenty-four that %s make hardly a page vanish',
  async (_, lie, atLeast) => {
    const liars = await startLiars(lie)
    await waitFor(
      () => nodes.every((node) => bitsOf(node) === 1) && liars.every(({ connections }) => connections > 0),
      FORM_MS,
      () => `two groups: ${nodes.map((node) => `${bitsOf(node)}/${serversOf(node)}`)}`,
    )
    const keys = await Promise.all(Array.from({ length: KEYS }, (__, i) => sha256(new TextEncoder().encode(`key ${i}`))))
    const holds = keys.map((key, i) => at(i).peer.rendezvous.hold(key))
    onTestFinished(async () => void (await Promise.all(holds.map((hold) => hold.release()))))
    const parts: number[] = []
    while (parts.length < MAX_ROUNDS && (parts.at(-1) ?? 0) < atLeast) parts.push((await countFound(keys, parts.length)) / (KEYS * READERS))
    const denied = liars.reduce((sum, liar) => sum + liar.denied, 0)
    expect(denied, 'finds of liars').toBeGreaterThan(0)
    expect(parts.at(-1), `of all reads, by rounds: ${parts}`).toBeGreaterThanOrEqual(atLeast)
  },
  300_000,
)
