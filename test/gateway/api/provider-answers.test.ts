/** Delegated routing: the providers of what IPFS clients ask for, among real nodes, and in a search in the test's hand. */

import { createHash } from 'node:crypto'
import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { encodeKeyCid, type Holder, type Key, MayflyError, type Peer } from '../../../node/index.ts'
import { ask, createTestGateway, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { type Network, type NodeTuple, startNetwork } from '../../helpers/network.ts'

const NDJSON = { headers: { accept: 'application/x-ndjson, application/json;q=0.8' } }
const GATEWAY = 'transport-ipfs-gateway-http'
const DAG_PB = 0x70

let network: Network<NodeTuple<2>>
/** In front of the second node. */
let front: TestGateway
let counter = 0

beforeAll(async () => {
  network = await startNetwork({ nodes: 2 })
  front = await startGateway(network.nodes[1].peer)
})
afterAll(async () => {
  await front?.server.stop()
  await network?.stop()
})

async function hold(): Promise<Key> {
  const { peer } = network.nodes[0]
  const { key } = await peer.content.hold(new TextEncoder().encode(`provided ${++counter}`))
  onTestFinished(() => void peer.content.release(key))
  return key
}

const strayCid = () => encodeKeyCid(createHash('sha256').update(`stray ${++counter}`).digest())
const linesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

async function providersOf(cid: string, query = ''): Promise<{ ID: string; Addrs: string[]; Protocols: string[] }[]> {
  const answer = await ask(front.port, `/routing/v1/providers/${cid}${query}`)
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json'])
  return JSON.parse(answer.text).Providers
}

test('delegated routing: homes of the holders, as a list or line by line, for every CID with the same SHA-256', async () => {
  const key = await hold()
  const [{ peer, port }] = network.nodes
  const dagPb = CID.createV1(DAG_PB, createDigest(0x12, key))
  for (const cid of [encodeKeyCid(key), dagPb.toString(), dagPb.toString(base36), dagPb.toV0().toString()]) {
    const [record, ...others] = await providersOf(cid)
    expect(record).toMatchObject({ Schema: 'peer', ID: peer.id, Protocols: [GATEWAY] })
    expect(record?.Addrs.toSorted()).toEqual([`/ip4/127.0.0.1/tcp/${port}/http`, `/ip4/127.0.0.1/tcp/${port}/ws`])
    expect(others).toEqual([])
    const lines = await ask(front.port, `/routing/v1/providers/${cid}`, NDJSON)
    expect([lines.headers['content-type'], linesOf(lines.text)]).toEqual(['application/x-ndjson', [record]])
  }
})

test('delegated routing: nobody there is an empty list, and a text that is no CID is 422', async () => {
  const sha512 = CID.createV1(DAG_PB, createDigest(0x13, new Uint8Array(64))).toString()
  for (const cid of [strayCid(), sha512, 'bafkqaaa']) {
    const answer = await ask(front.port, `/routing/v1/providers/${cid}`)
    expect([answer.status, JSON.parse(answer.text), answer.headers['access-control-allow-origin']]).toEqual([200, { Providers: [] }, '*'])
    const lines = await ask(front.port, `/routing/v1/providers/${cid}`, NDJSON)
    expect([lines.status, lines.headers['content-type'], lines.text]).toEqual([200, 'application/x-ndjson', ''])
  }
  expect((await ask(front.port, '/routing/v1/providers/nonsense')).status).toBe(422)
  expect((await ask(front.port, '/routing/v1/peers/x')).status).toBe(501)
})

test('delegated routing: filters leave out addresses, and providers that have none left', async () => {
  const key = await hold()
  const cid = encodeKeyCid(key)
  expect((await providersOf(cid, '?filter-addrs=http'))[0]?.Addrs).toEqual([`/ip4/127.0.0.1/tcp/${network.nodes[0].port}/http`])
  expect(await providersOf(cid, `?filter-addrs=unknown,!ws&filter-protocols=unknown,transport-bitswap,${GATEWAY}`)).toHaveLength(1)
  for (const query of ['?filter-addrs=webrtc-direct,wss', '?filter-protocols=transport-bitswap']) {
    expect(await providersOf(cid, query)).toEqual([])
    expect((await ask(front.port, `/routing/v1/providers/${cid}${query}`, NDJSON)).text).toBe('')
  }
})

/** A gateway whose search for holders is in the test's hand. */
async function startSearched(find: (options: { signal: AbortSignal }) => AsyncIterable<Holder>): Promise<string> {
  const { peer } = network.nodes[1]
  const rendezvous = { ...peer.rendezvous, find: (_: Key, options?: object) => find(options as { signal: AbortSignal }) }
  const { url } = await createTestGateway({ ...peer, rendezvous, status: () => peer.status() } as Peer)
  return `${url}/routing/v1/providers/${strayCid()}`
}

function holderAt(home: string, address: string): Holder {
  return { peer: home, home, addresses: [address], expiresAtMs: Date.now() + 60_000, signed: true }
}

test('delegated routing: each line is sent when its provider is found, and a client that leaves ends the search', async () => {
  const second = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const url = await startSearched(async function* ({ signal }) {
    signal.addEventListener('abort', () => ended.resolve())
    yield holderAt('first', '/ip4/192.0.2.1/tcp/4000/ws')
    await second.promise
    yield holderAt('second', '/ip4/192.0.2.2/tcp/443/tls/sni/two.example/ws')
    await new Promise(() => {})
  })
  const answer = await fetch(url, NDJSON)
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  const next = async () => linesOf(new TextDecoder().decode((await reader.read()).value))
  expect(await next()).toMatchObject([{ ID: 'first', Addrs: ['/ip4/192.0.2.1/tcp/4000/ws', '/ip4/192.0.2.1/tcp/4000/http'] }])
  second.resolve()
  expect(await next()).toMatchObject([{ ID: 'second', Addrs: [expect.any(String), '/ip4/192.0.2.2/tcp/443/tls/sni/two.example/http'] }])
  await reader.cancel()
  await ended.promise
})

test('delegated routing: a search that fails has its status before the first provider, and ends the list after it', async () => {
  const next = () => Promise.reject(new MayflyError('ERR_NO_NETWORK', 'not joined'))
  const failing = await startSearched(() => ({ [Symbol.asyncIterator]: () => ({ next }) }))
  for (const options of [{}, NDJSON]) expect((await fetch(failing, options)).status).toBe(503)
  const breaking = await startSearched(async function* () {
    yield holderAt('first', '/ip4/192.0.2.1/tcp/4000/ws')
    throw new DOMException('too long', 'TimeoutError')
  })
  const list = await fetch(breaking)
  expect([list.status, await list.json()]).toMatchObject([200, { Providers: [{ ID: 'first' }] }])
  expect(linesOf(await (await fetch(breaking, NDJSON)).text())).toMatchObject([{ ID: 'first' }])
})
