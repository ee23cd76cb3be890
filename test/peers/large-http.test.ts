/** Content of any size by plain HTTP: held by one node, read through the gateway of another. */

import { createHash } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { encodeKeyHex, type Key } from '../../node/index.ts'
import { createNativeHasher } from '../../node/server/port/native-hasher.ts'
import { type Answer, ask, codeOf, createTestGateway, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../helpers/generated-content.ts'
import { type Network, type NodeTuple, startNetwork, type TestNode } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const PIECE = 262_144
const MIB = 1_048_576
/** For a thousand requests on a machine with ten times the work that it can do, in ms. */
const TIMEOUT_MS = 240_000
const BROWSER = { accept: 'text/html,*/*;q=0.8', 'sec-fetch-dest': 'document' }

let network: Network<NodeTuple<2>>
let holder: TestNode
/** In front of the second node. */
let front: TestGateway
let seed = 0

beforeAll(async () => {
  network = await startNetwork({ nodes: 2, createHasher: createNativeHasher })
  const [first, second] = network.nodes
  holder = first
  front = await startGateway(second.peer)
}, 30_000)

afterAll(async () => {
  await front.server.stop()
  await network.stop()
}, 30_000)

interface HeldContent {
  key: Key
  hash: string
  outline: string
  seed: number
  /** `/<hash>?o=…` */
  link: string
}

/** New content, held by the first node until the test ends. */
async function hold(size: number): Promise<HeldContent> {
  const mine = ++seed
  const { key, outline } = await holder.peer.content.hold(generatedContent(size, mine))
  onTestFinished(() => void holder.peer.content.release(key))
  const hash = encodeKeyHex(key)
  const text = outline === undefined ? '' : encodeKeyHex(outline)
  return { key, hash, outline: text, seed: mine, link: text === '' ? `/${hash}` : `/${hash}?o=${text}` }
}

function hashOf({ body }: Answer): string {
  return createHash('sha256').update(body).digest('hex')
}

test.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])('%i bytes are right, with the link’s outline and without', async (size) => {
  const { hash, link } = await hold(size)
  for (const path of [`/raw/${hash}`, link, `/raw${link}`]) {
    const head = await ask(front.port, path, { method: 'HEAD' })
    expect([head.status, head.headers['content-length'], head.body.byteLength]).toEqual([200, String(size), 0])
    const answer = await ask(front.port, path)
    expect([answer.status, answer.body.byteLength, hashOf(answer)]).toEqual([200, size, hash])
    expect(answer.headers).toMatchObject({
      etag: `"${hash}"`,
      'content-length': String(size),
      'repr-digest': `sha-256=:${Buffer.from(hash, 'hex').toString('base64')}:`,
      'x-content-type-options': 'nosniff',
    })
    expect(answer.headers['content-security-policy']).toMatch(/^sandbox /)
  }
})

test('any range equals the slice, with the link’s outline', { timeout: TIMEOUT_MS }, async () => {
  const size = 9 * PIECE + 1_234
  const { link, seed } = await hold(size)
  await expectSlices(link, size, seed, 1_000)
})

test('any range equals the slice without it, from the first request on', { timeout: TIMEOUT_MS }, async () => {
  const size = 9 * PIECE + 1_234
  const { hash, seed } = await hold(size)
  await expectSlices(`/${hash}`, size, seed, 1_000)
})

test('a range of what nobody vouches for yet, and what does not fit into the cache, is answered with the whole, right', async () => {
  const small = await network.addNode({ limits: { maxCacheBytes: PIECE } })
  const front = await createTestGateway(small.peer)
  const size = 2 * PIECE + 99
  await fc.assert(
    fc.asyncProperty(fc.nat(size - 1), fc.nat(PIECE), async (first, length) => {
      const { hash } = await hold(size)
      const answer = await ask(front.port, `/${hash}`, { headers: { range: `bytes=${first}-${first + length}` } })
      expect([answer.status, answer.headers['accept-ranges'], hashOf(answer)]).toEqual([200, 'none', hash])
    }),
    { numRuns: 20 },
  )
})

async function expectSlices(path: string, size: number, seed: number, numRuns: number): Promise<void> {
  const byte = fc.integer({ min: 0, max: size - 1 })
  const slice = (first: number, last: number) => Buffer.from(generatedBytes(first, last - first + 1, seed))
  await fc.assert(
    fc.asyncProperty(byte, fc.integer({ min: 0, max: 2 * PIECE }), fc.nat(2), async (start, length, form) => {
      const last = Math.min(start + length, size - 1)
      const suffix = Math.max(1, length)
      const [header, first, end] = [
        [`bytes=${start}-${last}`, start, last] as const,
        [`bytes=-${suffix}`, size - suffix, size - 1] as const,
        [`bytes=${size - suffix}-`, size - suffix, size - 1] as const,
      ][form] ?? ['', 0, 0]
      const answer = await ask(front.port, path, { headers: { range: header } })
      expect([answer.status, answer.headers['content-range']]).toEqual([206, `bytes ${first}-${end}/${size}`])
      expect(answer.body.equals(slice(first, end))).toBe(true)
    }),
    { numRuns },
  )
}

test('several ranges come in one answer, over the borders of pieces', async () => {
  const size = 3 * PIECE + 5
  const { link, hash, seed } = await hold(size)
  const headers = { range: `bytes=${PIECE - 2}-${PIECE + 1},-3`, 'if-range': `"${hash}"` }
  const answer = await ask(front.port, link, { headers })
  expect([answer.status, answer.body.byteLength]).toEqual([206, Number(answer.headers['content-length'])])
  const parts = answer.body.toString('latin1').split(/\r\n\r\n|\r\n--/)
  expect([parts[2], parts[4]]).toEqual(
    [generatedBytes(PIECE - 2, 4, seed), generatedBytes(size - 3, 3, seed)].map((bytes) => Buffer.from(bytes).toString('latin1')),
  )
  expect((await ask(front.port, link, { headers: { ...headers, 'if-range': '"another"' } })).status).toBe(200)
  expect((await ask(front.port, link, { headers: { range: `bytes=${size}-` } })).status).toBe(416)
  expect((await ask(front.port, link, { headers: { 'if-none-match': `"${hash}"` } })).status).toBe(304)
})

test('an o that is no hash is 400, one of another outline is never answered with bytes', async () => {
  const { hash } = await hold(2 * PIECE)
  for (const o of ['', 'x', 'A'.repeat(64), 'a'.repeat(63)]) {
    const answer = await ask(front.port, `/${hash}?o=${o}`)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'ERR_BAD_KEY'])
  }
  const other = await ask(front.port, `/${hash}?o=${'0'.repeat(64)}`)
  expect([other.status, codeOf(other)]).toEqual([504, 'ERR_UNAVAILABLE'])
})

test('the viewer of large content carries the outline of its link, and none that nobody vouches for', async () => {
  const { hash, link, outline } = await hold(2 * PIECE)
  const expectNone = async () => expect((await ask(front.port, `/${hash}`, { headers: BROWSER })).text).not.toContain(outline)
  await expectNone()
  expect((await ask(front.port, link, { headers: BROWSER })).text).toContain(`/raw${link}`)
  await expectNone()
})

test('a Metalink names the size, every piece and each gateway; without the outline’s hash only certain facts', async () => {
  const size = 2 * PIECE + 5
  const { hash, link, outline, seed } = await hold(size)
  const answer = await ask(front.port, `${link}&format=metalink&filename=a%26b.bin&mirror=https://other.example/x`)
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/metalink4+xml; charset=utf-8'])
  const pieces = Array.from(answer.text.matchAll(/<hash>([0-9a-f]{64})<\/hash>/g), ([, text]) => text)
  const expected = [0, 1, 2].map((i) => generatedBytes(i * PIECE, Math.min(PIECE, size - i * PIECE), seed))
  expect(pieces).toEqual(expected.map((bytes) => createHash('sha256').update(bytes).digest('hex')))
  expect(answer.text).toContain(`<size>${size}</size>`)
  expect(answer.text).toContain(`<hash type="sha-256">${hash}</hash>`)
  expect(answer.text).toContain(`<pieces length="${PIECE}" type="sha-256">`)
  expect(answer.text).toContain('<file name="a&amp;b.bin">')
  for (const origin of [front.url, 'https://other.example']) {
    expect(answer.text).toContain(`<url priority="1">${origin}/raw/${hash}?o=${outline}</url>`)
  }
  const unsure = await ask(front.port, `/${hash}?format=metalink`)
  expect(unsure.text).toContain(hash)
  expect(unsure.text).not.toMatch(/<pieces|<size|\?o=/)
  expect((await ask(front.port, `${link}&format=metalink&mirror=file:///etc`)).status).toBe(400)
})

/** A client that has read the first bytes and no more. */
function openSlowly(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: front.port, path, agent: false }, (incoming) => {
      incoming.pause()
      incoming.once('readable', () => resolve(incoming))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** Resolves with how many bytes the holder has served, once that number stands still. */
async function untilNothingIsServed(): Promise<number> {
  let last = -1
  let still = 0
  const isStill = () => {
    const { bytesServed } = holder.peer.status().counts
    still = bytesServed === last ? still + 1 : 0
    last = bytesServed
    return still === 50
  }
  await waitFor(isStill, 20_000, 'nothing is served any more')
  return last
}

test('a client that stops reading stops the fetch, and one that goes on gets the rest', async () => {
  const { link, hash } = await hold(64 * MIB)
  const before = await untilNothingIsServed()
  const client = await openSlowly(link)
  expect((await untilNothingIsServed()) - before).toBeLessThan(24 * MIB)
  const digest = createHash('sha256')
  for await (const chunk of client) digest.update(chunk)
  expect(digest.digest('hex')).toBe(hash)
})

test('a client that goes away ends the fetch', async () => {
  const { link } = await hold(64 * MIB)
  const before = await untilNothingIsServed()
  const client = await openSlowly(link)
  client.on('error', () => {})
  client.destroy()
  expect((await untilNothingIsServed()) - before).toBeLessThan(24 * MIB)
})
