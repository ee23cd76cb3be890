import { beforeAll, expect, test, vi } from 'vitest'
import { TIMERS, type Timers } from '../../node/async/timers.ts'
import type { Key } from '../../node/index.ts'
import { encodeKeyHex } from '../../node/keys/index.ts'
import { createLeaving } from '../../node/rendezvous/leaving.ts'
import { createStandingStatements, type Standing, standing } from '../../node/rendezvous/standing-statements.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const keyOf = (byte: number): Key => new Uint8Array(32).fill(byte)

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3].map(createSeededPeer))
})

/** Statements and the peers that keep them: what each was told is in the test's hand. */
function createStanding(targets: SeededPeer[], timers: Timers = TIMERS) {
  const place = { targets, isElsewhere: false }
  const streams = new Map<string, { id: string; told: string[][]; standing: Set<string> }>()
  const wanted: string[] = []
  const onPlaced = vi.fn()
  const open = ({ id }: SeededPeer) => {
    const stream = { id, told: [] as string[][], standing: new Set<string>() }
    streams.set(id, stream)
    return stream
  }
  const statements = createStandingStatements<Standing, ReturnType<typeof open>>({
    placement: {
      targets: () => place.targets.map(({ peer }) => peer),
      createLeaving,
      delegates: () => (place.isElsewhere ? place.targets.map(({ peer }) => peer) : undefined),
    },
    streams: { get: (peer) => streams.get(peer.toString()), keepOpen: (peer) => wanted.push(peer.toString()) },
    tell(stream, all) {
      const keys = all.map(({ key }) => encodeKeyHex(key))
      stream.told.push(keys)
      for (const key of keys) stream.standing.add(key)
    },
    withdraw: (stream, { key }) => stream.standing.delete(encodeKeyHex(key)),
    onPlaced,
    timers,
  })
  const add = async (key: Key) => {
    const statement = standing(key)
    statements.add(statement)
    await waitFor(() => statement.position !== undefined, 1_000, 'the peers are known')
    return statement
  }
  return { statements, place, open, wanted, onPlaced, add }
}

test('standing statements: one is sent to each of its peers, and a stream is wanted where there is none', async () => {
  const [a, b, c] = peers as [SeededPeer, SeededPeer, SeededPeer]
  const { statements, open, wanted, onPlaced, add } = createStanding([a, b])
  const at = open(a)
  open(c)
  const statement = await add(keyOf(1))
  expect(at.told).toEqual([[encodeKeyHex(keyOf(1))]])
  expect(wanted).toEqual([b.id])
  expect([...statement.peers.keys()]).toEqual([a.id, b.id])
  expect([a, b, c].map(({ id }) => statements.needs(id))).toEqual([true, true, false])
  expect(onPlaced.mock.calls).toEqual([[statement, []]])
  expect(statements.streamsOf(statement)).toEqual([at])
})

test('standing statements: a new stream carries all that must stand there, at once', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  const { statements, open, add } = createStanding([a])
  for (const byte of [1, 2, 3]) await add(keyOf(byte))
  const at = open(a)
  statements.onStream(at, a.id)
  expect(at.told).toEqual([[1, 2, 3].map((byte) => encodeKeyHex(keyOf(byte)))])
  const elsewhere = open(b)
  statements.onStream(elsewhere, b.id)
  expect(elsewhere.told).toEqual([])
})

test('standing statements: when the right peers change, new ones get the statement, old ones its withdrawal, and the rest nothing', async () => {
  const [a, b, c] = peers as [SeededPeer, SeededPeer, SeededPeer]
  const { statements, place, open, onPlaced, add } = createStanding([a, b])
  const [atA, atB, atC] = [a, b, c].map(open) as [ReturnType<typeof open>, ReturnType<typeof open>, ReturnType<typeof open>]
  const statement = await add(keyOf(1))
  place.targets = [b, c]
  await statements.refresh()
  expect([atA, atB, atC].map(({ standing }) => standing.size)).toEqual([0, 1, 1])
  expect(atB.told).toHaveLength(1)
  expect(onPlaced).toHaveBeenLastCalledWith(statement, [a.id])
  expect(statements.needs(a.id)).toBe(false)
})

test('standing statements: one that is removed is withdrawn from its peers, and may come again', async () => {
  const [a] = peers as [SeededPeer]
  const { statements, open, add } = createStanding([a])
  const at = open(a)
  const statement = await add(keyOf(1))
  statements.remove(statement)
  statements.remove(statement)
  expect(at.standing.size).toBe(0)
  expect(statements.size).toBe(0)
  expect(statements.get(keyOf(1))).toBeUndefined()
  const again = await add(keyOf(1))
  statements.remove(statement)
  expect(statements.get(keyOf(1))).toBe(again)
})

test('standing statements: one that is removed before its peers are known is sent to nobody', async () => {
  const [a] = peers as [SeededPeer]
  const { statements, open, add } = createStanding([a])
  const at = open(a)
  const early = standing(keyOf(1))
  statements.add(early)
  statements.remove(early)
  await add(keyOf(2))
  expect(at.told).toEqual([[encodeKeyHex(keyOf(2))]])
  expect(early.position).toBeUndefined()
})

test('standing statements: a refresh of very many lets others in between, and skips those removed meanwhile', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  const { statements, place, open, add } = createStanding([a])
  const all = []
  for (let i = 0; i < 1_200; i++) {
    const statement = standing(Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? i >> 8 : i & 255)))
    statements.add(statement)
    all.push(statement)
  }
  await add(keyOf(255))
  place.targets = [b]
  const at = open(b)
  const refreshing = statements.refresh()
  const last = all.at(-1) as Standing
  expect(at.told.length).toBeLessThan(600)
  statements.remove(last)
  await refreshing
  expect(at.told).toHaveLength(1_200)
  expect(at.standing.has(encodeKeyHex(last.key))).toBe(false)
})

test('standing statements: one that goes over to a delegate, or back, stays for a while where it was, and is withdrawn from all at once', async () => {
  const [a, b] = peers as [SeededPeer, SeededPeer]
  const { timers, pass } = createVirtualTime()
  const { statements, place, open, add } = createStanding([a], timers)
  const [atA, atB] = [a, b].map(open) as [ReturnType<typeof open>, ReturnType<typeof open>]
  const statement = await add(keyOf(1))
  Object.assign(place, { targets: [b], isElsewhere: true })
  await statements.refresh()
  expect([atA, atB].map(({ standing }) => standing.size)).toEqual([1, 1])
  expect(statements.streamsOf(statement)).toEqual([atB])
  expect(statements.streamsOfAll(statement)).toEqual([atB, atA])
  await pass(15_000)
  expect([atA, atB].map(({ standing }) => standing.size)).toEqual([0, 1])

  Object.assign(place, { targets: [a], isElsewhere: false })
  await statements.refresh()
  Object.assign(place, { targets: [b], isElsewhere: true })
  await statements.refresh()
  await pass(15_000)
  expect([atA, atB].map(({ standing }) => standing.size)).toEqual([0, 1])

  Object.assign(place, { targets: [a], isElsewhere: false })
  await statements.refresh()
  statements.remove(statement)
  expect([atA, atB].map(({ standing }) => standing.size)).toEqual([0, 0])
})
