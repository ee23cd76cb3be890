/** Content that a node holds over HTTP, and its holders: PUT, DELETE, counts, and waiting for a holder. */

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { readServerSentEvents } from '../../node/cli/fetch/server-sent-events.ts'
import type { Peer } from '../../node/index.ts'
import { ask, codeOf, createTestGateway } from '../helpers/gateway.ts'
import { type GatewayFront, startGatewayFront, startSmallNode, strayHash } from '../helpers/gateway-front.ts'
import { waitFor } from '../helpers/wait-for.ts'

let started: GatewayFront
let network: GatewayFront['network']
let tab: GatewayFront['tab']
let front: GatewayFront['front']
let holdPage: GatewayFront['holdPage']

beforeAll(async () => {
  started = await startGatewayFront()
  ;({ network, tab, front, holdPage } = started)
}, 30_000)
afterAll(() => started.stop(), 30_000)

test('PUT holds at this node, DELETE releases, and the link is one that works', async () => {
  const body = 'held by a script \r\n'
  const hash = createHash('sha256').update(body).digest('hex')
  const put = await ask(front.port, '/api/v1/content', { method: 'PUT', body })
  expect(put.status).toBe(201)
  expect(JSON.parse(put.text)).toEqual({ hash, url: `${front.url}/${hash}`, size: body.length })
  expect(put.headers.location).toBe(`/${hash}`)
  expect((await tab.content.get(Buffer.from(hash, 'hex'))).bytes).toEqual(new TextEncoder().encode(body))
  expect((await ask(front.port, `/api/v1/content/${hash}`, { method: 'DELETE' })).status).toBe(204)
  expect((await ask(front.port, `/api/v1/content/${hash}`, { method: 'DELETE' })).status).toBe(404)
  await waitFor(async () => (await ask(front.port, `/${hash}`)).status === 404, 1_000, 'the page is gone')
})

test('a link that is asked for at localhost carries the origin at which other machines reach the node, and so does the status', async () => {
  const { peer } = await startSmallNode({})
  const { port } = await createTestGateway(peer, { urlForOthers: () => 'http://192.0.2.5:4000' })
  const put = await ask(port, '/api/v1/content', { method: 'PUT', body: 'for others' })
  const { hash, url } = JSON.parse(put.text)
  expect(url).toBe(`http://192.0.2.5:4000/${hash}`)
  expect(JSON.parse((await ask(port, '/api/v1/status')).text).url).toBe('http://192.0.2.5:4000')
})

test('PUT of content in pieces gives a link that can be read from anywhere', async () => {
  const body = crypto.getRandomValues(new Uint8Array(65_536)).toString().repeat(3)
  const hash = createHash('sha256').update(body).digest('hex')
  const put = await ask(front.port, '/api/v1/content', { method: 'PUT', body, headers: { 'transfer-encoding': 'chunked' } })
  const { outline, url } = JSON.parse(put.text)
  onTestFinished(async () => void (await ask(front.port, `/api/v1/content/${hash}`, { method: 'DELETE' })))
  expect(outline).toMatch(/^[0-9a-f]{64}$/)
  expect([url, put.headers.location]).toEqual([`${front.url}/${hash}?o=${outline}`, `/${hash}?o=${outline}`])
  const part = await ask(front.port, put.headers.location ?? '', { headers: { range: 'bytes=-9' } })
  expect([part.status, part.text]).toEqual([206, body.slice(-9)])
})

test('a body over the room that this node has left is 413, with or without a content-length', async () => {
  const { peer } = await startSmallNode({ maxHeldBytes: 100_000 })
  const { port } = await createTestGateway(peer)
  const put = (body: string | Uint8Array, headers: Record<string, string>) => ask(port, '/api/v1/content', { method: 'PUT', body, headers })
  const kinds = [{ 'content-length': '60000' }, { 'transfer-encoding': 'chunked' }]
  const bodies = [60_000, 60_000].map((size) => crypto.getRandomValues(new Uint8Array(size)))
  const [first = new Uint8Array(), second = new Uint8Array()] = bodies
  expect((await put(first, kinds[0] ?? {})).status).toBe(201)
  for (const kind of kinds) {
    const refused = await put(second, kind)
    expect([refused.status, codeOf(refused)]).toEqual([413, 'ERR_TOO_LARGE'])
    expect(refused.text).toContain('100000')
  }
  for (const kind of kinds) {
    for (const { key } of peer.content.held()) await peer.content.release(key)
    expect((await put(second, kind)).status).toBe(201)
  }
  expect((await put('x', { 'content-encoding': 'gzip' })).status).toBe(415)
})

test('pages of strangers cannot make this node hold or release', async () => {
  const strangers: Record<string, string>[] = [
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { origin: `http://localhost:${front.port}` },
    { host: `evil.example:${front.port}` },
    { 'sec-fetch-site': 'cross-site' },
    { 'x-forwarded-for': '192.0.2.1' },
  ]
  for (const headers of strangers) {
    const put = await ask(front.port, '/api/v1/content', { method: 'PUT', body: 'x', headers })
    expect([headers, put.status, codeOf(put)]).toEqual([headers, 403, 'ERR_FORBIDDEN'])
    expect((await ask(front.port, `/api/v1/content/${strayHash()}`, { method: 'DELETE', headers })).status).toBe(403)
  }
  expect((await ask(front.port, '/api/v1/content', { method: 'POST', body: 'a=b' })).status).toBe(405)
})

test('holders: a count as JSON, and every change as an event', async () => {
  const { key, hash } = await holdPage()
  await waitFor(async () => JSON.parse((await ask(front.port, `/api/v1/holders/${hash}`)).text).holders === 1, 1_000, 'one holder')
  const leaving = new AbortController()
  const response = await fetch(`${front.url}/api/v1/holders/${hash}`, { headers: { accept: 'text/event-stream' }, signal: leaving.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const counts: number[] = []
  const follow = (async () => {
    if (response.body === null) return
    for await (const { data } of readServerSentEvents(response.body)) counts.push(JSON.parse(data).holders)
  })().catch(() => {})
  await waitFor(() => counts.at(-1) === 1, 1_000, 'the first number')
  const other = network.nodes[2]?.peer
  await other?.content.get(key).then(({ bytes }) => other.content.hold(bytes))
  await waitFor(() => counts.at(-1) === 2, 1_000, 'two holders')
  await tab.content.release(key)
  await other?.content.release(key)
  await waitFor(() => counts.at(-1) === 0, 1_000, 'nobody')
  expect(counts.slice(0, 2)).toEqual([1, 2])
  const watches = () => network.nodes[1]?.peer.status().counts.watches
  const before = watches()
  leaving.abort()
  await follow
  await waitFor(() => (watches() ?? 0) < (before ?? 0), 2_000, 'the watch of a client that left has ended')
})

test('holders: a node that is alone has the count at once, one that knows another waits for what that one says', async () => {
  const limits = { countSettleMs: 600_000 } // longer than any test
  const lone = await startSmallNode({})
  const { port } = await createTestGateway(lone.peer, { limits })
  const isStarted = () => Date.now() - lone.peer.status().startedAtMs > 1_000
  await waitFor(isStarted, 5_000, 'it has not started just now')
  for (let i = 0; i < 3; i++) expect(JSON.parse((await ask(port, `/api/v1/holders/${strayHash()}`)).text)).toMatchObject({ holders: 0 })
  await waitFor(() => lone.peer.status().counts.watches === 0, 2_000, 'what was counted is watched no more')

  const peer = network.nodes[1]?.peer as Peer
  const joined = await createTestGateway(peer, { limits: { countSettleMs: 2_000 } })
  const bytes = new TextEncoder().encode(`late ${crypto.randomUUID()}`)
  const before = peer.status().counts.watches
  const counted = ask(joined.port, `/api/v1/holders/${createHash('sha256').update(bytes).digest('hex')}`)
  await waitFor(() => peer.status().counts.watches > before, 1_000, 'it asks')
  const { key } = await tab.content.hold(bytes)
  expect(JSON.parse((await counted).text)).toMatchObject({ holders: 1 })
  await tab.content.release(key)
})

test('holders: HEAD has no stream, a wrong hash is 400', async () => {
  const head = await ask(front.port, `/api/v1/holders/${strayHash()}`, { method: 'HEAD', headers: { accept: 'text/event-stream' } })
  expect(head.status).toBe(200)
  expect((await ask(front.port, '/api/v1/holders/abc')).status).toBe(400)
})

test('?wait= answers as soon as somebody comes, and 404 when nobody does', { timeout: 20_000 }, async () => {
  const body = `late ${crypto.randomUUID()}`
  const hash = createHash('sha256').update(body).digest('hex')
  const waiting = ask(front.port, `/${hash}?wait=30s`) // longer than the test may take
  await waitFor(async () => (await ask(front.port, '/metrics')).text.includes('mayfly_http_open_requests 1'), 2_000, 'it waits')
  await holdPage(body)
  expect(await waiting).toMatchObject({ status: 200, text: body })
  const nobody = await ask(front.port, `/${strayHash()}?wait=200ms`)
  expect([nobody.status, codeOf(nobody)]).toEqual([404, 'ERR_NO_HOLDER'])
  for (const wait of ['2m', 'soon', '-1s', '']) {
    expect(codeOf(await ask(front.port, `/${strayHash()}?wait=${wait}`))).toBe('ERR_BAD_OPTION')
  }
})
