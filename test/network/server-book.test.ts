import { multiaddr } from '@multiformats/multiaddr'
import { beforeAll, expect, test } from 'vitest'
import { createServerBook, type ServerBookOptions } from '../../node/network/server-book.ts'
import type { ServerRecord } from '../../node/network/server-record.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')

let self: SeededPeer
let peers: SeededPeer[]
beforeAll(async () => {
  ;[self, ...peers] = (await Promise.all(Array.from({ length: 9 }, (_, i) => createSeededPeer(i + 1)))) as [SeededPeer, ...SeededPeer[]]
})

const recordOf = ({ peer }: SeededPeer, issuedAtMs = 1): ServerRecord => ({
  peer,
  addresses: [ADDRESS],
  issuedAtMs,
  bytes: Uint8Array.of(issuedAtMs),
})
const at = (index: number) => peers[index] as SeededPeer

function createBook(options: ServerBookOptions = {}) {
  const clock = { ms: 0 }
  const book = createServerBook({ self: self.id, monotonic: () => clock.ms, random: () => 0.5 }, options)
  const known = () => peers.filter(({ id }) => book.get(id) !== undefined).map((peer) => peers.indexOf(peer))
  return { book, clock, known }
}

test('server book: the newest record of a server counts, whoever tells of it, and never this node itself', () => {
  const { book } = createBook()
  expect(book.add(recordOf(self))).toBe('self')
  expect(book.add(recordOf(at(0), 2), 'a')).toBeUndefined()
  expect(book.add(recordOf(at(0), 1), 'b')).toBe('older')
  expect(book.add(recordOf(at(0), 2), 'b')).toBe('older')
  expect(book.add(recordOf(at(0), 3), 'b')).toBeUndefined()
  expect(book.get(at(0).id)?.issuedAtMs).toBe(3)
  expect(book.size).toBe(1)
})

test('server book: one peer tells of so many servers and no more, and each that is met gives it one place back', () => {
  const { book, known } = createBook({ maxToldByOne: 2 })
  expect([0, 1, 2].map((index) => book.add(recordOf(at(index)), 'liar'))).toEqual([undefined, undefined, 'told-by-one'])
  expect(book.add(recordOf(at(2)), 'other')).toBeUndefined()
  expect(book.add(recordOf(at(0)))).toBeUndefined()
  expect(book.add(recordOf(at(3)), 'liar')).toBeUndefined()
  expect(book.add(recordOf(at(4)), 'liar')).toBe('told-by-one')
  expect(known()).toEqual([0, 1, 2, 3])
})

test('server book: where it is full, the peer that has told of most gives way, and what was met only to what is met', () => {
  const { book, known } = createBook({ maxServers: 4 })
  book.add(recordOf(at(0)))
  for (const index of [1, 2]) book.add(recordOf(at(index)), 'liar')
  book.add(recordOf(at(3)), 'honest')
  expect(book.add(recordOf(at(4)), 'honest')).toBeUndefined()
  expect(known()).toEqual([0, 2, 3, 4])
  for (const index of [5, 6, 7]) expect(book.add(recordOf(at(index)))).toBeUndefined()
  expect(known()).toEqual([0, 5, 6, 7])
  expect(book.add(recordOf(at(1)), 'liar')).toBe('full')
  expect(book.add(recordOf(at(1)))).toBeUndefined()
  expect(known()).toEqual([1, 5, 6, 7])
})

test('server book: a server of which nothing is heard is forgotten, while one that is connected stays', () => {
  const { book, clock, known } = createBook({ maxAgeMs: 1_000 })
  for (const index of [0, 1, 2]) book.add(recordOf(at(index)), 'a')
  const isConnected = ({ peer }: ServerRecord) => peer.equals(at(1).peer)
  clock.ms = 900
  book.add(recordOf(at(2), 2), 'b')
  book.sweep(isConnected)
  expect(known()).toEqual([0, 1, 2])
  clock.ms = 1_000
  book.sweep(isConnected)
  expect(known()).toEqual([1, 2])
  clock.ms = 1_900
  book.sweep(() => false)
  expect(known()).toEqual([1])
})

test('server book: a sample is of those that the filter lets pass, and a server that was never there is dropped', () => {
  const { book } = createBook()
  for (const peer of peers) book.add(recordOf(peer))
  book.remove(at(0).id)
  const chosen = book.sample(3, ({ peer }) => !peer.equals(at(1).peer))
  expect(chosen).toHaveLength(3)
  const all = book.sample(100, ({ peer }) => !peer.equals(at(1).peer)).map(({ peer }) => peer.toString())
  expect(all.toSorted()).toEqual(
    peers
      .slice(2)
      .map(({ id }) => id)
      .toSorted(),
  )
})
