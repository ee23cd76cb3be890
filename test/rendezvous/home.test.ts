import type { Libp2p, PeerId } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { ConnectionKind } from '../../node/network/index.ts'
import { createHome, type Home } from '../../node/rendezvous/home.ts'
import type { PresenceStream } from '../../node/rendezvous/presence-stream.ts'
import { addressOfKind } from '../helpers/connection-address.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3].map(createSeededPeer))
})

const homes: Home[] = []
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  for (const home of homes.splice(0)) home.stop()
  vi.useRealTimers()
})

/** A tab's choice among its connected peers; some of them welcome it. */
function createChoice() {
  const network = new TypedEventEmitter<Record<string, CustomEvent>>()
  const connected: SeededPeer[] = []
  const kinds = new Map<string, ConnectionKind>()
  const welcoming = new Set<string>()
  const tried: string[] = []
  const followed: string[] = []
  const chosen: (string | undefined)[] = []
  const streams = new Map<string, PresenceStream & { open: boolean }>()
  const home = createHome(
    Object.assign(network, {
      getPeers: () => connected.map(({ peer }) => peer),
      getConnections: (peer: PeerId) => [{ remoteAddr: addressOfKind(kinds.get(peer.toString()) ?? 'socket') }],
    }) as unknown as Libp2p,
    {
      async open(peer: PeerId) {
        tried.push(peer.toString())
        if (!welcoming.has(peer.toString())) throw new Error('not a node')
        const stream = { id: peer.toString(), peer, open: true, welcomed: Promise.resolve(0) } as unknown as PresenceStream & {
          open: boolean
        }
        streams.set(stream.id, stream)
        return stream
      },
    },
    (peer) => followed.push(peer),
  )
  home.onChange((peer) => chosen.push(peer?.toString()))
  homes.push(home)
  return {
    home,
    welcoming,
    tried,
    followed,
    chosen,
    connect(peer: SeededPeer, kind: ConnectionKind = 'socket') {
      kinds.set(peer.id, kind)
      connected.push(peer)
      network.safeDispatchEvent('peer:connect', { detail: peer.peer })
    },
    lose(peer: SeededPeer) {
      connected.splice(connected.indexOf(peer), 1)
      const stream = streams.get(peer.id)
      if (stream === undefined) return
      stream.open = false
      home.onStreamEnd(stream)
    },
    settle: () => vi.advanceTimersByTimeAsync(0),
  }
}

test('home: is the first connected peer that welcomes the tab', async () => {
  const { home, welcoming, chosen, connect, settle } = createChoice()
  const [tab, node, other] = peers as [SeededPeer, SeededPeer, SeededPeer]
  welcoming.add(node.id).add(other.id)
  home.start()
  for (const peer of [tab, node, other]) connect(peer)
  await settle()
  expect(home.peer?.toString()).toBe(node.id)
  expect(chosen).toEqual([node.id])
})

test('home: when it goes, another connected node takes its place at once', async () => {
  const { home, welcoming, chosen, connect, lose, settle } = createChoice()
  const [node, other] = peers as [SeededPeer, SeededPeer]
  welcoming.add(node.id).add(other.id)
  home.start()
  connect(node)
  connect(other)
  await settle()
  lose(node)
  await settle()
  expect(chosen).toEqual([node.id, undefined, other.id])
})

test('home: a stream that ends and is not the home’s changes nothing', async () => {
  const { home, welcoming, chosen, connect, settle } = createChoice()
  const [node, other] = peers as [SeededPeer, SeededPeer]
  welcoming.add(node.id)
  home.start()
  connect(node)
  await settle()
  home.onStreamEnd({ id: other.id } as PresenceStream)
  expect(chosen).toEqual([node.id])
})

test('home: without one the tab looks again by itself', async () => {
  const { home, welcoming, connect, settle } = createChoice()
  const [node] = peers as [SeededPeer]
  home.start()
  connect(node)
  await settle()
  expect(home.peer).toBeUndefined()
  welcoming.add(node.id)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(home.peer?.toString()).toBe(node.id)
})

test('home: stopped, it chooses nobody and leaves no timer', async () => {
  const { home, welcoming, tried, connect, settle } = createChoice()
  const [node] = peers as [SeededPeer]
  welcoming.add(node.id)
  home.start()
  home.stop()
  connect(node)
  await settle()
  expect(tried).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('home: is never another tab, nor a peer reached through a relay, whatever they announce', async () => {
  const { home, connect, welcoming, tried, settle } = createChoice()
  const [tab, relayed, node] = peers as [SeededPeer, SeededPeer, SeededPeer]
  for (const { id } of peers) welcoming.add(id)
  home.start()
  connect(tab, 'direct')
  connect(relayed, 'relayed')
  await settle()
  expect(tried).toEqual([])
  connect(node)
  await settle()
  expect(home.peer?.toString()).toBe(node.id)
})
