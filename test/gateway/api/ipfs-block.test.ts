/** Blocks for IPFS clients, as the trustless gateway's specification has them: held by one node, read through the gateway of another. */

import { createHash } from 'node:crypto'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { GATEWAY_DEFAULTS } from '../../../gateway/types.ts'
import { type ContentSource, encodeKeyCid, encodeKeyHex, type Key, sha256 } from '../../../node/index.ts'
import { createNativeHasher } from '../../../node/server/port/native-hasher.ts'
import { ask, clientAt, codeOf, createTestGateway, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../../helpers/generated-content.ts'
import { startLiar } from '../../helpers/liar.ts'
import { createNetwork, type Network, type NodeTuple, startNetwork, type TestNode } from '../../helpers/network.ts'

const RAW = 'application/vnd.ipld.raw'
const CAR = 'application/vnd.ipld.car'
const PIECE = 262_144
const MOST = GATEWAY_DEFAULTS.maxBlockBytes
const DAG_PB = 0x70

let network: Network<NodeTuple<2>>
let holder: TestNode
/** In front of the second node. */
let front: TestGateway
let counter = 0

beforeAll(async () => {
  network = await startNetwork({ nodes: 2, createHasher: createNativeHasher })
  const [first, second] = network.nodes
  holder = first
  front = await startGateway(second.peer)
})
afterAll(async () => {
  await front?.server.stop()
  await network?.stop()
})

async function hold(content: Uint8Array | ContentSource): Promise<Key> {
  const { key } = await holder.peer.content.hold(content)
  onTestFinished(() => void holder.peer.content.release(key))
  return key
}

const holdPage = () => hold(new TextEncoder().encode(`block ${++counter}`))
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const dagPb = (key: Key) => CID.createV1(DAG_PB, createDigest(0x12, key))

test('ipfs block: held content, with the headers of a trustless gateway', async () => {
  const key = await holdPage()
  const cid = encodeKeyCid(key)
  const block = await ask(front.port, `/ipfs/${cid}?format=raw`)
  expect([block.status, hashOf(block.body)]).toEqual([200, encodeKeyHex(key)])
  expect(block.headers).toMatchObject({
    'content-type': RAW,
    'content-length': String(block.body.byteLength),
    etag: `"${cid}.raw"`,
    'x-ipfs-path': `/ipfs/${cid}`,
    'x-ipfs-roots': cid,
    'content-disposition': `attachment; filename="${cid}.bin"`,
    'x-content-type-options': 'nosniff',
    'access-control-allow-origin': '*',
    vary: 'Accept',
  })
  expect(block.headers['cache-control']).toMatch(/immutable/)
  expect(block.headers['content-security-policy']).toMatch(/^sandbox /)
  const named = await ask(front.port, `/ipfs/${cid}?format=raw&filename=leaf.bin`)
  expect(named.headers['content-disposition']).toBe('attachment; filename="leaf.bin"')
  const head = await ask(front.port, `/ipfs/${cid}?format=raw`, { method: 'HEAD' })
  expect([head.status, head.headers['content-length']]).toEqual([200, String(block.body.byteLength)])
  expect((await ask(front.port, `/ipfs/${cid}/?format=raw`)).body).toEqual(block.body)
  expect((await ask(front.port, `/ipfs/${cid}?format=raw`, { headers: { 'if-none-match': `"${cid}.raw"` } })).status).toBe(304)
  expect((await ask(front.port, `/ipfs/${cid}?format=raw`, { headers: { range: 'bytes=0-1' } })).status).toBe(206)
})

test('ipfs block: every CID with the same SHA-256 names the same bytes, and the answer says the one that was asked for', async () => {
  const key = await holdPage()
  const cid = dagPb(key)
  for (const text of [cid.toString(), cid.toString(base36), cid.toString(base58btc), cid.toV0().toString()]) {
    const answer = await ask(front.port, `/ipfs/${text}?format=raw`)
    expect([text, answer.status, hashOf(answer.body)]).toEqual([text, 200, encodeKeyHex(key)])
    expect([answer.headers.etag, answer.headers['x-ipfs-path']]).toEqual([`"${text}.raw"`, `/ipfs/${text}`])
  }
})

test('ipfs block: the raw form is asked for by format or by Accept, and any other form is refused in words', async () => {
  const key = await holdPage()
  const cid = encodeKeyCid(key)
  for (const accept of [RAW, `${CAR};q=0.5, ${RAW}`, `${RAW}, */*`]) {
    const accepted = await ask(front.port, `/ipfs/${cid}`, { headers: { accept } })
    expect([accepted.status, accepted.headers['content-location']]).toEqual([200, `/ipfs/${cid}?format=raw`])
  }
  expect((await ask(front.port, `/ipfs/${cid}?format=raw`, { headers: { accept: CAR } })).status).toBe(200)
  for (const [path, accept] of [
    [`/ipfs/${cid}?format=car`, RAW],
    [`/ipfs/${cid}?format=car&dag-scope=entity`, '*/*'],
    [`/ipfs/${cid}/a/path?format=car`, '*/*'],
    [`/ipfs/${cid}`, `${CAR};version=1;order=dfs`],
  ] as const) {
    const answer = await ask(front.port, path, { headers: { accept } })
    expect([path, answer.status, codeOf(answer)]).toEqual([path, 406, 'ERR_NOT_ACCEPTABLE'])
    expect(answer.text).toMatch(/CAR.*dag-scope/)
  }
  expect((await ask(front.port, `/ipfs/${cid}?format=dag-json`)).status).toBe(406)
  const formless = await ask(front.port, `/ipfs/${cid}`)
  expect([formless.status, JSON.parse(formless.text).error.link]).toEqual([400, `/${encodeKeyHex(key)}`])
  // The block of a file in UnixFS is not the file: nothing leads a reader there.
  expect(JSON.parse((await ask(front.port, `/ipfs/${dagPb(key)}`)).text).error.link).toBeUndefined()
  const inside = await ask(front.port, `/ipfs/${cid}/a/path?format=raw`)
  expect([inside.status, codeOf(inside)]).toEqual([400, 'ERR_BAD_REQUEST'])
})

test('ipfs block: what is no CID, or of another hash, is 400; what nobody holds is 404, and 412 where no search is wanted', async () => {
  const stray = encodeKeyCid(await sha256(new TextEncoder().encode(`stray ${++counter}`)))
  const sha512 = CID.createV1(DAG_PB, createDigest(0x13, new Uint8Array(64)))
  for (const text of ['nonsense', sha512.toString()]) expect((await ask(front.port, `/ipfs/${text}?format=raw`)).status).toBe(400)
  expect((await ask(front.port, `/ipfs/${stray}?format=raw`)).status).toBe(404)
  const cachedOnly = { headers: { 'cache-control': 'only-if-cached' } }
  expect((await ask(front.port, `/ipfs/${stray}?format=raw`, cachedOnly)).status).toBe(412)
  const { port } = await createTestGateway(holder.peer)
  const cid = encodeKeyCid(await hold(generatedContent(PIECE + 1, ++counter)))
  expect((await ask(port, `/ipfs/${cid}?format=raw`, cachedOnly)).status).toBe(200)
})

test('ipfs block: a CID that carries its bytes needs no holder', async () => {
  for (const [cid, bytes] of [
    ['bafkqaaa', ''],
    ['bafkqablimvwgy3y', 'hello'],
  ] as const) {
    const [block, head] = await Promise.all(['GET', 'HEAD'].map((method) => ask(front.port, `/ipfs/${cid}?format=raw`, { method })))
    expect([block?.status, block?.text, head?.status, head?.text]).toEqual([200, bytes, 200, ''])
  }
})

test.each([
  ['of one piece', PIECE],
  ['of one piece and a little, as a leaf of the v0 profile', PIECE + 14],
  ['as large as IPFS clients take', MOST],
])('ipfs block: %s is sent whole, and in ranges', async (_, size) => {
  const key = await hold(generatedContent(size, ++counter))
  const cid = encodeKeyCid(key)
  const block = await ask(front.port, `/ipfs/${cid}?format=raw`)
  expect([block.status, block.headers['content-length'], hashOf(block.body)]).toEqual([200, String(size), encodeKeyHex(key)])
  const end = await ask(front.port, `/ipfs/${cid}?format=raw`, { headers: { range: 'bytes=-10' } })
  expect([end.status, end.body]).toEqual([206, block.body.subarray(-10)])
})

test('ipfs block: over the limit is 413, with the limit and the address of the content; the limit can be set', async () => {
  const key = await hold(generatedContent(MOST + 1, ++counter))
  const answer = await ask(front.port, `/ipfs/${encodeKeyCid(key)}?format=raw`)
  expect([answer.status, codeOf(answer), JSON.parse(answer.text).error.link]).toEqual([413, 'ERR_TOO_LARGE', `/${encodeKeyHex(key)}`])
  expect(answer.text).toContain(String(MOST))
  const { port } = await createTestGateway(holder.peer, { limits: { maxBlockBytes: 10 } })
  const [small, large] = await Promise.all([new Uint8Array(10), new Uint8Array(11)].map(hold))
  expect((await ask(port, `/ipfs/${encodeKeyCid(small as Key)}?format=raw`)).status).toBe(200)
  expect((await ask(port, `/ipfs/${encodeKeyCid(large as Key)}?format=raw`)).status).toBe(413)
})

test('ipfs block: no byte leaves before the whole is right, where a holder vouches for another outline', async () => {
  const { nodes } = await createNetwork({ nodes: 2, createHasher: createNativeHasher })
  const [near, far] = nodes
  const key = await sha256(generatedBytes(0, 2 * PIECE, 1))
  await startLiar({ lie: 'false-outline', key, join: far.address, role: 'node', content: generatedBytes(0, 2 * PIECE, 2) })
  const { port } = await createTestGateway(near.peer)
  const answer = await ask(port, `/ipfs/${encodeKeyCid(key)}?format=raw&wait=5s`)
  expect([answer.status, codeOf(answer)]).toEqual([504, 'ERR_UNAVAILABLE'])
})

test('ipfs block: a few pieces wait for a slow client, not the whole; so many answers are under way at most', async () => {
  const seed = ++counter
  const reads: number[] = []
  const read = async (offset: number, length: number) => {
    reads.push(offset)
    return generatedBytes(offset, length, seed)
  }
  const key = await hold({ size: MOST, read })
  const { gateway } = await createTestGateway(holder.peer, { limits: { maxFetches: 1 } })
  const target = `/ipfs/${encodeKeyCid(key)}?format=raw`
  const get = () => gateway.fetch(new Request(`http://gateway.example${target}`), { target, address: clientAt('192.0.2.1') })
  reads.length = 0
  const first = await get()
  const reader = (first.body as ReadableStream<Uint8Array>).getReader()
  expect((await reader.read()).value?.byteLength).toBe(PIECE)
  expect(reads).toEqual([0, PIECE])
  expect((await get()).status).toBe(429)
  await reader.cancel()
  expect(hashOf(new Uint8Array(await (await get()).arrayBuffer()))).toBe(encodeKeyHex(key))
})

test('ipfs block: a HEAD fetches no piece of a block whose outline is not proven, so it says no size', async () => {
  const key = await hold(generatedContent(2 * PIECE, ++counter))
  const before = holder.peer.status().counts.bytesServed
  const head = await ask(front.port, `/ipfs/${encodeKeyCid(key)}?format=raw`, { method: 'HEAD' })
  expect([head.status, head.headers['content-length']]).toEqual([200, undefined])
  expect(holder.peer.status().counts.bytesServed - before).toBeLessThan(PIECE)
})
