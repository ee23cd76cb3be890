/** The gateway over real sockets, in front of real nodes: what a reader, a browser and a script get. */

import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGateway, createGatewayServer, type Gateway } from '../../gateway/index.ts'
import { readServerSentEvents } from '../../node/cli/fetch/server-sent-events.ts'
import {
  type ClientAddress,
  type ClockStatus,
  createPeer,
  encodeKeyBase32,
  encodeKeyCid,
  encodeKeyHex,
  type Peer,
  type PeerLimits,
} from '../../node/index.ts'
import { ask, clientAt, codeOf, createTestGateway, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { type Network, startNetwork, startNode } from '../helpers/network.ts'
import { waitFor } from '../helpers/wait-for.ts'

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-dest': 'document' }

let network: Network
/** A tab behind the first node; the gateway stands in front of the second. */
let tab: Peer
let front: TestGateway
let counter = 0

beforeAll(async () => {
  network = await startNetwork({ nodes: 3 })
  const [first, second] = network.nodes as [Network['nodes'][number], Network['nodes'][number]]
  tab = await network.addTab(first)
  front = await startGateway(second.peer)
}, 30_000)

afterAll(async () => {
  await front.server.stop()
  await network.stop()
}, 30_000)

interface HeldPage {
  key: Uint8Array
  hash: string
  bytes: Uint8Array
}

/** Something new that the tab holds until the test ends, once the gateway's node can find it. */
async function holdPage(content: string | Uint8Array = `page ${++counter}`): Promise<HeldPage> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const { key } = await tab.content.hold(bytes)
  onTestFinished(() => void tab.content.release(key))
  await waitFor(() => isFound(key), 2_000, 'the page is found')
  return { key, hash: encodeKeyHex(key), bytes }
}

async function isFound(key: Uint8Array): Promise<boolean> {
  for await (const _ of network.nodes[1]?.peer.rendezvous.find(key) ?? []) return true
  return false
}

/** A node by itself, until the test ends. */
async function startSmallNode(limits: Partial<PeerLimits>) {
  const node = await startNode({ limits })
  onTestFinished(() => node.stop())
  return node
}

/** A hash that nobody holds. */
function strayHash(): string {
  return createHash('sha256').update(`stray ${++counter}`).digest('hex')
}

test('content held by a tab of another node is read with its digest, tag and sandbox', async () => {
  const { hash, bytes } = await holdPage('<!doctype html><p>🦟\r\n</p><script>1</script>')
  const digest = createHash('sha256').update(bytes).digest()
  expect(digest.toString('hex')).toBe(hash)
  for (const path of [`/${hash}`, `/raw/${hash}`]) {
    const answer = await ask(front.port, path)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual(Buffer.from(bytes))
    expect(answer.headers).toMatchObject({
      etag: `"${hash}"`,
      'content-type': 'text/html; charset=utf-8',
      'content-length': String(bytes.byteLength),
      'repr-digest': `sha-256=:${digest.toString('base64')}:`,
      'accept-ranges': 'bytes',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    })
    expect(answer.headers['content-security-policy']).toMatch(/^sandbox /)
    expect(answer.headers['content-security-policy']).not.toMatch(/allow-same-origin|allow-top-navigation|escape-sandbox/)
    expect(answer.headers['set-cookie']).toBeUndefined()
  }
})

test('the empty page and binary content are pages like any other', async () => {
  const empty = await holdPage('')
  expect(empty.hash).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(await ask(front.port, `/${empty.hash}`)).toMatchObject({ status: 200, text: '', headers: { 'content-length': '0' } })
  const binary = await holdPage(crypto.getRandomValues(new Uint8Array(60_000)))
  const answer = await ask(front.port, `/${binary.hash}`, { headers: { accept: 'image/*' } })
  expect(answer.status).toBe(200)
  expect(answer.body).toEqual(Buffer.from(binary.bytes))
})

test('HEAD has the headers of GET and no body', async () => {
  const { hash } = await holdPage()
  const get = await ask(front.port, `/${hash}`)
  const head = await ask(front.port, `/${hash}`, { method: 'HEAD' })
  const { date: _a, ...expected } = get.headers
  const { date: _b, ...actual } = head.headers
  expect(actual).toEqual(expected)
  expect(head.body.byteLength).toBe(0)
})

test('a browser that goes to the page gets the viewer; its frames, images and fetches get the bytes', async () => {
  const { hash } = await holdPage('hello viewer')
  const viewer = await ask(front.port, `/${hash}`, { headers: BROWSER })
  expect(viewer.status).toBe(200)
  expect(viewer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(viewer.text).toContain(`src="/raw/${hash}"`)
  expect(viewer.text).not.toContain('hello viewer')
  expect(viewer.headers.vary).toBe('Sec-Fetch-Dest, Upgrade-Insecure-Requests')
  for (const destination of ['iframe', 'image', 'empty']) {
    const answer = await ask(front.port, `/${hash}`, { headers: { ...BROWSER, 'sec-fetch-dest': destination } })
    expect([answer.text, answer.headers.vary]).toEqual(['hello viewer', 'Origin, Sec-Fetch-Dest, Upgrade-Insecure-Requests'])
  }
  expect((await ask(front.port, `/raw/${hash}`, { headers: BROWSER })).text).toBe('hello viewer')
})

test.each([
  [
    'as a script of another origin',
    { 'sec-fetch-dest': 'script', 'sec-fetch-site': 'cross-site', origin: 'https://a.example' },
    '',
    'javascript',
  ],
  [
    'as a script of another port',
    { 'sec-fetch-dest': 'script', 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
    '',
    'javascript',
  ],
  ['as a style of another origin', { 'sec-fetch-dest': 'style', origin: 'https://a.example' }, '', 'css'],
  ['by the name in the link, on plain http', { origin: 'http://a.example' }, '?filename=app.min.js', 'javascript'],
  ['by the name in the link, on plain http', { origin: 'http://a.example' }, '?filename=A.CSS', 'css'],
  ['by another name', { origin: 'http://a.example' }, '?filename=a.html', 'plain'],
  ['as an image of another origin', { 'sec-fetch-dest': 'image', origin: 'https://a.example' }, '', 'plain'],
  [
    'as a script of a page in the sandbox',
    { 'sec-fetch-dest': 'script', 'sec-fetch-site': 'cross-site', origin: 'null' },
    '?filename=a.js',
    'plain',
  ],
  ['as a script without an origin', { 'sec-fetch-dest': 'script', 'sec-fetch-site': 'cross-site' }, '?filename=a.js', 'plain'],
  ['as a script of our own', { 'sec-fetch-dest': 'script', 'sec-fetch-site': 'same-origin', origin: 'OWN' }, '?filename=a.js', 'plain'],
  ['as a worker', { 'sec-fetch-dest': 'worker', 'sec-fetch-site': 'same-origin' }, '?filename=a.js', 'plain'],
])('a held script or style, asked for %s %j%s, is text/%s', async (_name, asked, query, type) => {
  const { hash } = await holdPage('self.ran = true')
  const headers = { ...(asked as Record<string, string>), ...('origin' in asked && asked.origin === 'OWN' && { origin: front.url }) }
  for (const path of [`/${hash}`, `/raw/${hash}`]) {
    const answer = await ask(front.port, path + query, { headers })
    expect([answer.status, answer.headers['content-type']]).toEqual([200, `text/${type}; charset=utf-8`])
    expect(answer.headers['access-control-allow-origin']).toBe('*')
    expect(answer.headers.vary).toContain('Origin, Sec-Fetch-Dest')
  }
})

test('only text becomes a script or a style: another origin gets every other type as it is', async () => {
  const { hash } = await holdPage('<!doctype html><p>page')
  const headers = { 'sec-fetch-dest': 'script', origin: 'https://a.example' }
  expect((await ask(front.port, `/${hash}?filename=a.js`, { headers })).headers['content-type']).toBe('text/html; charset=utf-8')
})

test('a program that names HTML gets the bytes and JSON errors; a browser on plain http, which sends no Sec-Fetch-Dest, gets the viewer', async () => {
  const { hash } = await holdPage('hello program')
  const accept = BROWSER.accept
  expect((await ask(front.port, `/${hash}`, { headers: { accept } })).text).toBe('hello program')
  const refused = await ask(front.port, `/${strayHash()}`, { headers: { accept } })
  expect([refused.status, codeOf(refused)]).toEqual([404, 'ERR_NO_HOLDER'])
  const lan = { accept, 'upgrade-insecure-requests': '1' }
  expect((await ask(front.port, `/${hash}`, { headers: lan })).text).toContain(`src="/raw/${hash}"`)
  const absent = await ask(front.port, `/raw/${strayHash()}`, { headers: lan }) // the viewer frames it
  expect([absent.headers['content-type'], absent.headers['x-frame-options']]).toEqual(['text/html; charset=utf-8', undefined])
})

test('ranges are answered as one part, several, the whole, or 416', async () => {
  const { hash } = await holdPage('0123456789')
  const get = (headers: Record<string, string>) => ask(front.port, `/${hash}`, { headers })
  expect(await get({ range: 'bytes=2-4' })).toMatchObject({
    status: 206,
    text: '234',
    headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' },
  })
  expect(await get({ range: 'bytes=-3' })).toMatchObject({ status: 206, text: '789' })
  expect(await get({ range: 'bytes=7-' })).toMatchObject({ status: 206, text: '789' })
  const several = await get({ range: 'bytes=0-1,-2' })
  expect([several.status, Number(several.headers['content-length'])]).toEqual([206, several.body.byteLength])
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(several.headers['content-type'] ?? '')?.[1]
  const head = (range: string) => `\r\n--${boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes ${range}/10\r\n\r\n`
  expect(several.text).toBe(`${head('0-1')}01${head('8-9')}89\r\n--${boundary}--\r\n`)
  expect(await get({ range: 'bytes=10-' })).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */10' } })
  expect(await get({ range: 'bytes=2-4', 'if-range': `"${hash}"` })).toMatchObject({ status: 206 })
  expect(await get({ range: 'bytes=2-4', 'if-range': `W/"${hash}"` })).toMatchObject({ status: 200 })
})

test('a cache that asks again gets 304 while the page is held, and 404 when it is gone', async () => {
  const { key, hash } = await holdPage()
  const conditions = [`"${hash}"`, `W/"${hash}"`, `"x", "${hash}"`, '*']
  for (const condition of conditions) {
    const answer = await ask(front.port, `/${hash}`, { headers: { 'if-none-match': condition } })
    expect([answer.status, answer.body.byteLength, answer.headers.etag]).toEqual([304, 0, `"${hash}"`])
  }
  expect((await ask(front.port, `/${hash}`, { headers: { 'if-none-match': '"x"' } })).status).toBe(200)
  await tab.content.release(key)
  await waitFor(async () => (await ask(front.port, `/${hash}`)).status === 404, 1_000, 'the page is gone')
  for (const condition of conditions) {
    expect((await ask(front.port, `/${hash}`, { headers: { 'if-none-match': condition } })).status).toBe(404)
  }
})

test('the date is when the gateway found the content first: a client that has it asks by it, and goes on with a cut download', async () => {
  const { hash } = await holdPage('0123456789')
  const date = (await ask(front.port, `/${hash}`)).headers['last-modified'] ?? ''
  expect(Math.abs(Date.now() - Date.parse(date))).toBeLessThan(60_000)
  for (const path of [`/${hash}`, `/raw/${hash}?filename=a`]) {
    expect((await ask(front.port, path)).headers['last-modified']).toBe(date)
    expect((await ask(front.port, path, { headers: { 'if-modified-since': date } })).status).toBe(304)
    const rest = await ask(front.port, path, { headers: { range: 'bytes=7-', 'if-range': date } })
    expect([rest.status, rest.text]).toEqual([206, '789'])
    const other = { range: 'bytes=7-', 'if-range': new Date(Date.parse(date) + 1_000).toUTCString() }
    expect((await ask(front.port, path, { headers: other })).status).toBe(200)
  }
})

test('a client that wants a digest in the older form gets it, of the whole also with a part', async () => {
  const { hash, bytes } = await holdPage('0123456789')
  const digest = `SHA-256=${createHash('sha256').update(bytes).digest('base64')}`
  const get = async (headers: Record<string, string>) => (await ask(front.port, `/${hash}`, { headers })).headers.digest
  expect(await get({ 'want-digest': 'SHA-512;q=1, SHA-256;q=1, SHA;q=0.1' })).toBe(digest)
  expect(await get({ 'want-digest': 'sha-256', range: 'bytes=0-1' })).toBe(digest)
  for (const headers of [{}, { 'want-digest': 'md5' }, { 'want-digest': 'sha-256;q=0' }]) expect(await get(headers)).toBeUndefined()
})

test('?filename= and ?download= name the file and nothing else', async () => {
  const { hash } = await holdPage('x')
  const disposition = async (query: string) => (await ask(front.port, `/${hash}${query}`)).headers['content-disposition']
  expect(await disposition('')).toBeUndefined()
  expect(await disposition('?download=1')).toBe(`attachment; filename="${hash}.txt"`)
  expect(await disposition('?filename=na%C3%AFve.txt')).toBe(`inline; filename="na_ve.txt"; filename*=UTF-8''na%C3%AFve.txt`)
  expect(await disposition('?filename=a%0d%0ax:y')).toBe('inline; filename="ax:y"')
})

test('a page that nobody holds is 404: words for people, facts for programs', async () => {
  const hash = strayHash()
  const program = await ask(front.port, `/${hash}`)
  expect([program.status, codeOf(program)]).toEqual([404, 'ERR_NO_HOLDER'])
  expect(JSON.parse(program.text).error.tried.length).toBeGreaterThan(0)
  expect(program.headers['cache-control']).toBe('no-store')
  const person = await ask(front.port, `/${hash}`, { headers: BROWSER })
  expect([person.status, person.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
  const frame = await ask(front.port, `/raw/${hash}`, { headers: { ...BROWSER, 'sec-fetch-dest': 'iframe' } })
  expect([frame.status, frame.headers['x-frame-options']]).toEqual([404, undefined])
  expect(frame.headers['content-security-policy']).toContain('frame-ancestors *')
  expect((await ask(front.port, `/${hash}`, { method: 'HEAD' })).status).toBe(404)
})

test('a path inside content that is one file is 404, with the way to the file', async () => {
  const { hash } = await holdPage()
  for (const path of [`/${hash}/`, `/${hash}/a/b`, `/raw/${hash}/a`]) {
    const answer = await ask(front.port, path)
    expect([answer.status, codeOf(answer)]).toEqual([404, 'ERR_NO_BUNDLE'])
  }
})

test('a key in another form is 400 with the right link, and no path is bent into another', async () => {
  const { key, hash } = await holdPage()
  for (const text of [hash.toUpperCase(), encodeKeyBase32(key), encodeKeyCid(key), `${hash}.`]) {
    const answer = await ask(front.port, `/${text}`)
    expect([answer.status, codeOf(answer), JSON.parse(answer.text).error.link]).toEqual([400, 'ERR_BAD_KEY', `/${hash}`])
  }
  const bent = [
    `/x/../${hash}`,
    `/./${hash}`,
    `//${hash}`,
    `/raw//${hash}`,
    `/raw%2f${hash}`,
    `/%72aw/${hash}`,
    `/${hash}%00`,
    `/%2e%2e/${hash}`,
    `/x/%252e%252e/${hash}`,
    `/api/v1/holders/..%2f..%2f${hash}`,
    `/api//v1/status`,
    `/api/v1/%73tatus`,
    '/hello',
    `/${hash.slice(1)}`,
    `/${hash}0`,
  ]
  for (const path of bent) expect([path, (await ask(front.port, path)).status]).toEqual([path, 400])
  for (const path of ['/api/v1/status/', '/api/v2/status', '/ipns/a']) {
    expect([path, (await ask(front.port, path)).status]).toEqual([path, 404])
  }
})

test('content is read only: other methods are 405, OPTIONS lists the allowed ones', async () => {
  const { hash } = await holdPage()
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const answer = await ask(front.port, `/${hash}`, { method })
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
  }
  const options = await ask(front.port, `/${hash}`, { method: 'OPTIONS' })
  expect([options.status, options.headers['access-control-allow-methods']]).toEqual([204, 'GET, HEAD, OPTIONS'])
  const preflight = await ask(front.port, '/api/v1/content', { method: 'OPTIONS' })
  expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, undefined])
  expect((await ask(front.port, '/api/v1/status', { method: 'POST' })).headers.allow).toBe('GET, HEAD, OPTIONS')
})

test('there is an icon, also while the app is not built', async () => {
  const icon = await ask(front.port, '/favicon.ico')
  expect([icon.status, icon.headers['content-type'], icon.body.subarray(0, 4)]).toEqual([200, 'image/x-icon', Buffer.from([0, 0, 1, 0])])
})

test('nothing becomes a service worker', async () => {
  const { hash } = await holdPage()
  for (const path of [`/${hash}`, `/raw/${hash}`, '/assets/x.js', '/']) {
    expect((await ask(front.port, path, { headers: { 'service-worker': 'script' } })).status).toBe(403)
    expect((await ask(front.port, path, { headers: { 'sec-fetch-dest': 'serviceworker' } })).status).toBe(403)
  }
})

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

test('holders: HEAD has no stream, a wrong hash is 400', async () => {
  const head = await ask(front.port, `/api/v1/holders/${strayHash()}`, { method: 'HEAD', headers: { accept: 'text/event-stream' } })
  expect(head.status).toBe(200)
  expect((await ask(front.port, '/api/v1/holders/abc')).status).toBe(400)
})

test('?wait= answers as soon as somebody comes, and 404 when nobody does', { timeout: 20_000 }, async () => {
  const body = `late ${++counter}`
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

test('status: everybody gets the peer id and addresses; pages of other origins get no counts', async () => {
  const own = await ask(front.port, '/api/v1/status')
  const peer = network.nodes[1]?.peer
  expect(JSON.parse(own.text)).toMatchObject({ id: peer?.id, addresses: peer?.status().addresses, version: '0.0.0-test' })
  expect(JSON.parse(own.text).counts.servers).toBeGreaterThan(0)
  for (const origin of ['null', 'https://pages.example']) {
    const foreign = await ask(front.port, '/api/v1/status', { headers: { origin } })
    expect(foreign.headers['access-control-allow-origin']).toBe('*')
    expect(JSON.parse(foreign.text).id).toBe(peer?.id)
    expect(JSON.parse(foreign.text).counts).toBeUndefined()
  }
  const rebound = { headers: { host: 'evil.example' } }
  expect(JSON.parse((await ask(front.port, '/api/v1/status', rebound)).text).counts).toBeUndefined()
  expect((await ask(front.port, '/metrics', rebound)).status).toBe(403)
})

test('status: tells the pages that join through it its STUN servers, and none when it has none', async () => {
  const { port } = await createTestGateway(tab, { iceServers: ['stun:a.example'] })
  const told = JSON.parse((await ask(port, '/api/v1/status', { headers: { origin: 'https://elsewhere.example' } })).text)
  expect(told.iceServers).toEqual([{ urls: 'stun:a.example' }])
  expect(JSON.parse((await ask(front.port, '/api/v1/status')).text).iceServers).toBeUndefined()
})

test('status: gives each tab a TURN password of its own, never the secret, and a new secret takes the place of the old one', async () => {
  const settings = { iceServers: ['turn:a.example', 'stun:b.example'], turnSecret: 'shared-secret' }
  const { port, gateway } = await createTestGateway(tab, settings)
  const read = async () => {
    const { text } = await ask(port, '/api/v1/status')
    expect(text).not.toContain('secret')
    return JSON.parse(text).iceServers
  }
  const isMadeFrom = (secret: string, { username, credential }: { username: string; credential: string }) =>
    credential === createHmac('sha1', secret).update(username).digest('base64')
  const [first, stun] = await read()
  const [second] = await read()
  expect([first.urls, stun]).toEqual(['turn:a.example', { urls: 'stun:b.example' }])
  expect(isMadeFrom('shared-secret', first)).toBe(true)
  expect(Number.parseInt(first.username, 10) - Date.now() / 1_000).toBeGreaterThan(3_500)
  expect(Number.parseInt(first.username, 10) - Date.now() / 1_000).toBeLessThanOrEqual(3_600)
  expect(second.username).not.toBe(first.username)
  gateway.configure({ ...settings, turnSecret: 'new-secret' })
  expect(isMadeFrom('new-secret', (await read())[0])).toBe(true)
  gateway.configure({})
  expect(await read()).toBeUndefined()
})

test('configure: a token, and the limits of a client, are taken while the gateway runs', async () => {
  const { gateway } = await createTestGateway(network.nodes[1]?.peer as Peer, { token: 'old' })
  const client = { address: clientAt('192.0.2.9'), localAddress: '192.0.2.1' }
  const statusOf = async (token: string) => {
    const headers = { host: '192.0.2.1', authorization: `Bearer ${token}` }
    return (await gateway.fetch(new Request('http://192.0.2.1/metrics', { headers }), client)).status
  }
  expect([await statusOf('old'), await statusOf('new')]).toEqual([200, 401])
  gateway.configure({ token: 'new', limits: { maxFetchesPerAddress: 0 } })
  expect([await statusOf('old'), await statusOf('new')]).toEqual([401, 200])
  const ask = async () => (await gateway.fetch(new Request(`http://192.0.2.1/${strayHash()}`), client)).status
  expect(await ask()).toBe(429)
  gateway.configure({})
  expect([await statusOf('new'), await ask()]).toEqual([401, 404])
})

test('searches of one address are limited, and content at hand is not', async () => {
  const { key, hash } = await holdPage()
  const { peer } = network.nodes[1] as Network['nodes'][number]
  // Content fetched before a record node counts its holder is not kept.
  await waitFor(async () => (await ask(front.port, `/${hash}`)).status === 200 && peer.content.has(key), 10_000, 'it is at hand')
  const { port } = await createTestGateway(peer, { limits: { searchBurst: 1, searchesPerSecond: 0.01 } })
  expect((await ask(port, `/${strayHash()}`)).status).toBe(404)
  const refused = await ask(port, `/${strayHash()}`)
  expect([refused.status, codeOf(refused)]).toEqual([429, 'ERR_LIMIT'])
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  for (let i = 0; i < 5; i++) expect((await ask(port, `/${hash}`)).status).toBe(200)
})

test('one event stream too many is 429, and a place is free again when a client leaves', async () => {
  const { url, port } = await createTestGateway(network.nodes[1]?.peer as Peer, { limits: { maxOpenPerAddress: 1 } })
  const path = `/api/v1/holders/${strayHash()}`
  const headers = { accept: 'text/event-stream' }
  const first = await fetch(url + path, { headers })
  expect(first.status).toBe(200)
  const refused = await ask(port, path, { headers })
  expect([refused.status, codeOf(refused)]).toEqual([429, 'ERR_LIMIT'])
  await first.body?.cancel()
  await waitFor(async () => (await ask(port, '/metrics')).text.includes('mayfly_http_open_requests 0'), 2_000, 'the place is free')
})

test('content that the operator denies is 410, in every form', async () => {
  const { key, hash } = await holdPage()
  const { port } = await createTestGateway(network.nodes[1]?.peer as Peer, { denied: new Set([hash]) })
  for (const path of [`/${hash}`, `/raw/${hash}`, `/ipfs/${encodeKeyCid(key)}?format=raw`]) {
    const answer = await ask(port, path)
    expect([answer.status, codeOf(answer)]).toEqual([410, 'ERR_DENIED'])
  }
  expect((await ask(port, `/${hash}`, { headers: BROWSER })).status).toBe(410)
})

test('a gateway that is not in the network says so, and when to ask again', async () => {
  const alone = await createPeer({ join: [`/ip4/127.0.0.1/tcp/1/ws/p2p/${tab.id}`] })
  onTestFinished(() => alone.stop())
  await alone.start()
  const { port } = await createTestGateway(alone, { limits: { countTimeoutMs: 100, firstJoinMs: 0 } })
  const answer = await ask(port, `/${strayHash()}`)
  expect([answer.status, codeOf(answer)]).toEqual([503, 'ERR_NO_NETWORK'])
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect((await ask(port, `/${strayHash()}`, { headers: BROWSER })).status).toBe(503)
  expect((await ask(port, `/api/v1/holders/${strayHash()}`)).status).toBe(503)
})

test('health fails once draining begins, and everything else goes on', async () => {
  const { hash } = await holdPage()
  const { port, gateway } = await createTestGateway(network.nodes[1]?.peer as Peer)
  expect((await ask(port, '/healthz')).status).toBe(200)
  gateway.drain()
  expect((await ask(port, '/healthz')).status).toBe(503)
  expect((await ask(port, `/${hash}`)).status).toBe(200)
})

test('readiness tells whether the node is in the network, and that its clock is off', async () => {
  const { peer } = network.nodes[1] as { peer: Peer }
  const status = peer.status()
  const readyAs = async (changes: Partial<typeof status>) => {
    const { port, gateway } = await createTestGateway({ ...peer, status: () => ({ ...status, ...changes }) })
    const { status: code, text } = await ask(port, '/readyz')
    gateway.drain()
    expect((await ask(port, '/readyz')).status).toBe(503)
    return [code, text.replaceAll(/[^\d.a-z]+/g, ' ').slice(0, 60)]
  }
  const clock = (state: ClockStatus['state'], peers: number) => ({ clock: { state, aheadMs: 3_600_000, peers } })
  expect(await readyAs({})).toEqual([200, 'ok '])
  expect((await readyAs({ joined: false }))[0]).toBe(503)
  expect(await readyAs(clock('corrected', 3))).toEqual([200, expect.stringContaining('clock is 1 h ahead of')])
  expect(await readyAs(clock('wrong', 3))).toEqual([503, expect.stringContaining('clock is 1 h ahead of')])
  expect((await readyAs(clock('disputed', 2)))[0]).toBe(503)
  expect((await readyAs(clock('disputed', 1)))[0]).toBe(200) // one stranger's word
})

test('metrics count requests by route and status', async () => {
  const { port } = await createTestGateway(network.nodes[1]?.peer as Peer)
  await ask(port, `/${strayHash()}`)
  const { text } = await ask(port, '/metrics')
  expect(text).toContain('mayfly_http_requests_total{route="content",status="404"} 1\n')
  expect(text).toMatch(/^mayfly_dht_servers [1-9]/m)
})

test('metrics: are for the owner only, however the public port is reached', async () => {
  const peer = network.nodes[1]?.peer as Peer
  const { gateway } = await createTestGateway(peer, { token: 'secret' })
  const withoutToken = await createTestGateway(peer, { publicUrl: 'https://pages.example' })
  const here = clientAt('127.0.0.1')
  const elsewhere = clientAt('192.0.2.9')
  const statusOf = async (from: Gateway, host: string, address: ClientAddress, headers: Record<string, string> = {}) =>
    (await from.fetch(new Request(`http://${host}/metrics`, { headers: { host, ...headers } }), { address, localAddress: '192.0.2.1' }))
      .status
  expect(await statusOf(gateway, 'localhost:4000', here)).toBe(200)
  expect(await statusOf(gateway, '192.0.2.1:4000', elsewhere)).toBe(401)
  expect(await statusOf(gateway, 'localhost:4000', here, { 'x-forwarded-for': '192.0.2.9' })).toBe(401)
  expect(await statusOf(withoutToken.gateway, 'pages.example', here)).toBe(403)
  for (const authorization of ['Bearer secret', `Basic ${btoa('prometheus:secret')}`])
    expect(await statusOf(gateway, '192.0.2.1:4000', elsewhere, { authorization })).toBe(200)
})

test('every request is logged, without its query', async () => {
  const events: unknown[] = []
  const { port } = await createTestGateway(network.nodes[1]?.peer as Peer, { onEvent: (event) => events.push(event) })
  await ask(port, '/healthz?secret=1')
  expect(events).toMatchObject([{ type: 'request', method: 'GET', path: '/healthz', status: 200, address: '127.0.0.1' }])
})

/** The last one: its node leaves, and until the others have noticed that, what they count is uncertain. */
test('a peer joins by the URL of a gateway', async () => {
  const server = createGatewayServer()
  const node = await startNode({ server: server.server, join: [network.nodes[0]?.address ?? ''] })
  onTestFinished(async () => {
    await node.stop()
    await server.stop()
  })
  server.serve(createGateway({ peer: node.peer, version: '0.0.0-test' }))
  await waitFor(() => node.peer.status().counts.servers === 3, 10_000, 'it has met every node')
  const joining = await createPeer({ join: [`http://127.0.0.1:${node.port}`] })
  onTestFinished(() => joining.stop())
  await joining.start()
  await joining.joined({ signal: AbortSignal.timeout(5_000) })
  await waitFor(
    () => joining.status().counts.servers === 4,
    10_000,
    () => `it knows every node: ${joining.status().counts.servers}`,
  )
})
