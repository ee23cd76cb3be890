/** Small contents beside leases, at the answering end of a presence stream. */

import { beforeAll, expect, test, vi } from 'vitest'
import { encodeKeyHex, sha256AtOnce } from '../../node/keys/index.ts'
import { encodePresence } from '../../node/rendezvous/wire.ts'
import { SCOPE } from '../../node/rendezvous/wire-frames.ts'
import { SAMPLE_KEY as KEY, leaseOf } from '../helpers/sample-leases.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'
import { openPresenceStream } from '../helpers/served-presence.ts'
import { waitFor } from '../helpers/wait-for.ts'

let self: SeededPeer
let tab: SeededPeer
let home: SeededPeer
beforeAll(async () => {
  ;[self, tab, home] = (await Promise.all([1, 2, 3].map(createSeededPeer))) as [SeededPeer, SeededPeer, SeededPeer]
})

test('served stream: small content comes with a lease and goes with an answer, to whoever takes any, when it is of the key', async () => {
  const content = new TextEncoder().encode('a page')
  const key = sha256AtOnce(content)
  const stream = await openPresenceStream(self, home, { hello: 'node' })
  const lease = (await leaseOf(tab, home.peer, key)).bytes
  const other = (await leaseOf(tab, home.peer)).bytes
  stream.send({ type: 'hold', sequence: 1, leases: [lease, other], contents: [content, content] })
  expect((await stream.next('held')).refused).toEqual([])
  const find = async (of: Uint8Array, maxContentBytes?: number) => {
    stream.send({ type: 'find', id: 1, key: of, limit: 8, scope: SCOPE.own, maxContentBytes })
    const { leases, content: given } = await stream.next('found')
    return [leases.length, given]
  }
  expect(await find(key, 4_096)).toEqual([1, content])
  expect(await find(key, content.byteLength - 1)).toEqual([1, undefined])
  expect(await find(key)).toEqual([1, undefined])
  expect(await find(KEY, 4_096)).toEqual([1, undefined])
})

test('served stream: small content goes with an answer only where the peer may be given so much now, and is counted', async () => {
  const content = new TextEncoder().encode('a page')
  const key = sha256AtOnce(content)
  const asked: unknown[] = []
  const giveNow = (...given: unknown[]) => asked.push(given) === 1
  const stream = await openPresenceStream(self, home, { hello: 'node', giveNow })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(home, home.peer, key)).bytes], contents: [content] })
  await stream.next('held')
  for (const expected of [content, undefined]) {
    stream.send({ type: 'find', id: 1, key, limit: 1, scope: SCOPE.own, maxContentBytes: 4_096 })
    expect((await stream.next('found')).content).toEqual(expected)
  }
  stream.send({ type: 'find', id: 1, key, limit: 1, scope: SCOPE.own })
  await stream.next('found')
  expect(asked).toEqual([1, 2].map(() => [encodeKeyHex(key), content.byteLength, home.id]))
})

test('served stream: a home passes a tab’s small content on with its lease', async () => {
  const content = new TextEncoder().encode('a page')
  const stream = await openPresenceStream(self, tab)
  const lease = await leaseOf(tab, self.peer, sha256AtOnce(content))
  stream.send({ type: 'hold', sequence: 1, leases: [lease.bytes, (await leaseOf(tab, self.peer)).bytes], contents: [content, content] })
  await stream.next('held')
  const told = () => stream.beside.map((beside) => beside.content)
  expect(told()).toEqual([content, undefined])
  stream.close()
  await waitFor(() => told()[0] === undefined, 1_000, 'whoever is told the lease later has no content that is kept no more')
})

test('served stream: content ends with the stream that brought it, though its record stands for the grace', async () => {
  const content = new TextEncoder().encode('a page')
  const key = sha256AtOnce(content)
  const stream = await openPresenceStream(self, home, { hello: 'node', graceMs: 60_000 })
  stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, home.peer, key)).bytes], contents: [content] })
  await stream.next('held')
  expect(stream.store.contentOf(key)).toEqual(content)
  stream.close()
  await waitFor(() => stream.store.contentOf(key) === undefined, 1_000, 'the content is gone')
  expect(stream.store.count(key)).toBe(1)
})

test('served stream: of more small content than may wait, the leases are taken without it', async () => {
  const stream = await openPresenceStream(self, home, { hello: 'node' })
  const { publicKey } = tab.privateKey
  const verify = Object.getPrototypeOf(publicKey).verify
  const check = Promise.withResolvers<void>()
  const checking = vi.spyOn(Object.getPrototypeOf(publicKey), 'verify').mockImplementation(async function (this: unknown, ...given) {
    await check.promise
    return verify.apply(this, given)
  })
  try {
    stream.send({ type: 'hold', sequence: 1, leases: [(await leaseOf(tab, home.peer)).bytes] })
    await waitFor(() => checking.mock.calls.length > 0, 1_000, 'the check that waits')
    const content = new Uint8Array(4_096).fill(7)
    const own = await leaseOf(home, home.peer, sha256AtOnce(content))
    const large = encodePresence({ type: 'hold', sequence: 2, leases: Array(12).fill(own.bytes), contents: Array(12).fill(content) })
    let askedFor = 0
    const readSoFar = async () => {
      stream.send({ type: 'find', id: ++askedFor, key: KEY, limit: 1, scope: SCOPE.own })
      await stream.next('found')
    }
    for (let mebibytes = 0; mebibytes < 36; mebibytes++) {
      for (let i = 0; i < 22; i++) stream.sendRaw(large)
      await readSoFar()
    }
    const late = new Uint8Array(4_096).fill(8)
    const last = await leaseOf(home, home.peer, sha256AtOnce(late))
    const full = { leases: [last, ...Array(11).fill(own)].map(({ bytes }) => bytes), contents: [late, ...Array(11).fill(content)] }
    stream.send({ type: 'hold', sequence: 3, ...full })
    await readSoFar()
    check.resolve()
    await waitFor(() => stream.store.get(last.key, home.id) !== undefined, 30_000, 'the lease behind them')
    expect(stream.store.contentOf(own.key)).toEqual(content)
    expect(stream.store.contentOf(last.key)).toBeUndefined()
    const renewed = await leaseOf(home, home.peer, last.key, { issuedAtMs: Date.now() + 1 })
    stream.send({ type: 'hold', sequence: 4, leases: [renewed.bytes], contents: [late] })
    await waitFor(() => stream.store.contentOf(last.key) !== undefined, 5_000, 'content that comes when there is room again')
    expect(stream.aborted).toBe(false)
  } finally {
    checking.mockRestore()
  }
})
