import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { ConnectionKind } from '../../node/network/index.ts'
import {
  createPeerStreams,
  type OpenedStream,
  type PeerStreams,
  type PeerStreamsContext,
  type PeerStreamsOptions,
} from '../../node/network/peer-streams.ts'
import { addressOfKind } from '../helpers/connection-address.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')

let peers: SeededPeer[]
beforeAll(async () => {
  peers = await Promise.all([1, 2, 3, 4].map(createSeededPeer))
})

interface TestStream {
  id: string
  opened: OpenedStream
  open: boolean
  close(): void
}

const made: PeerStreams<TestStream>[] = []
afterEach(() => {
  for (const streams of made.splice(0)) streams.stop()
})

interface Settings extends Partial<PeerStreamsOptions>, Partial<Pick<PeerStreamsContext<TestStream>, 'kinds' | 'isWanted'>> {
  /** Connections that are open before. */
  connected?: ConnectionKind[]
  /** Runs within each dial, before there is a connection. */
  dial?(target: PeerId | Multiaddr[], signal: AbortSignal): Promise<void>
  /** The peer that answers instead. */
  answers?: SeededPeer
}

/** Streams over a network of the test's making. */
function createStreams({ connected = [], dial = async () => {}, answers, kinds = ['socket'], isWanted, ...options }: Settings = {}) {
  const dialled: (string | string[])[] = []
  const aborted: unknown[] = []
  const connection = (remotePeer: PeerId | undefined, kind: ConnectionKind) =>
    ({
      status: 'open',
      remotePeer,
      remoteAddr: addressOfKind(kind),
      newStream: async () => ({ kind, abort: (reason: unknown) => aborted.push(reason) }) as unknown as Stream,
    }) as unknown as Connection
  const libp2p = {
    getConnections: () => connected.map((kind) => connection(undefined, kind)),
    async dial(target: PeerId | Multiaddr[], { signal }: { signal: AbortSignal }) {
      dialled.push(Array.isArray(target) ? target.map(String) : target.toString())
      await dial(target, signal)
      return connection(answers?.peer ?? (Array.isArray(target) ? peers[0]?.peer : target), 'socket')
    },
  } as unknown as Libp2p
  const onOpen = vi.fn()
  const streams = createPeerStreams<TestStream>(
    {
      libp2p,
      protocol: '/test/1',
      kinds,
      create(opened) {
        const stream: TestStream = {
          id: opened.peer.toString(),
          opened,
          open: true,
          close() {
            stream.open = false
            opened.onEnd()
          },
        }
        return stream
      },
      onOpen,
      random: () => 0,
      ...(isWanted && { isWanted }),
    },
    { openTimeoutMs: 1_000, ...options },
  )
  made.push(streams)
  return { streams, dialled, aborted, onOpen }
}

test('peer streams: callers at the same time share one stream, and so do later ones', async () => {
  const { streams, dialled, onOpen } = createStreams()
  const [peer] = peers as [SeededPeer]
  expect(streams.get(peer.peer)).toBeUndefined()
  const together = await Promise.all(Array.from({ length: 10 }, () => streams.open(peer.peer)))
  expect(new Set([...together, await streams.open(peer.peer), streams.get(peer.peer)]).size).toBe(1)
  expect(dialled).toEqual([peer.id])
  expect(onOpen).toHaveBeenCalledTimes(1)
})

test('peer streams: a caller that leaves does not end what others wait for, nor the opening itself', async () => {
  const reached = Promise.withResolvers<void>()
  const { streams } = createStreams({ dial: () => reached.promise })
  const [peer] = peers as [SeededPeer]
  const controller = new AbortController()
  const reason = new Error('enough')
  const leaving = streams.open(peer.peer, { signal: controller.signal })
  controller.abort(reason)
  await expect(leaving).rejects.toBe(reason)
  const staying = streams.open(peer.peer)
  reached.resolve()
  expect((await staying).open).toBe(true)
  await expect(streams.open(peer.peer, { signal: controller.signal })).rejects.toBe(reason)
})

test('peer streams: one that cannot be opened is tried anew by the next caller', async () => {
  let fails = 1
  const { streams, dialled } = createStreams({
    async dial() {
      if (fails-- > 0) throw new Error('nobody there')
    },
  })
  const [peer] = peers as [SeededPeer]
  await expect(streams.open(peer.peer)).rejects.toThrow('nobody there')
  expect(streams.get(peer.peer)).toBeUndefined()
  expect((await streams.open(peer.peer)).open).toBe(true)
  expect(dialled).toHaveLength(2)
})

test('peer streams: one that has ended is gone, and opened anew when needed', async () => {
  const { streams } = createStreams()
  const [peer] = peers as [SeededPeer]
  const first = await streams.open(peer.peer)
  first.close()
  expect(streams.get(peer.peer)).toBeUndefined()
  expect(streams.all()).toEqual([])
  expect(await streams.open(peer.peer)).not.toBe(first)
})

test('peer streams: an open connection of a kind that may carry it is used, of others none', async () => {
  const [peer] = peers as [SeededPeer]
  const any = createStreams({ connected: ['relayed', 'direct', 'socket'], kinds: ['socket', 'direct'] })
  expect((await any.streams.open(peer.peer)).opened.stream).toMatchObject({ kind: 'direct' })
  expect(any.dialled).toEqual([])
  const none = createStreams({ connected: ['relayed', 'direct'] })
  await none.streams.open(peer.peer)
  expect(none.dialled).toEqual([peer.id])
})

test('peer streams: the peer is dialled at the addresses that are given, each with its id; then where libp2p knows it', async () => {
  const [peer] = peers as [SeededPeer]
  const told = `${ADDRESS}/p2p/${peer.id}`
  const right = createStreams()
  const { opened } = await right.streams.open(peer.peer, { addresses: [ADDRESS, multiaddr(told)] })
  expect(right.dialled).toEqual([[told, told]])
  expect(opened.addresses).toHaveLength(2)
  const wrong = createStreams({
    async dial(target) {
      if (Array.isArray(target)) throw new Error('nobody there')
    },
  })
  await wrong.streams.open(peer.peer, { addresses: [ADDRESS] })
  expect(wrong.dialled).toEqual([[told], peer.id])
})

test('peer streams: when neither answers, the failure is that of the addresses', async () => {
  const [peer] = peers as [SeededPeer]
  const { streams } = createStreams({
    async dial(target) {
      throw new Error(Array.isArray(target) ? 'nobody there' : 'no addresses')
    },
  })
  await expect(streams.open(peer.peer, { addresses: [ADDRESS] })).rejects.toThrow('nobody there')
})

test('peer streams: somebody else at an address is not taken for the peer', async () => {
  const [peer, other] = peers as [SeededPeer, SeededPeer]
  const { streams, onOpen } = createStreams({ answers: other })
  await expect(streams.open(peer.peer, { addresses: [ADDRESS] })).rejects.toThrow()
  expect(onOpen).not.toHaveBeenCalled()
})

test('peer streams: openTimeoutMs is how long opening may take, unless the caller gives another time', async () => {
  const [peer] = peers as [SeededPeer]
  const { streams } = createStreams({
    openTimeoutMs: 20,
    dial: (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  await expect(streams.open(peer.peer)).rejects.toMatchObject({ name: 'TimeoutError' })
  const startedAtMs = performance.now()
  await expect(streams.open(peer.peer, { timeoutMs: 60 })).rejects.toMatchObject({ name: 'TimeoutError' })
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(50)
})

test('peer streams: a way of the protocol’s own replaces the dial', async () => {
  const [peer] = peers as [SeededPeer]
  const { streams, dialled } = createStreams()
  const stream = { own: true } as unknown as Stream
  const own = { newStream: async () => stream } as unknown as Connection
  expect((await streams.open(peer.peer, { connect: async () => own })).opened.stream).toBe(stream)
  expect(dialled).toEqual([])
})

test('peer streams: maxStreams bounds them; the one longest unused goes, unless it is needed', async () => {
  const [a, b, c, d] = peers as [SeededPeer, SeededPeer, SeededPeer, SeededPeer]
  const { streams } = createStreams({ maxStreams: 2, isNeeded: (peer) => peer === a.id })
  await streams.open(a.peer)
  await streams.open(b.peer)
  await streams.open(c.peer)
  expect(streams.all().map(({ id }) => id)).toEqual([a.id, c.id])
  streams.get(a.peer)
  await streams.open(d.peer)
  expect(streams.all().map(({ id }) => id)).toEqual([a.id, d.id])
})

test('peer streams: one that is being opened while they stop is not left open', async () => {
  const reached = Promise.withResolvers<void>()
  const { streams, aborted, onOpen } = createStreams({ dial: () => reached.promise })
  const [peer] = peers as [SeededPeer]
  const opening = streams.open(peer.peer)
  streams.stop()
  reached.resolve()
  await expect(opening).rejects.toThrow()
  expect(aborted).toHaveLength(1)
  expect(streams.all()).toEqual([])
  expect(onOpen).not.toHaveBeenCalled()
  await expect(streams.open(peer.peer)).rejects.toThrow()
})

test('peer streams: keepOpen tries again while the peer is wanted, and all callers share it', async () => {
  vi.useFakeTimers()
  try {
    let fails = 2
    const { streams, dialled } = createStreams({
      async dial() {
        if (fails-- > 0) throw new Error('nobody there')
      },
    })
    const [peer] = peers as [SeededPeer]
    streams.keepOpen(peer.peer)
    streams.keepOpen(peer.peer)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(dialled).toHaveLength(3)
    expect(streams.get(peer.peer)?.open).toBe(true)
    streams.keepOpen(peer.peer)
    expect(dialled).toHaveLength(3)
  } finally {
    vi.useRealTimers()
  }
})

test('peer streams: keepOpen gives up on a peer that nobody wants, and on all when they stop', async () => {
  vi.useFakeTimers()
  try {
    let isWanted = true
    const { streams, dialled } = createStreams({
      isWanted: () => isWanted,
      dial: () => Promise.reject(new Error('nobody there')),
    })
    const [a, b] = peers as [SeededPeer, SeededPeer]
    streams.keepOpen(a.peer)
    await vi.advanceTimersByTimeAsync(1_000)
    isWanted = false
    await vi.advanceTimersByTimeAsync(10_000)
    const before = dialled.length
    await vi.advanceTimersByTimeAsync(10_000)
    expect(dialled).toHaveLength(before)
    isWanted = true
    streams.keepOpen(b.peer)
    await vi.advanceTimersByTimeAsync(0)
    streams.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(dialled).toHaveLength(before + 1)
  } finally {
    vi.useRealTimers()
  }
})

test('peer streams: one that ended as it was made is none', async () => {
  const [{ peer, id }] = peers as [SeededPeer]
  const libp2p = {
    getConnections: () => [],
    dial: async () => ({ remotePeer: peer, newStream: async () => ({}) }),
  } as unknown as Libp2p
  const create = (opened: OpenedStream): TestStream => ({ id, opened, open: false, close: () => {} })
  const streams = createPeerStreams<TestStream>({ libp2p, protocol: '/test/1', kinds: ['socket'], create }, { openTimeoutMs: 1_000 })
  await expect(streams.open(peer)).rejects.toThrow()
  expect(streams.all()).toEqual([])
})
