/**
 * A quarter of the servers of two groups lie: they deny, keep silent, or name only each other. Readers find all holders the same, once homes have
 * looked whether their leases stand. The peers and keys are the same each time: chance would give some keys three liars for record nodes.
 */

import { privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../node/keys/index.ts'
import { type Denier, type DenierOptions, startDenier } from '../helpers/denier.ts'
import { startNode, type TestNode, untilJoined } from '../helpers/network.ts'
import { createSeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** Twenty-four servers are two groups of twelve, far from four of six and from one. */
const GROUPS = { splitFloor: 16, mergeFloor: 2, lookMs: 500, gossipMs: 1_000, joiningMs: 3_000 }
const HONEST = 18
const LIARS = 6
/** By these seeds both groups have nine honest servers and three liars. */
const FIRST_SEED = 25
const KEYS = 40
const READERS = 3
/** On a machine that is busy with other tests. */
const FORM_MS = 120_000
const FIND_MS = 20_000
/** All keys are read so many times, until enough are found. */
const MAX_ROUNDS = 8

type Lie = 'deny' | 'silent' | 'hide'

async function startHonest(seed: number, join: string[]): Promise<TestNode> {
  const { privateKey } = await createSeededPeer(seed)
  const node = await startNode({ groups: GROUPS, join, privateKey: privateKeyToProtobuf(privateKey) })
  onTestFinished(() => node.stop())
  await untilJoined(node.peer)
  return node
}

async function startLiars(lie: Lie, join: string[]): Promise<Denier[]> {
  const liars: Denier[] = []
  const options: DenierOptions = {
    group: { bits: 1, size: (HONEST + LIARS) / 2 },
    isSilent: lie === 'silent',
    ...(lie === 'hide' && { names: liars }),
  }
  for (let i = 0; i < LIARS; i++) {
    const { privateKey } = await createSeededPeer(FIRST_SEED + HONEST + i)
    const liar = await startDenier(privateKey, join, options)
    onTestFinished(() => liar.stop())
    liars.push(liar)
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

test.each<[what: string, Lie, atLeast: number]>([
  ['deny what others hold', 'deny', 0.995],
  ['never answer a find', 'silent', 0.995],
  ['deny, and name only each other', 'hide', 0.99],
])(
  'group liars: six of twenty-four that %s make hardly a page vanish',
  async (_, lie, atLeast) => {
    const first = await startHonest(FIRST_SEED, [])
    const others = await Promise.all(Array.from({ length: HONEST - 1 }, (__, i) => startHonest(FIRST_SEED + 1 + i, [first.address])))
    const nodes = [first, ...others]
    const at = (index: number) => nodes[index % HONEST] as TestNode
    const addresses = nodes.map(({ address }) => address)
    const liars = await startLiars(lie, addresses)
    await waitFor(
      () => nodes.every(({ peer }) => peer.status().counts.groupBits === 1) && liars.every(({ connections }) => connections > 0),
      FORM_MS,
      () => `two groups: ${nodes.map(({ peer }) => `${peer.status().counts.groupBits}/${peer.status().counts.servers}`)}`,
    )
    const keys = await Promise.all(Array.from({ length: KEYS }, (__, i) => sha256(new TextEncoder().encode(`key ${i}`))))
    for (const [i, key] of keys.entries()) at(i).peer.rendezvous.hold(key)
    const parts: number[] = []
    while (parts.length < MAX_ROUNDS && (parts.at(-1) ?? 0) < atLeast) {
      let found = 0
      for (const [i, key] of keys.entries()) {
        const readers = Array.from({ length: READERS }, (__, turn) => at(i + 1 + turn * 5 + parts.length))
        for (const isFound of await Promise.all(readers.map((reader) => isFoundBy(reader, key)))) if (isFound) found++
      }
      parts.push(found / (KEYS * READERS))
    }
    const denied = liars.reduce((sum, liar) => sum + liar.denied, 0)
    expect(denied, 'finds of liars').toBeGreaterThan(0)
    expect(parts.at(-1), `of all reads, by rounds: ${parts}`).toBeGreaterThanOrEqual(atLeast)
  },
  300_000,
)
