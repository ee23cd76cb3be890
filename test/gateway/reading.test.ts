/** Content over real sockets, in front of real nodes: its bytes, headers and forms, as a reader, a browser and a script get them. */

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeKeyBase32, encodeKeyCid, type Peer } from '../../node/index.ts'
import { ask, codeOf, createTestGateway } from '../helpers/gateway.ts'
import { BROWSER, type GatewayFront, startGatewayFront, strayHash } from '../helpers/gateway-front.ts'
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
  const text = 'hello viewer '.repeat(2_000) // a shorter one would stand in the viewer
  const { hash } = await holdPage(text)
  const viewer = await ask(front.port, `/${hash}`, { headers: BROWSER })
  expect(viewer.status).toBe(200)
  expect(viewer.headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(viewer.text).toContain(`src="/raw/${hash}"`)
  expect(viewer.text).not.toContain('hello viewer')
  expect(viewer.headers.vary).toBe('Sec-Fetch-Dest, Upgrade-Insecure-Requests')
  for (const destination of ['iframe', 'image', 'empty']) {
    const answer = await ask(front.port, `/${hash}`, { headers: { ...BROWSER, 'sec-fetch-dest': destination } })
    expect([answer.text, answer.headers.vary]).toEqual([text, 'Origin, Sec-Fetch-Dest, Upgrade-Insecure-Requests'])
  }
  expect((await ask(front.port, `/raw/${hash}`, { headers: BROWSER })).text).toBe(text)
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
  expect((await ask(front.port, `/${hash}`, { headers: lan })).text).toContain(`href="/raw/${hash}"`)
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

test('content that the operator denies is 410, in every form', async () => {
  const { key, hash } = await holdPage()
  const { port } = await createTestGateway(network.nodes[1]?.peer as Peer, { denied: new Set([hash]) })
  for (const path of [`/${hash}`, `/raw/${hash}`, `/ipfs/${encodeKeyCid(key)}?format=raw`]) {
    const answer = await ask(port, path)
    expect([answer.status, codeOf(answer)]).toEqual([410, 'ERR_DENIED'])
  }
  expect((await ask(port, `/${hash}`, { headers: BROWSER })).status).toBe(410)
})
