import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeKeyHex, encodeKeyBase32, encodeKeyHex } from '../../../node/index.ts'
import { type Asked, ask, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { startNode } from '../../helpers/network.ts'

const SHOWN = { 'sec-fetch-dest': 'iframe' }
let node: Awaited<ReturnType<typeof startNode>>
let front: TestGateway
let [hash, own] = ['', '']
beforeAll(async () => {
  node = await startNode({})
  front = await startGateway(node.peer, { contentHost: 'https://held.example' })
  const { key } = await node.peer.content.hold(new TextEncoder().encode('<!doctype html><p>held'))
  hash = encodeKeyHex(key)
  own = `${encodeKeyBase32(key)}.held.example`
})
afterAll(async () => {
  await front.server.stop()
  await node.stop()
})

const at = (path: string, headers: Asked['headers'] = {}) => ask(front.port, path, { headers })

test.each([
  ['a frame of its bytes', '/raw/', SHOWN],
  ['a frame of its short address', '/', SHOWN],
  ['a window of its bytes alone', '/raw/', { 'sec-fetch-dest': 'document' }],
  ['a frame, on plain http', '/raw/', { 'upgrade-insecure-requests': '1' }],
])('content host: %s gets the page from an origin of its own', async (_, prefix, headers) => {
  const answer = await at(`${prefix}${hash}?o=1`, headers)
  expect([answer.status, answer.headers.location]).toEqual([307, `https://${own}/raw/${hash}?o=1`])
})

test('content host: the viewer, which may frame that site, and programs stay where they asked', async () => {
  const viewer = await at(`/${hash}`, { 'sec-fetch-dest': 'document' })
  expect(viewer.status).toBe(200)
  expect(viewer.headers['content-security-policy']).toContain("frame-src 'self' https://*.held.example")
  expect((await at(`/raw/${hash}`)).text).toContain('held')
  expect((await at(`/raw/${hash}`, { 'sec-fetch-dest': 'image' })).status).toBe(200)
})

test('content host: has held pages and nothing else, each at its own name', async () => {
  const there = await at(`/raw/${hash}`, { host: own, ...SHOWN })
  expect([there.status, there.text]).toEqual([200, '<!doctype html><p>held'])
  expect(there.headers['content-security-policy']).toMatch(/^sandbox /)
  const other = `${encodeKeyBase32(decodeKeyHex('a'.repeat(64)))}.held.example`
  expect((await at(`/raw/${hash}`, { host: other })).headers.location).toBe(`https://${own}/raw/${hash}`)
  for (const path of ['/', '/messages', `/${hash}`, '/api/v1/status', '/to/bakery/sse', '/healthz']) {
    for (const host of [own, 'held.example', other.toUpperCase()]) expect((await at(path, { host })).status, `${path} ${host}`).toBe(404)
  }
})

test.each([
  ['the count of holders as events', () => `/api/v1/holders/${hash}`, { accept: 'text/event-stream' }],
  ['a wait for a holder', () => `/raw/${'b'.repeat(64)}?wait=30s`, {}],
])('sandboxed pages get no answer that stays open: %s', async (_, path, headers) => {
  expect((await at(path(), { ...headers, origin: 'null' })).status).toBe(403)
})

test('sandboxed pages may not connect to websockets', async () => {
  const policy = String((await at(`/raw/${hash}`)).headers['content-security-policy'])
  expect(policy).toMatch(/connect-src (?!.*\bwss?:)/)
})
