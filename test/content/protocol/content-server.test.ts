import type { Connection } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { beforeAll, expect, test } from 'vitest'
import { createByteRate } from '../../../node/async/byte-rate.ts'
import { type ServedContent, serveContent } from '../../../node/content/protocol/content-server.ts'
import { CHUNK_BYTES, type ChunkFrame } from '../../../node/content/protocol/wire.ts'
import { MayflyError } from '../../../node/index.ts'
import { encodeKeyHex } from '../../../node/keys/index.ts'
import type { ConnectionKind } from '../../../node/network/index.ts'
import { addressOfKind } from '../../helpers/connection-address.ts'
import { CONTENT_CODEC, createRawStream } from '../../helpers/raw-stream.ts'
import { createSeededPeer, type SeededPeer } from '../../helpers/seeded-peer.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const KEY = new Uint8Array(32).fill(1)

let reader: SeededPeer
beforeAll(async () => {
  reader = await createSeededPeer(1)
})

/** The server, and a client that the test plays. */
async function createReader(
  read: (...args: Parameters<ServedContent['read']>) => Promise<Uint8Array>,
  capacity = 1_000,
  kind: ConnectionKind = 'socket',
) {
  const [outbound, inbound] = await streamPair({ delay: 0, capacity })
  const served: unknown[][] = []
  serveContent(inbound, { remotePeer: reader.peer, remoteAddr: addressOfKind(kind) } as unknown as Connection, {
    content: {
      read: async (...args) => ({ bytes: await read(...args) }),
      readPiece: ({ key, scope }, from, options) => read({ key, scope }, from, options),
      follow: async () => undefined,
    },
    rate: createByteRate({ bytesPerSecond: () => 0 }),
    onServed: (...args) => served.push(args),
  })
  const { received, frames, send } = createRawStream(outbound, CONTENT_CODEC)
  return {
    received,
    served,
    frames,
    inbound,
    outbound,
    ask: (id: number, scope: 0 | 1 = 0) => void send({ type: 'ask', id, key: KEY, scope }),
    cancel: (id: number) => void send({ type: 'cancel', id }),
    arrives: (count: number) => waitFor(() => received.length >= count, 2_000, `${count} frames`),
  }
}

test('content server: content goes in chunks of the same total, each but the last full', async () => {
  const whole = Uint8Array.from({ length: 2 * CHUNK_BYTES + 5 }, (_, i) => i % 251)
  const { received, served, ask, arrives } = await createReader(async () => whole)
  ask(7)
  await arrives(3)
  const chunks = received as ChunkFrame[]
  expect(chunks.map(({ type, id, total, bytes }) => [type, id, total, bytes.byteLength])).toEqual([
    ['chunk', 7, whole.byteLength, CHUNK_BYTES],
    ['chunk', 7, whole.byteLength, CHUNK_BYTES],
    ['chunk', 7, whole.byteLength, 5],
  ])
  expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).equals(whole)).toBe(true)
  expect(served).toEqual([[encodeKeyHex(KEY), whole.byteLength, reader.id, false]])
})

test('content server: empty content is one empty chunk', async () => {
  const { received, ask, arrives } = await createReader(async () => new Uint8Array())
  ask(1)
  await arrives(1)
  expect(received).toEqual([{ type: 'chunk', id: 1, total: 0, bytes: new Uint8Array() }])
})

test.each([
  ['ERR_NO_HOLDER', 'not-held'],
  ['ERR_NO_NETWORK', 'no-network'],
  ['ERR_TOO_LARGE', 'too-large'],
  ['ERR_LIMIT', 'busy'],
  ['ERR_UNAVAILABLE', 'unavailable'],
  ['ERR_NOT_STARTED', 'unavailable'],
] as const)('content server: %s is refused as %s', async (code, reason) => {
  const { received, ask, arrives } = await createReader(async () => {
    throw new MayflyError(code, 'no')
  })
  ask(1)
  await arrives(1)
  expect(received).toEqual([{ type: 'none', id: 1, reason }])
})

test('content server: a bug is refused as unavailable, and the stream goes on', async () => {
  let fails = 1
  const { received, ask, arrives } = await createReader(async () => {
    if (fails-- > 0) throw new TypeError('a bug')
    return new Uint8Array(3)
  })
  ask(1)
  await arrives(1)
  ask(2)
  await arrives(2)
  expect(received.map(({ type }) => type)).toEqual(['none', 'chunk'])
})

test('content server: the reader learns which peer asks, and its scope', async () => {
  const calls: unknown[][] = []
  const { ask, arrives } = await createReader(async ({ key, scope }, from) => {
    calls.push([key, scope, from])
    return new Uint8Array()
  })
  ask(1, 1)
  await arrives(1)
  expect(calls).toEqual([[KEY, 1, reader.id]])
})

test('content server: a cancelled request ends the read, and sends no more', async () => {
  let signal: AbortSignal | undefined
  const { received, served, ask, cancel, arrives } = await createReader((_asked, _from, options) => {
    if (signal !== undefined) return Promise.resolve(new Uint8Array(1))
    signal = options.signal
    return new Promise((_resolve, reject) => options.signal.addEventListener('abort', () => reject(options.signal.reason)))
  })
  ask(1)
  await waitFor(() => signal !== undefined, 1_000, 'the request')
  cancel(1)
  cancel(99)
  await waitFor(() => signal?.aborted === true, 1_000, 'its end')
  ask(2)
  await arrives(1)
  expect(received.map(({ id }) => id)).toEqual([2])
  expect(served).toHaveLength(1)
})

test('content server: all reads end with the stream', async () => {
  const signals: AbortSignal[] = []
  const { frames, ask } = await createReader((_asked, _from, options) => {
    signals.push(options.signal)
    return new Promise(() => {})
  })
  ask(1)
  ask(2)
  await waitFor(() => signals.length === 2, 1_000, 'both requests')
  frames.close()
  await waitFor(() => signals.every(({ aborted }) => aborted), 1_000, 'their end')
})

test('content server: an id that is being answered is not answered twice', async () => {
  const answer = Promise.withResolvers<Uint8Array>()
  let reads = 0
  const { received, ask, arrives } = await createReader(() => {
    reads++
    return answer.promise
  })
  ask(1)
  ask(1)
  ask(2)
  await waitFor(() => reads >= 2, 1_000, 'both requests')
  answer.resolve(new Uint8Array(2))
  await arrives(2)
  expect(reads).toBe(2)
  expect(received.map(({ id }) => id)).toEqual([1, 2])
})

test('content server: requests over the limit of one stream are refused, and the others go on', async () => {
  const answer = Promise.withResolvers<Uint8Array>()
  const { received, ask, arrives } = await createReader(() => answer.promise)
  for (let id = 1; id <= 100; id++) ask(id)
  await arrives(1)
  answer.resolve(new Uint8Array(1))
  await arrives(100)
  const refused = received.filter((frame) => frame.type === 'none')
  expect(refused.every(({ reason }) => reason === 'busy')).toBe(true)
  expect(refused).toHaveLength(36)
  expect(received.filter(({ type }) => type === 'chunk')).toHaveLength(64)
})

test.each([
  [4, 'goes out whole before the next one begins', [1, 1, 1, 1, 2, 2, 2, 2]],
  [12, 'takes turns with others', [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 2]],
])('content server: a piece of %d chunks %s', async (chunks, _, order) => {
  const answer = Promise.withResolvers<Uint8Array>()
  let reads = 0
  const { received, ask, arrives } = await createReader(() => {
    reads++
    return answer.promise
  })
  ask(1)
  ask(2)
  await waitFor(() => reads === 2, 1_000, 'both requests')
  answer.resolve(new Uint8Array(chunks * CHUNK_BYTES))
  await arrives(order.length)
  expect(received.map(({ id }) => id)).toEqual(order)
})

test('content server: sends no faster than the reader reads', async () => {
  const whole = new Uint8Array(100 * CHUNK_BYTES)
  const { received, served, inbound, outbound, ask, arrives } = await createReader(async () => whole, 1)
  outbound.pause()
  ask(1)
  await waitFor(() => inbound.writableNeedsDrain, 1_000, 'the server waits')
  expect(inbound.writeBufferLength).toBeLessThan(2 * CHUNK_BYTES)
  expect(served).toEqual([])
  outbound.resume()
  await arrives(100)
  await waitFor(() => served.length === 1, 1_000, 'it reports that it sent all')
  expect(received).toHaveLength(100)
})

test('content server: reports what went from tab to tab as direct', async () => {
  const { served, ask } = await createReader(async () => Uint8Array.of(1), 1_000, 'direct')
  ask(1)
  await waitFor(() => served.length === 1, 1_000, 'it reports that it sent it')
  expect(served).toEqual([[encodeKeyHex(KEY), 1, reader.id, true]])
})
