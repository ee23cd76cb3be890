/** Receivers of the same content that help each other, among real peers. */

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { swarmKey } from '../../node/content/format/outline.ts'
import { encodeKeyHex, type HeldContent, type Key, type Peer, type ReceiveOptions, type Receiving } from '../../node/index.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { generatedBytes, generatedContent } from '../helpers/generated-content.ts'
import { startLiar } from '../helpers/liar.ts'
import { createMemoryPieceStore, type MemoryPieceStore } from '../helpers/memory-piece-store.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PIECE = 262_144
const MIB = 1_048_576
const options = { createHasher: createNativeHasher }

interface Receiver {
  peer: Peer
  store: MemoryPieceStore
  receiving: Receiving
  /** Reports of waiting, in order. */
  waited: boolean[]
}

type Content = HeldContent & { outline: Key }

async function hold({ peer }: TestNode, size: number): Promise<Content> {
  return (await peer.content.hold(generatedContent(size))) as Content
}

const served = (peer: Peer) => peer.status().counts.bytesServed
const fetched = (peer: Peer) => peer.status().counts.bytesFetched
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const storeFor = ({ size }: Content, before?: MemoryPieceStore) => createMemoryPieceStore(Math.ceil(size / PIECE), before?.pieces)

function receive(peer: Peer, content: Content, more: Partial<ReceiveOptions> & { store?: MemoryPieceStore } = {}): Receiver {
  const { key, outline } = content
  const store = more.store ?? storeFor(content)
  const waited: boolean[] = []
  const receiving = peer.content.receive(key, { outline, onWaiting: (isWaiting) => waited.push(isWaiting), ...more, store })
  return { peer, store, receiving, waited }
}

/**
 * `givenOnce` resolves with how many pieces each receiver has as the last of all pieces arrives somewhere: no other receiver has that one then,
 * however slowly the test itself goes on.
 */
function receiveByAll(peers: readonly Peer[], content: Content, pieceCount: number) {
  const given = Promise.withResolvers<number[]>()
  const pieces = new Set<number>()
  const onPiece = (index: number) => {
    if (pieces.add(index).size === pieceCount) given.resolve(receivers.map(({ store }) => store.pieces.size))
  }
  const receivers = peers.map((peer) => receive(peer, content, { onPiece }))
  return { receivers, givenOnce: given.promise }
}

test('swarm: ten receivers of one sender cost it about two copies', async () => {
  const network = await createNetwork({ nodes: 11, ...options })
  const [sender, ...others] = network.nodes
  const content = await hold(sender, 24 * MIB)
  const receivers = others.map(({ peer }) => receive(peer, content))
  await Promise.all(receivers.map(({ receiving }) => receiving.complete))
  for (const { store } of receivers) expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
  expect(served(sender.peer) / content.size).toBeLessThan(2.2)
})

test('swarm: receivers complete each other when the sender leaves after it has given each piece once', async () => {
  const network = await createNetwork({ nodes: 5, ...options })
  const [sender, ...others] = network.nodes
  const content = await hold(sender, 8 * MIB)
  const { receivers, givenOnce } = receiveByAll(
    others.map(({ peer }) => peer),
    content,
    32,
  )
  const after = await givenOnce
  await sender.stop()
  await Promise.all(receivers.map(({ receiving }) => receiving.complete))
  expect(Math.min(...after)).toBeLessThan(32)
  for (const { store } of receivers) expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
})

test('swarm: a receiver that comes after the sender has left gets everything from earlier receivers that serve', async () => {
  const network = await createNetwork({ nodes: 4, ...options })
  const [sender, first, second, late] = network.nodes
  const content = await hold(sender, 3 * MIB)
  const early = [first, second].map(({ peer }) => receive(peer, content))
  await Promise.all(early.map(({ receiving }) => receiving.complete))
  for (const { receiving } of early) receiving.serve(false)
  await sender.stop()
  const { store, receiving, waited } = receive(late.peer, content)
  await waitFor(() => waited[0] === true, 20_000, 'nobody gives it')
  expect(store.pieces.size).toBe(0)
  for (const each of early) each.receiving.serve(true)
  await receiving.complete
  expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
})

test('swarm: only missing pieces are fetched, and they wait for a holder to come', async () => {
  const network = await createNetwork({ nodes: 3, ...options })
  const [sender, receiver, other] = network.nodes
  const content = await hold(sender, 8 * MIB)
  const part = receive(receiver.peer, content, { onPiece: () => part.store.pieces.size >= 8 && void part.receiving.end() })
  await expect(part.receiving.complete).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  await part.receiving.end()
  const before = part.store.pieces.size
  await sender.peer.content.release(content.key)
  const rest = receive(receiver.peer, content, { store: storeFor(content, part.store) })
  await waitFor(() => rest.waited.length > 0, 20_000, 'it says that it waits')
  expect(rest.waited).toEqual([true])
  const bytes = fetched(receiver.peer)
  await other.peer.content.hold(generatedContent(content.size))
  await rest.receiving.complete
  expect(rest.waited).toEqual([true, false])
  expect(hashOf(rest.store.whole())).toBe(encodeKeyHex(content.key))
  const outlineBytes = 2_048
  expect(fetched(receiver.peer) - bytes).toBeLessThan(content.size - before * PIECE + outlineBytes)
})

test('swarm: goes on when its holders leave in the middle and come back', async () => {
  const network = await createNetwork({ nodes: 3, ...options })
  const [sender, receiver] = network.nodes
  const content = await hold(sender, 8 * MIB)
  const away = Promise.withResolvers<void>()
  const { store, receiving, waited } = receive(receiver.peer, content, { onPiece: (index) => index % 8 === 0 && away.resolve() })
  await away.promise
  await sender.peer.content.release(content.key)
  await waitFor(() => waited.length > 0 || store.pieces.size === 32, 20_000, 'it waits')
  expect(store.pieces.size).toBeLessThan(32)
  await sender.peer.content.hold(generatedContent(content.size))
  await receiving.complete
  expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
})

test('swarm: a store that is wrong about what it has is set right, piece by piece', async () => {
  const network = await createNetwork({ nodes: 3, ...options })
  const [sender, receiver, other] = network.nodes
  const content = await hold(sender, 4 * MIB)
  const whole = generatedBytes(0, content.size)
  const store = storeFor(content)
  for (let index = 0; index < 16; index++) store.pieces.set(index, whole.slice(index * PIECE, (index + 1) * PIECE))
  store.pieces.set(5, new Uint8Array(PIECE))
  await receive(receiver.peer, content, { store }).receiving.complete
  expect(served(sender.peer)).toBe(0)
  const given: number[] = []
  const doubted: MemoryPieceStore = { ...store, write: async (index, bytes) => void store.pieces.set(index, bytes) }
  const { receiving } = receive(other.peer, content, { store: doubted, isDoubtful: true, onPiece: (index) => void given.push(index) })
  await receiving.complete
  expect(given).toEqual([5])
  expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
})

test('swarm: a piece damaged in the store is noticed when it is requested, not sent, and fetched again', async () => {
  const network = await createNetwork({ nodes: 3, ...options })
  const [sender, helper, receiver] = network.nodes
  const content = await hold(sender, 4 * MIB)
  const whole = generatedBytes(0, content.size)
  const store = storeFor(content)
  for (let index = 0; index < 15; index++) store.pieces.set(index, whole.slice(index * PIECE, (index + 1) * PIECE))
  store.pieces.set(5, new Uint8Array(PIECE))
  const room = Promise.withResolvers<void>()
  const slow: MemoryPieceStore = {
    ...store,
    async write(index, bytes) {
      if (index === 15) await room.promise
      store.pieces.set(index, bytes)
    },
  }
  const helping = receive(helper.peer, content, { store: slow })
  const give = (index: number) => helper.peer.content.givePiece({ key: content.key, outline: content.outline, index })
  await waitFor(() => give(3).then(Boolean, () => false), 10_000, 'it gives what it has')
  await expect(give(5)).rejects.toMatchObject({ code: 'ERR_NO_HOLDER' })
  const { store: received, receiving } = receive(receiver.peer, content)
  await receiving.complete
  room.resolve()
  await helping.receiving.complete
  for (const each of [store, received]) expect(hashOf(each.whole())).toBe(encodeKeyHex(content.key))
  expect(receiver.events.filter(({ type }) => type === 'bad-holder')).toEqual([])
})

test.each([
  ['that does not give the pieces it claims', 'claims-pieces'],
  ['that gives wrong pieces', 'wrong-pieces'],
] as const)('swarm: a receiver %s is left out, at the cost of one piece at most', async (_, lie) => {
  const network = await createNetwork({ nodes: 3, ...options })
  const [sender, , receiver] = network.nodes
  const content = await hold(sender, 12 * MIB)
  const bytes = generatedBytes(0, content.size)
  const key = await swarmKey(content.outline)
  const liar = await startLiar({ lie, key, join: sender.address, role: 'node', content: bytes })
  await waitFor(
    async () => (await receiver.peer.rendezvous.find(key)[Symbol.asyncIterator]().next()).value?.peer === liar.id,
    10_000,
    'the liar',
  )
  const store = storeFor(content)
  const patient: MemoryPieceStore = {
    ...store,
    async write(index, piece) {
      await waitFor(() => liar.asked > 0, 20_000, 'the liar is asked')
      await store.write(index, piece)
    },
  }
  await receive(receiver.peer, content, { store: patient }).receiving.complete
  expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
  expect(served(sender.peer)).toBe(content.size)
  if (lie === 'wrong-pieces') {
    expect(liar.asked).toBe(1)
    expect(receiver.events.filter((event) => event.type === 'bad-holder' && event.peer === liar.id)).toHaveLength(1)
  }
})

test('swarm: a slow store is not overrun', async () => {
  const network = await createNetwork({ nodes: 2, ...options })
  const [sender, receiver] = network.nodes
  const content = await hold(sender, 24 * MIB)
  const room = Promise.withResolvers<void>()
  const store = storeFor(content)
  const slow: MemoryPieceStore = {
    ...store,
    async write(index, bytes) {
      await room.promise
      await store.write(index, bytes)
    },
  }
  const { receiving } = receive(receiver.peer, content, { store: slow })
  await waitFor(() => served(sender.peer) > 4 * MIB, 20_000, 'some is on its way')
  let last = -1
  let still = 0
  const isStill = () => {
    still = served(sender.peer) === last ? still + 1 : 0
    last = served(sender.peer)
    return still === 50
  }
  await waitFor(isStill, 20_000, 'nothing more is asked for')
  expect(served(sender.peer)).toBeLessThan(12 * MIB)
  room.resolve()
  await receiving.complete
  expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
})

test('swarm: content that is held is no longer received, and the key of its receivers is released', async () => {
  const network = await createNetwork({ nodes: 3, ...options })
  const [sender, receiver, watcher] = network.nodes
  const content = await hold(sender, 2 * MIB)
  const key = await swarmKey(content.outline)
  const counts: number[] = []
  const ended = new AbortController()
  const watching = (async () => {
    for await (const count of watcher.peer.rendezvous.watch(key, { signal: ended.signal })) counts.push(count)
  })().catch(() => {})
  const { store, receiving } = receive(receiver.peer, content)
  expect(() => receive(receiver.peer, content)).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
  await receiving.complete
  await waitFor(() => counts.includes(1), 10_000, 'one receives it')
  await receiver.peer.content.hold({ size: content.size, read: async (offset, length) => store.whole().subarray(offset, offset + length) })
  await waitFor(() => counts.at(-1) === 0, 10_000, 'nobody receives it any more')
  ended.abort()
  await watching
})

test('swarm: tabs that only reach their home complete each other through it when the sender has gone', async () => {
  const network = await createNetwork({ nodes: 2, ...options, limits: { maxCacheBytes: 0 } })
  const [home, away] = network.nodes
  const sender = await network.addTab(home)
  const tabs = await Promise.all([home, home, away].map((node) => network.addTab(node)))
  const content = (await sender.content.hold(generatedContent(6 * MIB))) as Content
  const { receivers, givenOnce } = receiveByAll(tabs, content, 24)
  const after = await givenOnce
  await sender.stop()
  await Promise.all(receivers.map(({ receiving }) => receiving.complete))
  expect(Math.min(...after)).toBeLessThan(24)
  for (const { store } of receivers) expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
})

test('swarm: tabs behind different homes, none with the whole, complete each other when nobody else has a piece', async () => {
  const network = await createNetwork({ nodes: 2, ...options, limits: { maxCacheBytes: 0 } })
  const [home, away] = network.nodes
  const sender = await network.addTab(home)
  const tabs = await Promise.all([home, home, away, away].map((node) => network.addTab(node)))
  const whole = generatedBytes(0, 6 * MIB)
  let isStuck = false
  const read = (offset: number, length: number) =>
    isStuck ? new Promise<never>(() => {}) : Promise.resolve(whole.slice(offset, offset + length))
  const content = (await sender.content.hold({ size: whole.byteLength, read })) as Content
  isStuck = true // it sends the outline, and no piece
  const receivers = tabs.map((peer, number) => {
    const store = storeFor(content)
    for (let index = number; index < 24; index += tabs.length) store.pieces.set(index, whole.slice(index * PIECE, (index + 1) * PIECE))
    return receive(peer, content, { store })
  })
  await waitFor(async () => (await countOf(away.peer, await swarmKey(content.outline))) === tabs.length, 20_000, 'all receive it')
  await sender.stop()
  await Promise.all(receivers.map(({ receiving }) => receiving.complete))
  for (const { store } of receivers) expect(hashOf(store.whole())).toBe(encodeKeyHex(content.key))
})

async function countOf(peer: Peer, key: Key): Promise<number> {
  for await (const count of peer.rendezvous.watch(key)) return count
  return 0
}
