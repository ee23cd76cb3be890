import type { Libp2p, PeerId } from '@libp2p/interface'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createDirect, DIRECT_DEFAULTS, type Direct, type DirectOptions } from '../../node/network/direct.ts'
import type { ConnectionKind } from '../../node/network/index.ts'
import { addressOfKind } from '../helpers/connection-address.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

let home: SeededPeer
let tabs: SeededPeer[]
beforeAll(async () => {
  ;[home, ...tabs] = (await Promise.all([1, 2, 3, 4, 5].map(createSeededPeer))) as [SeededPeer, ...SeededPeer[]]
})

const made: Direct[] = []
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const direct of made.splice(0)) direct.stop()
  vi.useRealTimers()
})

/** A tab's direct connections over a network in which the tabs in `up` can be reached. */
function createTab(options: DirectOptions = {}) {
  const up = new Set<string>()
  const dials: string[] = []
  const open: { remotePeer: PeerId; kind: ConnectionKind; closed: boolean }[] = []
  const connect = ({ peer }: SeededPeer, kind: ConnectionKind = 'direct') => {
    const connection = {
      remotePeer: peer,
      kind,
      closed: false,
      remoteAddr: addressOfKind(kind),
      status: 'open',
      streams: [],
      async close() {
        connection.closed = true
        open.splice(open.indexOf(connection), 1)
      },
    }
    open.push(connection)
    return connection
  }
  const direct = createDirect(
    { isSecurePage: false, random: () => 0.5 },
    () => {
      throw new TypeError('no transport is made here')
    },
    options,
  )
  direct.setHome(home.peer)
  direct.attach({
    addEventListener() {},
    getConnections: (peer?: PeerId) => open.filter(({ remotePeer }) => peer === undefined || remotePeer.equals(peer)),
    async dial([address]: { toString(): string }[]) {
      const peer = tabs.find(({ id }) => address?.toString().endsWith(id)) as SeededPeer
      dials.push(peer.id)
      expect([direct.isDialling(peer.peer), direct.isDialling(home.peer)]).toEqual([true, true])
      if (!up.has(peer.id)) throw new Error('nothing gets through')
      return connect(peer)
    },
  } as unknown as Libp2p)
  made.push(direct)
  const addressesOf = ({ id }: SeededPeer) => direct.addressesOf({ peer: id, home: home.id, addresses: [] })
  return {
    direct,
    up,
    dials,
    open,
    connect,
    addressesOf,
    dial: (tab: SeededPeer) => direct.dial(tab.peer, addressesOf(tab)),
  }
}

test('direct: an unreachable tab gets no address for a while, and then one again', async () => {
  const { up, addressesOf, dial, direct, dials } = createTab({ unreachableMs: 1_000 })
  const [tab] = tabs as [SeededPeer]
  await expect(dial(tab)).rejects.toThrow('nothing gets through')
  expect(direct.isDialling(tab.peer)).toBe(false)
  expect(addressesOf(tab)).toEqual([])
  vi.advanceTimersByTime(1_000)
  up.add(tab.id)
  expect((await dial(tab)).remotePeer.toString()).toBe(tab.id)
  expect(dials).toHaveLength(2)
})

test('direct: a tab that fails again and again is tried less and less, until it is reached', async () => {
  const { up, addressesOf, dial } = createTab({ unreachableMs: 1_000, maxUnreachableMs: 3_000 })
  const [tab] = tabs as [SeededPeer]
  for (const ms of [1_000, 2_000, 3_000, 3_000]) {
    await expect(dial(tab)).rejects.toThrow('nothing gets through')
    vi.advanceTimersByTime(ms - 1)
    expect(addressesOf(tab)).toEqual([])
    vi.advanceTimersByTime(1)
    expect(addressesOf(tab)).toHaveLength(1)
  }
  up.add(tab.id)
  await (await dial(tab)).close()
  up.delete(tab.id)
  await expect(dial(tab)).rejects.toThrow('nothing gets through')
  vi.advanceTimersByTime(1_000)
  expect(addressesOf(tab)).toHaveLength(1)
})

test('direct: maxUnreachable bounds the remembered tabs, oldest out first', async () => {
  const { addressesOf, dial } = createTab({ maxUnreachable: 2 })
  for (const tab of tabs.slice(0, 3)) await dial(tab).catch(() => {})
  expect(tabs.slice(0, 3).map((tab) => addressesOf(tab).length)).toEqual([1, 0, 0])
})

test('direct: an open connection is used, from either side', async () => {
  const { connect, dial, dials } = createTab()
  const [tab] = tabs as [SeededPeer]
  const connection = connect(tab)
  expect(await dial(tab)).toBe(connection)
  expect(dials).toEqual([])
})

test('direct: maxConnections bounds them, in and out, and connections to nodes do not count', () => {
  const { direct, connect, addressesOf } = createTab({ maxConnections: 2 })
  const [one, two, three] = tabs as [SeededPeer, SeededPeer, SeededPeer]
  const inbound = { remoteAddr: addressOfKind('direct') }
  connect(home, 'socket')
  connect(one)
  expect([addressesOf(three).length, direct.gater.denyInboundUpgradedConnection(three.peer, inbound)]).toEqual([1, false])
  connect(two)
  expect([addressesOf(three).length, direct.gater.denyInboundUpgradedConnection(three.peer, inbound)]).toEqual([0, true])
  expect(addressesOf(one)).toHaveLength(1)
  expect(direct.gater.denyInboundUpgradedConnection(three.peer, { remoteAddr: addressOfKind('socket') })).toBe(false)
})

test('direct: idleMs after the last use a direct connection is closed, and no other', async () => {
  const { direct, connect, open } = createTab({ idleMs: 4_000 })
  const [used, idle] = tabs as [SeededPeer, SeededPeer]
  connect(home, 'socket')
  connect(used)
  connect(idle)
  for (let at = 0; at < 8_000; at += 1_000) {
    direct.used(used.id)
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(open.map(({ remotePeer }) => remotePeer.toString())).toEqual([home.id, used.id])
})

test('direct: circuits to a tab are refused unless it wants to be reached, or while it is full', () => {
  const { direct, connect } = createTab({ maxConnections: 1 })
  const isRefused = () => direct.gater.denyInboundRelayedConnection(home.peer, (tabs[1] as SeededPeer).peer)
  expect(isRefused()).toBe(true)
  const end = direct.need()
  expect(isRefused()).toBe(false)
  connect(tabs[0] as SeededPeer)
  expect(isRefused()).toBe(true)
  end()
  expect(DIRECT_DEFAULTS.maxConnections).toBeGreaterThan(1)
})

test('direct: of tabs that come at once only as many are let in as have a place, from the circuit on; one that does not connect gives it back', () => {
  const { direct, connect } = createTab({ dialTimeoutMs: 8_000 })
  direct.need(2)
  const isLetIn = ({ peer }: SeededPeer) => !direct.gater.denyInboundRelayedConnection(home.peer, peer)
  const [one, two, three] = tabs as [SeededPeer, SeededPeer, SeededPeer]
  expect([one, two, three].map(isLetIn)).toEqual([true, true, false])
  expect([direct.isArriving(one.id), direct.isArriving(three.id), direct.places()]).toEqual([true, false, 2])
  const inbound = { remoteAddr: addressOfKind('direct') }
  expect(direct.gater.denyInboundUpgradedConnection(one.peer, inbound)).toBe(false)
  connect(one)
  expect([direct.places(), isLetIn(three)]).toEqual([2, false])
  vi.advanceTimersByTime(8_000)
  expect([direct.places(), isLetIn(three)]).toEqual([1, true])
})
