/** Leases and watches over a carrier: the pitfalls that the simulation of GROWTH met, each with the servers that meet it. */

import { expect, test } from 'vitest'
import type { GroupOptions } from '../../node/groups/context.ts'
import { createGroupTestNetwork, type TestServer } from '../helpers/group-network.ts'

const RECEIPT_MS = 1_000
const target = (first: string) => ({ high: Number.parseInt(first.padEnd(32, '0'), 2), low: 5 })
const keepers = (servers: readonly TestServer[], key = 'key') => servers.filter(({ group }) => group.records.leases(key).length > 0)

/** A home in group 0 with two delegates in group 1, which has so many servers. */
function createTwoGroups(count = 6, options: GroupOptions = {}) {
  const network = createGroupTestNetwork(options)
  const home = network.add('0', 1)
  const others = Array.from({ length: count }, (_, index) =>
    network.add(`1${(index % 2).toString()}${(index >> 1).toString(2).padStart(4, '0')}`, 1),
  )
  network.linkAll(others)
  const [first, second] = others as [TestServer, TestServer]
  network.link(home, first)
  network.link(home, second)
  return { network, home, others, first, second, place: target('100000') }
}

test('carrying: a lease stands at three record nodes, by the delegate that is nearest to the key', () => {
  const { network, home, others, first, place } = createTwoGroups()
  let placed = 0
  home.group.hold(network.lease(home, place), () => placed++)
  network.deliver()
  expect([home.group.statements.carrierOf('lease'), placed, keepers(others).length]).toEqual([first, 1, 3])
  home.group.release('lease')
  network.deliver()
  expect(keepers(others)).toEqual([])
})

test('carrying: a delegate that brings no receipt in time is gone round, and since it may carry all the same, a release reaches it', () => {
  const { network, home, others, first, second, place } = createTwoGroups()
  network.lose(({ from, message }) => from === first && message.type === 'carried')
  home.group.hold(network.lease(home, place))
  network.pass(RECEIPT_MS + 200)
  expect([home.group.statements.carrierOf('lease'), first.group.carrier.size]).toEqual([second, 1])
  home.group.release('lease')
  network.deliver()
  expect([keepers(others), first.group.carrier.size, second.group.carrier.size]).toEqual([[], 0, 0])
})

test('carrying: a receipt that comes when another carries already lets its bringer go', () => {
  const { network, home, others, first, second, place } = createTwoGroups()
  const late: (() => void)[] = []
  network.lose(({ from, message }) => {
    if (from !== first || message.type !== 'carried') return false
    late.push(() => home.group.onMessage(first, message))
    return true
  })
  home.group.hold(network.lease(home, place))
  network.pass(RECEIPT_MS + 200)
  for (const arrive of late) arrive()
  network.deliver()
  expect([home.group.statements.carrierOf('lease'), first.group.carrier.size, keepers(others).length]).toEqual([second, 0, 3])
})

test('carrying: a lease whose carrier is gone comes to another before its record nodes have forgotten it', () => {
  const { network, home, others, first, second, place } = createTwoGroups()
  home.group.hold(network.lease(home, place))
  network.deliver()
  network.unlink(home, first)
  for (let passed = 0; passed < 20_000; passed += 500) {
    network.pass(500)
    expect(keepers(others).length).toBeGreaterThan(0)
  }
  expect(home.group.statements.carrierOf('lease')).toBe(second)
})

test('carrying: record nodes wait for another carrier when one is gone, and shortly only when that was the home itself', () => {
  const network = createGroupTestNetwork({ carrierGraceMs: 15_000, homeGraceMs: 3_000 })
  const [home, carrier, node] = [network.add('0', 0), network.add('1', 0), network.add('11', 0)]
  network.linkAll([home, carrier, node])
  node.group.records.keep(network.lease(home, target('11'), 'carried', 'carried'), carrier)
  node.group.records.keep(network.lease(home, target('11'), 'own', 'own'), home)
  network.unlink(node, carrier)
  network.unlink(node, home)
  const kept = () => ['carried', 'own'].filter((key) => node.group.records.leases(key).length > 0)
  network.pass(2_900)
  expect(kept()).toEqual(['carried', 'own'])
  network.pass(1_000)
  expect(kept()).toEqual(['carried'])
  network.pass(12_000)
  expect(kept()).toEqual([])
})

test('carrying: a carrier whose group splits keeps what it does no longer cover until the home has another', () => {
  const { network, home, others, second, place } = createTwoGroups(28, { splitFloor: 4 })
  const [first] = others as [TestServer]
  network.unlink(home, first)
  home.report = { bits: 1, size: 14 }
  home.group.hold(network.lease(home, place))
  network.deliver()
  expect(home.group.statements.carrierOf('lease')).toBe(second)
  // Only this carrier looks at its bits. Its home's two delegates cover the key no longer, then one does again.
  second.group.start()
  network.pass(8_000)
  expect([second.group.links.bits, keepers(others).length]).toEqual([2, 3])
  network.link(home, first)
  network.pass(3_000)
  expect([home.group.statements.carrierOf('lease'), second.group.carrier.size]).toEqual([first, 0])
  expect(keepers(others)).toHaveLength(3)
})

test('carrying: a delegate whose group splits before its receipt has come is not taken for the carrier: it has said that it is none', () => {
  const { network, home, others, first, second } = createTwoGroups()
  const place = target('110000')
  network.unlink(home, second)
  let isSplit = false
  network.change(({ to, message }) => {
    if (message.type === 'kept' && to === first && !isSplit) {
      isSplit = true
      network.link(home, second)
      first.group.begin(2)
      first.group.carrier.onBits()
    }
    return message
  })
  home.group.hold(network.lease(home, place))
  network.deliver()
  network.pass(RECEIPT_MS + 200)
  expect([isSplit, first.group.links.coversHere(place)]).toEqual([true, false])
  expect(home.group.statements.carrierOf('lease')).toBe(second)
  expect(keepers(others).length).toBeGreaterThanOrEqual(3)
})

test('carrying: what stands at a surplus link is moved to another before the link is closed', () => {
  const { network, home, others, first, place } = createTwoGroups()
  const [, , third, fourth] = others as [TestServer, TestServer, TestServer, TestServer]
  home.group.hold(network.lease(home, place))
  network.deliver()
  expect(home.group.statements.moveFrom(first)).toBe(false)
  network.deliver()
  expect(home.group.statements.carrierOf('lease')).not.toBe(first)
  expect([home.group.statements.moveFrom(first), first.group.carrier.size, keepers(others).length]).toEqual([true, 0, 3])
  // Where nobody else covers the key, it stays.
  for (const server of others) if (server !== first) network.unlink(home, server)
  network.deliver()
  expect(home.group.statements.carrierOf('lease')).toBe(first)
  home.group.statements.moveFrom(first)
  expect(home.group.statements.carrierOf('lease')).toBe(first)
  expect([third, fourth].every(({ group }) => group.carrier.size === 0)).toBe(true)
})

test('carrying: a receipt that no record node has made does not count', () => {
  const { network, home, first, place } = createTwoGroups()
  network.lose(({ message }) => message.type === 'carry')
  home.group.hold(network.lease(home, place))
  network.deliver()
  home.group.onMessage(first, { type: 'carried', id: 'lease', receipt: 'for another' })
  expect(home.group.statements.carrierOf('lease')).toBeUndefined()
  home.group.onMessage(first, { type: 'carried', id: 'lease', receipt: 'for lease' })
  expect(home.group.statements.carrierOf('lease')).toBe(first)
})

test('carrying: a release that the carrier does not confirm is sent by another, and a slow one brings nothing back', () => {
  const { network, home, others, first, place } = createTwoGroups()
  home.group.hold(network.lease(home, place))
  network.deliver()
  network.lose(({ to, message }) => to === first && message.type === 'release')
  home.group.release('lease')
  network.pass(1_000)
  expect(keepers(others)).toEqual([])
  expect(others.map(({ group }) => group.records.keep(network.lease(home, place), first)).filter(Boolean).length).toBeLessThan(4)
})

test('carrying: watchers hear the count of their key by their carrier when they begin and at each change', () => {
  const { network, home, others, place } = createTwoGroups()
  const watcher = network.add('01', 1)
  network.link(watcher, home)
  network.link(watcher, others[3] as TestServer)
  watcher.group.hold(network.watch(watcher, place))
  network.deliver()
  expect(new Set(watcher.counts)).toEqual(new Set([0]))
  home.group.hold(network.lease(home, place))
  network.deliver()
  expect(watcher.counts.at(-1)).toBe(1)
  home.group.release('lease')
  network.deliver()
  expect(watcher.counts.at(-1)).toBe(0)
})

test('carrying: only a home can have its leases carried, and let go', () => {
  const { network, home, first, second, place } = createTwoGroups()
  first.group.onMessage(second, { type: 'carry', statement: network.lease(home, place), copies: 3 })
  expect(first.group.carrier.size).toBe(0)
  home.group.hold(network.lease(home, place))
  network.deliver()
  first.group.onMessage(second, { type: 'let-go', id: 'lease' })
  expect(first.group.carrier.size).toBe(1)
})

test('carrying: where few record nodes own up, more of them are told', () => {
  const { network, home, others, place } = createTwoGroups(12)
  const [nearest, ...rest] = [...others].sort((a, b) => (a.place.high ^ place.high) - (b.place.high ^ place.high))
  const liars = [nearest, ...rest.slice(0, 2)] as TestServer[]
  network.lose(({ from, message }) => liars.includes(from) && message.type === 'answer')
  home.group.hold(network.lease(home, place))
  network.deliver()
  home.group.start()
  network.pass(60_000)
  expect(keepers(others).length).toBe(6)
})

test('carrying: a delegate that says that all is well is not the only one to be asked: a mate asks one of its own', () => {
  const { network, home, others, place } = createTwoGroups(12, { mergeFloor: 1 })
  const mate = network.add('01', 1)
  network.link(home, mate)
  const [nearest, ...rest] = [...others].sort((a, b) => (a.place.high ^ place.high) - (b.place.high ^ place.high))
  const silent = [nearest, ...rest.slice(0, 2)] as TestServer[]
  const honest = others.find((server) => !silent.includes(server) && !home.group.links.has(server)) as TestServer
  network.link(mate, honest)
  home.group.hold(network.lease(home, place))
  network.deliver()
  network.lose(({ from, message }) => silent.includes(from) && message.type === 'answer')
  network.change(({ from, message }) => {
    const isLie = home.group.links.has(from) && from !== mate && message.type === 'answer' && message.answer.type === 'keepers'
    return isLie ? { ...message, answer: { type: 'keepers', owning: 3, asked: 3 } } : message
  })
  home.group.start()
  network.pass(120_000)
  expect(keepers(others).length).toBe(6)
})
