import { expect, test } from 'vitest'
import { GROUP_DEFAULTS } from '../../node/groups/context.ts'
import { createLinks } from '../../node/groups/links.ts'
import type { Server } from '../../node/groups/place.ts'
import type { Questions } from '../../node/groups/questions.ts'
import { createUpkeep, type Upkeep } from '../../node/groups/upkeep.ts'
import { createVirtualTime } from '../../scripts/simulate/virtual-time.ts'
import { createGroupTestNetwork, type TestServer } from '../helpers/group-network.ts'

const names = (servers: Iterable<TestServer>) => [...servers].map(({ id }) => id.split('-')[0])

test('upkeep: mates find each other by comparing notes with one of them', () => {
  const network = createGroupTestNetwork()
  const mates = Array.from({ length: 6 }, (_, index) => network.add(index.toString(2).padStart(3, '0'), 0))
  const [newcomer, ...others] = mates as [TestServer, ...TestServer[]]
  network.linkAll(others)
  network.link(newcomer, others[0] as TestServer)
  newcomer.group.start()
  network.pass(15_000)
  expect(names(newcomer.dialled).sort()).toEqual(names(others.slice(1)).sort())
})

test('upkeep: a delegate that is missing is asked for at a mate, which lets its own delegate name others', () => {
  const network = createGroupTestNetwork({ mergeFloor: 1 })
  const [home, mate] = [network.add('00', 1), network.add('01', 1)]
  const others = Array.from({ length: 4 }, (_, index) => network.add(`1${index.toString(2).padStart(2, '0')}`, 1))
  network.linkAll(others)
  network.link(home, mate)
  network.link(mate, others[0] as TestServer)
  home.group.start()
  for (let i = 0; i < 30; i++) {
    network.pass(1_000)
    network.answerDials(home)
  }
  expect(home.group.links.group(1)).toHaveLength(2)
})

test('upkeep: links of a group beyond two are closed where both ends have more, never those of mates', () => {
  const network = createGroupTestNetwork({ mergeFloor: 1 })
  const own = Array.from({ length: 4 }, (_, index) => network.add(`0${index.toString(2).padStart(2, '0')}`, 1))
  const others = Array.from({ length: 4 }, (_, index) => network.add(`1${index.toString(2).padStart(2, '0')}`, 1))
  network.linkAll(own)
  network.linkAll(others)
  for (const a of own) for (const b of others) network.link(a, b)
  for (const { group } of [...own, ...others]) group.start()
  network.pass(300_000)
  for (const { group } of [...own, ...others]) {
    expect(group.links.mates()).toHaveLength(3)
    expect(group.links.group(1 - group.links.ownGroup).length).toBeGreaterThanOrEqual(2)
  }
  const links = own.reduce((sum, { group }) => sum + group.links.group(1).length, 0)
  expect(links).toBeLessThan(12)
})

test('upkeep: two servers with many links close the one between them, though it is the oldest of both, and the newer ones are needed', () => {
  const network = createGroupTestNetwork({ mergeFloor: 1 })
  const own = Array.from({ length: 4 }, (_, index) => network.add(`0${index.toString(2).padStart(2, '0')}`, 1))
  const others = Array.from({ length: 4 }, (_, index) => network.add(`1${index.toString(2).padStart(2, '0')}`, 1))
  network.linkAll(own)
  network.linkAll(others)
  const [hubs, rest] = [own.slice(0, 2), own.slice(2)]
  for (const a of hubs) for (const b of others) network.link(a, b)
  for (const a of rest) for (const b of others.slice(0, 2)) network.link(a, b)
  for (const { group } of [...own, ...others]) group.start()
  network.pass(1_200_000)
  expect([...own, ...others].map(({ group }) => group.links.group(1 - group.links.ownGroup).length)).toEqual(Array(8).fill(2))
})

test('upkeep: 24 servers that may have groups of eight split into two, and keep all of their mates', () => {
  const network = createGroupTestNetwork({ splitFloor: 8, mergeFloor: 2 })
  const servers = Array.from({ length: 24 }, (_, index) => network.add(((index * 11) % 32).toString(2).padStart(5, '0'), 0))
  network.linkAll(servers)
  for (const { group } of servers) group.start()
  network.pass(60_000)
  expect(new Set(servers.map(({ group }) => group.links.bits))).toEqual(new Set([1]))
  for (const { group, place } of servers) {
    const mates = servers.filter((other) => other.group !== group && other.place.high >>> 31 === place.high >>> 31)
    expect(group.links.mates()).toHaveLength(mates.length)
    expect(group.links.size).toBeLessThan(23)
  }
})

/** No look is taken for its time. */
const NEVER_MS = 1e9

test('upkeep: servers that come are no longer waited for than a moment: their group is split, and split again, before the next look', () => {
  const network = createGroupTestNetwork({ splitFloor: 8, mergeFloor: 2, lookMs: NEVER_MS, gossipMs: NEVER_MS })
  const servers = Array.from({ length: 64 }, (_, index) => network.add(((index * 11) % 64).toString(2).padStart(6, '0'), 0))
  const bits = () => new Set(servers.map(({ group }) => group.links.bits))
  for (const { group } of servers) group.start()
  network.pass(2_000)
  expect(bits()).toEqual(new Set([0]))
  network.linkAll(servers)
  network.pass(2_000)
  expect(bits()).toEqual(new Set([2]))
})

test('upkeep: servers that are lost for a moment merge no groups: only the look does', () => {
  const floors = { splitFloor: 24, mergeFloor: 12, gossipMs: NEVER_MS }
  for (const [lookMs, merged] of [
    [NEVER_MS, 1],
    [5_000, 0],
  ] as const) {
    const network = createGroupTestNetwork({ ...floors, lookMs })
    const servers = Array.from({ length: 32 }, (_, index) => network.add(((index * 11) % 32).toString(2).padStart(5, '0'), 1))
    network.linkAll(servers)
    for (const { group } of servers) group.start()
    const [first, ...others] = servers as [TestServer, ...TestServer[]]
    for (const other of others.slice(0, 20)) network.unlink(first, other)
    network.pass(7_000)
    expect(first.group.links.bits, `a look every ${lookMs} ms`).toBe(merged)
  }
})

test('upkeep: a server that was lost is dialled again', () => {
  const network = createGroupTestNetwork()
  const [home, lost, other] = [network.add('00', 0), network.add('01', 0), network.add('10', 0)]
  network.linkAll([home, lost, other])
  home.group.start()
  network.unlink(home, lost)
  network.pass(30_000)
  expect(names(home.dialled)).toContain('01')
})

test('upkeep: a server that is gone for good is dialled after waits that double, for an hour', () => {
  const network = createGroupTestNetwork()
  const [home, lost, other] = [network.add('00', 0), network.add('01', 0), network.add('10', 0)]
  network.linkAll([home, lost, other])
  home.group.start()
  network.unlink(home, lost)
  network.unlink(other, lost)
  const atMs: number[] = []
  for (let second = 0; second < 2 * 3_600; second++) {
    network.pass(1_000)
    if (home.dialled.includes(lost)) atMs.push(second * 1_000)
    network.answerDials(home, false)
  }
  expect(atMs.length).toBeGreaterThan(15)
  expect(atMs.length).toBeLessThan(30)
  expect(atMs[1]).toBeLessThan(45_000)
  expect(atMs.at(-1)).toBeLessThan(3_800_000)
})

test('upkeep: a lost server that is of no use is dialled once its group lacks a delegate', () => {
  const network = createGroupTestNetwork({ mergeFloor: 1, splitFloor: 1_000 })
  const [home, lost, ...others] = ['00', '10', '110', '111'].map((place) => network.add(place, 1)) as [TestServer, ...TestServer[]]
  network.linkAll([home, lost as TestServer, ...others])
  home.group.start()
  network.unlink(home, lost as TestServer)
  network.pass(60_000)
  expect(names(home.dialled)).not.toContain('10')
  for (const other of others) network.unlink(home, other)
  network.pass(60_000)
  expect(names(home.dialled)).toContain('10')
})

test('upkeep: a delegate that has lied is not dialled again, though its link has ended', async () => {
  const { timers, pass } = createVirtualTime()
  const [self, liar, other] = ['0', '2', '3'].map((id) => ({ id, place: { high: Number(id) << 30, low: 0 } })) as [Server, Server, Server]
  const links = createLinks<Server>(self, () => ({ bits: 1, size: 1 }))
  links.setBits(1)
  const dialled: string[] = []
  const upkeep: Upkeep<Server> = createUpkeep<Server>(
    {
      ...{ self, timers, random: () => 0.5, publish() {}, reportOf: () => ({ bits: 1, size: 1 }) },
      close(server) {
        links.remove(server)
        upkeep.onLinkEnd(server)
      },
    },
    {
      links,
      questions: { ask() {} } as unknown as Questions<Server>,
      dialer: {
        want({ id }, end) {
          dialled.push(id)
          end?.(false)
        },
        isWanted: () => false,
      },
      ...{ isJoining: () => false, onBits() {}, letGo: () => true },
    },
    GROUP_DEFAULTS,
  )
  links.add(liar)
  links.add(other)
  upkeep.start()
  upkeep.refuse(liar)
  links.remove(other)
  upkeep.onLinkEnd(other)
  await pass(300_000)
  expect(new Set(dialled)).toEqual(new Set(['3']))
  await pass(600_000)
  expect(new Set(dialled), 'it is not forgotten').toEqual(new Set(['3', '2']))
  upkeep.stop()
})

test('joining: eight mates are enough to serve, at most eight are dialled at once, and no delegate is repaired meanwhile', () => {
  const network = createGroupTestNetwork()
  const group = Array.from({ length: 20 }, (_, index) => network.add(`1${index.toString(2).padStart(5, '0')}`, 1))
  const others = Array.from({ length: 4 }, (_, index) => network.add(`0${index.toString(2).padStart(2, '0')}`, 1))
  network.linkAll(group)
  network.linkAll(others)
  for (const server of group) for (const other of others.slice(0, 2)) network.link(server, other)
  const joiner = network.add('111111', 0)
  joiner.group.join(group[0] as TestServer, () => expect.unreachable())
  network.answerDials(joiner)
  joiner.group.start()
  network.deliver()
  for (let i = 0; i < 3 && joiner.dialled.length < 2; i++) {
    network.answerDials(joiner)
    network.deliver()
  }
  expect([joiner.group.isJoining, joiner.isReady, joiner.dialled.length]).toEqual([true, false, 8])
  network.answerDials(joiner)
  network.deliver()
  expect([joiner.isReady, joiner.group.links.bits]).toEqual([true, 1])
  for (let i = 0; i < 10; i++) {
    network.answerDials(joiner)
    network.deliver()
  }
  expect([joiner.group.isJoining, joiner.group.links.mates().length, joiner.group.links.group(0).length]).toEqual([false, 20, 2])
})

test('joining: a server that is linked to its nearest mates already is not in its group before the others are dialled', () => {
  const network = createGroupTestNetwork()
  const group = Array.from({ length: 20 }, (_, index) => network.add(`1${index.toString(2).padStart(5, '0')}`, 1))
  network.linkAll(group)
  const joiner = network.add('111111', 0)
  for (const mate of group.slice(8)) network.link(joiner, mate)
  joiner.group.join(group[0] as TestServer, () => expect.unreachable())
  for (let i = 0; i < 5 && joiner.group.isJoining; i++) {
    network.answerDials(joiner)
    network.deliver()
  }
  expect([joiner.group.isJoining, joiner.group.links.mates().length]).toEqual([false, 20])
})

test.each([
  ['stays its delegate', 1, true],
  ['is left for two others of its group', 6, false],
])('joining: an entrance of another group %s where it has %i links to that of the joiner', (_, linked, stays) => {
  const network = createGroupTestNetwork({ mergeFloor: 1 })
  const own = Array.from({ length: 6 }, (_, index) => network.add(`1${index.toString(2).padStart(3, '0')}`, 1))
  const others = Array.from({ length: 6 }, (_, index) => network.add(`0${index.toString(2).padStart(3, '0')}`, 1))
  const [entrance, ...rest] = others as [TestServer, ...TestServer[]]
  network.linkAll(own)
  network.linkAll(others)
  for (const mate of own) for (const other of rest.slice(0, 2)) network.link(mate, other)
  for (const mate of own.slice(0, linked)) network.link(mate, entrance)
  const joiner = network.add('1111', 0)
  joiner.group.join(entrance, () => expect.unreachable())
  joiner.group.start()
  for (let i = 0; i < 100; i++) {
    network.answerDials(joiner)
    network.pass(1_000)
  }
  expect([joiner.group.isJoining, joiner.group.links.group(0).length]).toEqual([false, 2])
  expect(joiner.group.links.has(entrance)).toBe(stays)
})

test('joining: where servers of a small group are gone, the joiner is in it once their dials have failed', () => {
  const network = createGroupTestNetwork()
  const group = Array.from({ length: 5 }, (_, index) => network.add(index.toString(2).padStart(3, '0'), 0))
  network.linkAll(group)
  const joiner = network.add('111', 0)
  joiner.group.join(group[0] as TestServer, () => expect.unreachable())
  network.answerDials(joiner)
  network.deliver()
  expect([joiner.group.isJoining, joiner.dialled.length]).toEqual([true, 4])
  network.answerDials(joiner, false)
  expect([joiner.group.isJoining, joiner.isReady]).toEqual([false, true])
})

test('joining: of many that join at once through one server all come in, though those nearest to each other know no group yet', () => {
  const network = createGroupTestNetwork()
  const entrance = network.add('1'.repeat(6), 0)
  const joiners = Array.from({ length: 40 }, (_, index) => network.add(index.toString(2).padStart(6, '0'), 0))
  for (const [index, joiner] of joiners.entries()) {
    for (const other of joiners.slice(0, index)) network.link(joiner, other)
    const join = () => joiner.group.join(entrance, () => network.timers.after(300, join))
    join()
    joiner.report = { bits: -1, size: 1 }
  }
  for (let i = 0; i < 20; i++) {
    for (const joiner of joiners) network.answerDials(joiner)
    network.pass(100)
  }
  expect(joiners.filter(({ group }) => group.isJoining)).toEqual([])
})

test('joining: an entrance that cannot be reached is said to the owner', () => {
  const network = createGroupTestNetwork()
  const [joiner, entrance] = [network.add('0', 0), network.add('1', 0)]
  let failed = 0
  joiner.group.join(entrance, () => failed++)
  network.answerDials(joiner, false)
  expect(failed).toBe(1)
})
