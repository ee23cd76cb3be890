import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { groupOf, placeOf } from '../../node/groups/place.ts'
import { sha256 } from '../../node/keys/index.ts'
import type { GroupPeer } from '../../node/network/group-streams.ts'
import { decodeGroupFrame, encodeGroupFrame, GROUPS_PROTOCOL, type GroupFrame } from '../../node/network/group-wire.ts'
import { createServerGroups, type ServerGroupsOptions } from '../../node/network/server-groups.ts'
import type { ServerRecord } from '../../node/network/server-record.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'
import { addressOfKind } from '../helpers/connection-address.ts'
import { createRawStream } from '../helpers/raw-stream.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { waitFor } from '../helpers/wait-for.ts'

const CODEC = { encode: encodeGroupFrame, decode: decodeGroupFrame }

let peers: SeededPeer[]
let positions: Uint8Array[]
beforeAll(async () => {
  peers = await Promise.all(Array.from({ length: 5 }, (_, i) => createSeededPeer(i + 1)))
  positions = await Promise.all(peers.map(({ multihash }) => sha256(multihash)))
})
const at = (index: number) => peers[index] as SeededPeer
const recordNamed = (id: string) => ({ peer: peers.find((peer) => peer.id === id)?.peer, bytes: recordOf(id) }) as ServerRecord
const recordOf = (id: string) => Uint8Array.of(peers.findIndex((peer) => peer.id === id))

type OnStream = (stream: Stream, connection: Connection) => void

/** Servers over streams in memory: each knows those that the test says, by their numbers. */
function createCompared(known: number[][], options: ServerGroupsOptions = {}) {
  const time = createVirtualTime()
  const handlers = new Map<string, OnStream>()
  const told: { by: string; to: number; server: number }[] = []
  const wanted: GroupPeer[] = []
  const listeners: (() => void)[] = []
  const forgotten = new Set<number>()
  const notes = known.map((others, self) =>
    createServerGroups(
      {
        libp2p: {
          peerId: at(self).peer,
          getConnections: (peer?: PeerId) => [
            {
              remotePeer: peer as PeerId,
              remoteAddr: addressOfKind('socket'),
              status: 'open',
              async newStream() {
                const onStream = handlers.get(String(peer))
                if (onStream === undefined) throw new Error('an older node')
                const [outbound, inbound] = await streamPair({ delay: 0 })
                onStream(inbound, { remotePeer: at(self).peer } as Connection)
                return outbound
              },
            } as unknown as Connection,
          ],
          dial: async () => {
            throw new Error('not dialled here')
          },
          handle: async (protocol: string | string[], onStream: unknown) => {
            expect(protocol).toBe(GROUPS_PROTOCOL)
            handlers.set(at(self).id, onStream as OnStream)
          },
          unhandle: async () => void handlers.delete(at(self).id),
        } as unknown as Parameters<typeof createServerGroups>[0]['libp2p'],
        servers: {
          placed: () => others.map((other) => ({ name: at(other).peer, position: positions[other] as Uint8Array })),
          onChange(listener: () => void) {
            listeners[self] = listener
            return () => {}
          },
        },
        knownRecord: (id) => (forgotten.has(peers.findIndex((peer) => peer.id === id)) ? undefined : recordNamed(id)),
        recordOf: (id) => ([self, ...others].some((known) => at(known).id === id) ? recordOf(id) : undefined),
        openRecord: async (bytes) => ({ peer: at(bytes[0] as number).peer, bytes }) as ServerRecord,
        dials: {
          want(server) {
            const { id, source = '' } = server
            wanted.push(server)
            told.push({ by: source, to: self, server: peers.findIndex((peer) => peer.id === id) })
          },
          isWanted: (id) => told.some(({ to, server }) => to === self && at(server).id === id),
          wanted: () => [],
        },
        onBits() {},
        random: () => 0,
      },
      { gossipMs: 1_000, ...options },
      time.timers,
    ),
  )
  onTestFinished(async () => void (await Promise.all(notes.map((each) => each.stop()))))
  return {
    ...{ notes, told, wanted, handlers, pass: time.pass },
    /** A server is connected from now on. */
    connect(self: number, other: number) {
      known[self]?.push(other)
      listeners[self]?.()
    },
    /** A server is no longer connected to another one, and forgets where it was, in the end. */
    lose(self: number, other: number) {
      known[self]?.splice(known[self].indexOf(other), 1)
      listeners[self]?.()
      forgotten.add(other)
    },
  }
}

test('server groups: a server is told by another of those that it lacks, and of nobody where both know the same', async () => {
  const { notes, told, pass } = createCompared([[1], [0, 2, 3], [1], [1]])
  await notes[1]?.start()
  await notes[0]?.start()
  await pass(500)
  await waitFor(() => told.length > 0, 1_000, 'the records')
  expect(told.filter(({ to }) => to === 0)).toEqual([2, 3].map((server) => ({ by: at(1).id, to: 0, server })))
})

test('server groups: nothing is fetched where both know the same', async () => {
  const { notes, told, handlers, pass } = createCompared([
    [1, 2],
    [0, 2],
  ])
  await Promise.all(notes.map((each) => each.start()))
  const raw = await openRaw(handlers, 0, 1)
  await pass(500)
  raw.send({ type: 'compare', turn: 1, bits: 0, count: 0, mix: 0 })
  expect(((await raw.next('roster')) as GroupFrame & { type: 'roster' }).ids).toHaveLength(3)
  expect(told).toEqual([])
  raw.frames.close()
})

type RawGroups = ReturnType<typeof createRawStream<GroupFrame>>
type Handlers = Map<string, OnStream>

/** A stream from one to another, in the test's hand. */
async function openRaw(handlers: Handlers, from: number, to: number): Promise<RawGroups> {
  const [outbound, inbound] = await streamPair({ delay: 0 })
  handlers.get(at(to).id)?.(inbound, { remotePeer: at(from).peer } as Connection)
  return createRawStream(outbound, CODEC)
}

test('server groups: frames that are none end the stream', async () => {
  const { notes, handlers } = createCompared([[1], [0]])
  await Promise.all(notes.map((each) => each.start()))
  for (const sendBad of [
    (raw: RawGroups) => void raw.frames.send([99, 1]),
    (raw: RawGroups) => void raw.send({ type: 'fetch', turn: 1, ids: [Uint8Array.of(1)] }),
  ]) {
    const raw = await openRaw(handlers, 0, 1)
    sendBad(raw)
    await waitFor(() => !raw.frames.open, 1_000, 'the end')
  }
})

/** Asks one question on each of so many streams, one after the other. Resolves with how many were answered. */
async function askOnStreams(handlers: Handlers, count: number, question: GroupFrame, from = 0): Promise<number> {
  let answered = 0
  for (let asked = 0; asked < count; asked++) {
    const raw = await openRaw(handlers, from, 1)
    raw.send(question)
    await waitFor(() => raw.received.length > 0 || !raw.frames.open, 1_000, 'an answer, or the end')
    answered += raw.received.length
    raw.frames.close()
  }
  return answered
}

test('server groups: questions without end are answered no longer, on one stream and on ever new ones, until time has passed', async () => {
  const { notes, handlers, pass } = createCompared([[1], [0]], { burst: 4, perSecond: 1 })
  await notes[1]?.start()
  const raw = await openRaw(handlers, 0, 1)
  for (let turn = 1; turn <= 5; turn++) raw.send({ type: 'compare', turn, bits: 0, count: 0, mix: 0 })
  await waitFor(() => !raw.frames.open, 1_000, 'the end')
  const question: GroupFrame = { type: 'compare', turn: 1, bits: 0, count: 0, mix: 0 }
  expect(await askOnStreams(handlers, 4, question)).toBe(0)
  await pass(2_000)
  expect(await askOnStreams(handlers, 4, question)).toBe(2)
})

test('server groups: one that is not known as a server is told whom to dial, fewer times than a server', async () => {
  const limits = { burst: 12, perSecond: 1, strangerCost: 4 }
  const { notes, handlers } = createCompared([[1], [0]], { splitFloor: 8, ...limits })
  await notes[1]?.start()
  const question: GroupFrame = { type: 'mates', turn: 1, place: placeOf(positions[2] as Uint8Array) }
  expect([await askOnStreams(handlers, 20, question, 2), await askOnStreams(handlers, 20, question, 0)]).toEqual([3, 12])
})

test('server groups: servers that nobody has asked for are left unread', async () => {
  const { notes, told, handlers, pass } = createCompared([[1], [0]])
  await notes[0]?.start()
  const opened = Promise.withResolvers<ReturnType<typeof createRawStream<GroupFrame>>>()
  handlers.set(at(1).id, (stream) => opened.resolve(createRawStream(stream, CODEC)))
  await pass(500)
  const liar = await opened.promise
  const { turn } = await liar.next('compare')
  for (const each of [turn, turn + 1, turn + 9]) liar.send({ type: 'servers', turn: each, records: [Uint8Array.of(3)] })
  liar.send({ type: 'roster', turn, ids: [at(2).multihash] })
  liar.send({ type: 'roster', turn: turn + 1, ids: [at(2).multihash] })
  liar.frames.close()
  await waitFor(() => !liar.frames.open, 1_000, 'the end')
  expect([told, liar.received.map(({ type }) => type)]).toEqual([[], ['compare']])
})

test('server groups: an older node is asked in vain, and the next comparison is made all the same', async () => {
  const { notes, told, handlers, pass } = createCompared([[1], [0, 2]])
  await notes[0]?.start()
  await pass(1_000)
  await notes[1]?.start()
  expect(handlers.size).toBe(2)
  await pass(1_000)
  await waitFor(() => told.some(({ to }) => to === 0), 1_000, 'the records')
})

test('server groups: with bits, all of the own group are wanted, and two of each other; a key is asked for where its group is', async () => {
  const { notes, pass } = createCompared([[1, 2, 3, 4]], { joiningMs: 60_000, splitFloor: 48, mergeFloor: 0 })
  const groups = notes[0] as (typeof notes)[number]
  await groups.start()
  const groupOfPeer = (index: number) => groupOf(placeOf(positions[index] as Uint8Array), 1)
  const others = [1, 2, 3, 4].filter((index) => groupOfPeer(index) !== groupOfPeer(0))
  const mates = [1, 2, 3, 4].filter((index) => groupOfPeer(index) === groupOfPeer(0))
  expect([mates.length > 0, others.length > 0]).toEqual([true, true]) // by the seeds of the peers
  expect(others.map((index) => groups.wants(at(index).peer))).toEqual(others.map(() => true))
  const there = positions[others[0] as number] as Uint8Array
  const here = positions[0] as Uint8Array
  const toldBy = (server: number, bits: number | undefined, home = server, position = here) => ({
    ...{ peer: at(server).id, home: at(home).id, bits, position },
  })
  expect([groups.coversHere(there), groups.mustCarry(toldBy(1, 0)), groups.mayCarry(toldBy(1, 0))]).toEqual([true, false, undefined])
  expect(groups.mayCarry(toldBy(1, undefined))).toBe(false)

  for (const index of [1, 2, 3, 4]) groups.onReport(at(index).peer, { bits: 1, size: 2 })
  expect(groups.bits).toBe(1)
  expect([groups.isJoining, groups.saidBits(), groups.coversHere(here), groups.coversHere(there)]).toEqual([true, 12, false, false])
  expect(new Set(groups.delegatesAt(there).map(String))).toEqual(new Set(others.slice(0, 2).map((index) => at(index).id)))
  expect(mates.map((index) => groups.wants(at(index).peer))).toEqual(mates.map(() => true))
  expect(groups.wants(at(others[0] as number).peer), 'its entrance is asked for them first').toBe(false)
  // A server of the other group does not know the record nodes here, a mate does.
  const [other, mate] = [others[0] as number, mates[0] as number]
  expect([groups.mustCarry(toldBy(other, 1)), groups.mustCarry(toldBy(mate, 1)), groups.mustCarry(toldBy(other, 0))]).toEqual([
    true,
    false,
    false,
  ])
  // A mate may carry for a home of the other group, and nobody for a home that tells the record nodes itself.
  expect([groups.mayCarry(toldBy(mate, 1, other)), groups.mayCarry(toldBy(other, 1, mate))]).toEqual([true, undefined])
  await pass(4_000)
  expect(groups.wants(at(other).peer), 'it has named none').toBe(others.length < 2)
  await pass(60_000)
  expect([groups.isJoining, groups.saidBits(), groups.coversHere(here), groups.coversHere(there)]).toEqual([false, 1, true, false])
})

test('server groups: heartbeats may be rare but for the eight nearest mates; not while it joins, nor in a mesh', async () => {
  const { notes, pass } = createCompared([[1, 2, 3, 4]], { joiningMs: 2_000, splitFloor: 48, mergeFloor: 0 })
  const groups = notes[0] as (typeof notes)[number]
  await groups.start()
  const far = () => [1, 2, 3, 4].filter((index) => groups.isFar(at(index).id))
  expect(far()).toEqual([])
  for (const index of [1, 2, 3, 4]) groups.onReport(at(index).peer, { bits: 1, size: 60 })
  expect([groups.bits, far()]).toEqual([1, []])
  await pass(3_000)
  const isMate = (index: number) => groupOf(placeOf(positions[index] as Uint8Array), 1) === groupOf(placeOf(positions[0] as Uint8Array), 1)
  expect([groups.isJoining, far()]).toEqual([false, [1, 2, 3, 4].filter((index) => !isMate(index))])
})

test('server groups: others hear of another size of the group soon, of other bits at once, and of nothing while all stays as it is', async () => {
  const isMate = (index: number) => groupOf(placeOf(positions[index] as Uint8Array), 1) === groupOf(placeOf(positions[0] as Uint8Array), 1)
  const mate = [1, 2, 3, 4].find(isMate) as number
  const others = [1, 2, 3, 4].filter((index) => index !== mate)
  const { notes, connect, pass } = createCompared([others], { joiningMs: 1_000, splitFloor: 48, mergeFloor: 0, lookMs: 1_000 })
  const groups = notes[0] as (typeof notes)[number]
  let news = 0
  groups.onOwnNews(() => news++)
  await groups.start()
  for (const index of others) groups.onReport(at(index).peer, { bits: 1, size: 60 })
  await pass(3_000)
  expect(groups.report()?.bits).toBe(1)
  const before = news
  await pass(60_000)
  expect(news).toBe(before)
  const size = groups.report()?.size ?? 0
  connect(0, mate)
  await pass(5_000)
  expect([groups.report()?.size, news]).toEqual([size + 1, before + 1])
})

test('server groups: one that joins goes by the middle of what it hears, whoever lies, and whoever is heard first', async () => {
  const { notes } = createCompared([[1, 2, 3, 4]], { joiningMs: 60_000, splitFloor: 48 })
  const groups = notes[0] as (typeof notes)[number]
  await groups.start()
  const heard = [12, 1, 1, 0].map((bits, index) => {
    groups.onReport(at(index + 1).peer, { bits, size: 40 })
    return groups.bits
  })
  expect(heard).toEqual([12, 1, 1, 1])
})

test('server groups: what a server that says no bits carries for another home is told on by nobody: three have carried a lease in a ring', async () => {
  const { notes } = createCompared([[1, 2, 3, 4]], { joiningMs: 60_000, splitFloor: 48 })
  const groups = notes[0] as (typeof notes)[number]
  await groups.start()
  groups.onReport(at(1).peer, { bits: 1, size: 2 })
  const position = positions[0] as Uint8Array
  const told = { peer: at(2).id, bits: undefined, position }
  expect([groups.mustCarry({ ...told, home: at(2).id }), groups.mustCarry({ ...told, home: at(3).id })]).toEqual([true, false])
})

test('server groups: a server that says nothing of its group keeps no records of it, since it takes no lease that is carried', async () => {
  const { notes } = createCompared([[1, 2, 3, 4]], { joiningMs: 60_000, splitFloor: 48 })
  const groups = notes[0] as (typeof notes)[number]
  await groups.start()
  const position = positions[1] as Uint8Array
  for (const index of [2, 3, 4]) groups.onReport(at(index).peer, { bits: 0, size: 5 })
  expect(groups.recordNodes(position, 5).nodes.map(String).sort()).toEqual([2, 3, 4].map((index) => at(index).id).sort())
})

test('server groups: a node that forms no groups takes no number of bits from others, and says none', async () => {
  const { notes } = createCompared([[1, 2]], { joiningMs: 60_000, splitFloor: Number.MAX_SAFE_INTEGER })
  const groups = notes[0] as (typeof notes)[number]
  await groups.start()
  groups.onReport(at(1).peer, { bits: 3, size: 9 })
  expect([groups.bits, groups.report(), groups.saidBits()]).toEqual([0, undefined, undefined])
})

test('server groups: one that joins, with no way into the group of a key yet, asks through whoever is in a group; later, through nobody', async () => {
  const bitOf = (index: number) => groupOf(placeOf(positions[index] as Uint8Array), 1)
  const entrance = [1, 2, 3, 4].find((index) => bitOf(index) === bitOf(0)) as number
  const other = [1, 2, 3, 4].find((index) => bitOf(index) !== bitOf(0)) as number
  const { notes, pass } = createCompared([[entrance]], { joiningMs: 2_000, splitFloor: 48, mergeFloor: 0 })
  const groups = notes[0] as (typeof notes)[number]
  await groups.start()
  groups.onReport(at(entrance).peer, { bits: 1, size: 60 })
  const there = positions[other] as Uint8Array
  expect([groups.coversHere(there), groups.delegatesAt(there).map(String)]).toEqual([false, [at(entrance).id]])
  const alone = createCompared([[other]], { joiningMs: 2_000, splitFloor: 48, mergeFloor: 0 }).notes[0] as (typeof notes)[number]
  await alone.start()
  alone.onReport(at(other).peer, { bits: 1, size: 60 })
  const here = positions[0] as Uint8Array
  expect([alone.coversHere(here), alone.delegatesAt(here).map(String)], 'of its own group, of which it knows nobody').toEqual([
    false,
    [at(other).id],
  ])
  await pass(2_500)
  expect([groups.bits, groups.delegatesAt(there)]).toEqual([1, []])
})

test('server groups: a server that was lost is dialled again where it was, though all else has given it up: a partition may last', async () => {
  const { notes, wanted, lose, pass } = createCompared([[1, 2], [], []], { splitFloor: 48 })
  await notes[0]?.start()
  lose(0, 2)
  await pass(2_000)
  await waitFor(() => wanted.length > 0, 1_000, 'the dial')
  expect(wanted.map(({ id, record }) => [id, record?.bytes])).toEqual([[at(2).id, recordOf(at(2).id)]])
})

test('server groups: a search does not wait without end for a record node that is not reached', async () => {
  const { notes, told, pass } = createCompared([[1], [0, 2]])
  await Promise.all(notes.map((each) => each.start()))
  let reached: PeerId[] | undefined
  void notes[0]?.reach(positions[2] as Uint8Array).then((peers) => {
    reached = peers
  })
  await waitFor(() => told.some(({ to, server }) => to === 0 && server === 2), 1_000, 'the dial')
  expect(reached).toBeUndefined()
  await pass(4_000)
  expect(reached?.map(String)).toEqual([at(1).id])
})

test('server groups: one that has come waits a second at most for the word of its entrance; with it, or alone, it waits for nothing', async () => {
  const { notes, pass } = createCompared([[1], [0], []], { splitFloor: 48 })
  const [first, second, alone] = notes as [(typeof notes)[number], (typeof notes)[number], (typeof notes)[number]]
  await alone.start()
  expect([first.arrival(), alone.arrival()]).toEqual([undefined, undefined])
  await Promise.all([first.start(), second.start()])
  const waiting = [first.arrival()?.word, second.arrival()?.word]
  expect(waiting.map((each) => each instanceof Promise)).toEqual([true, true])
  first.onReport(at(1).peer, { bits: 1, size: 60 })
  await waiting[0]
  expect([first.arrival()?.word, second.arrival()?.word instanceof Promise]).toEqual([undefined, true])
  await pass(1_000)
  await waiting[1]
  expect(second.arrival()?.word).toBeUndefined()
})

test('server groups: one that joins is not sure that nobody is there, some seconds at most; one among older servers, which say no word, is', async () => {
  const { notes, pass } = createCompared([[1], [], [3]], { splitFloor: 48, joiningMs: 60_000 })
  const [joiner, , amongOlder] = notes as [(typeof notes)[number], unknown, (typeof notes)[number]]
  await Promise.all([joiner.start(), amongOlder.start()])
  for (const each of [joiner, amongOlder]) each.onGreeting()
  joiner.onReport(at(1).peer, { bits: 1, size: 60 })
  const entry = joiner.arrival()?.entry()
  expect([entry instanceof Promise, amongOlder.arrival()?.entry()]).toEqual([true, undefined])
  await pass(1_000)
  expect([joiner.arrival()?.entry() === entry, amongOlder.arrival()]).toEqual([true, undefined])
  await pass(4_000)
  await entry
  expect([joiner.isJoining, joiner.arrival()]).toEqual([true, undefined])
})

test('server groups: a server that another one has named a moment ago is named on with its addresses, which no book has', async () => {
  const isHigh = (index: number) => groupOf(placeOf(positions[index] as Uint8Array), 1) === 1
  const all = [0, 1, 2, 3, 4]
  const group = all.filter(isHigh).length > 2
  const [delegate, asker, named] = all.filter((index) => isHigh(index) === group) as [number, number, number]
  const helper = all.find((index) => isHigh(index) !== group) as number // by the seeds of the peers
  const known = all.map((index) => (index === helper ? [delegate, asker] : index === delegate ? [helper, named] : []))
  const { notes, handlers } = createCompared(known, { splitFloor: 48 })
  await Promise.all(notes.map((each) => each.start()))
  const [outbound, inbound] = await streamPair({ delay: 0 })
  handlers.get(at(helper).id)?.(inbound, { remotePeer: at(asker).peer } as Connection)
  const raw = createRawStream(outbound, CODEC)
  raw.send({ type: 'suggest', turn: 1, bits: 1, group: Number(group), isPassedOn: false })
  const { records } = (await raw.next('servers')) as GroupFrame & { type: 'servers' }
  expect(records.map(([index]) => index)).toContain(named)
  raw.frames.close()
})
