/** The gateway's own answers over real sockets: status, health, metrics, limits, log, and the way into the network. */

import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGateway, createGatewayServer, type Gateway } from '../../gateway/index.ts'
import { type ClientAddress, type ClockStatus, createPeer, type Peer } from '../../node/index.ts'
import { ask, clientAt, codeOf, createTestGateway } from '../helpers/gateway.ts'
import { BROWSER, type GatewayFront, startGatewayFront, strayHash } from '../helpers/gateway-front.ts'
import { type Network, startNode } from '../helpers/network.ts'
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

test('there is an icon, also while the app is not built', async () => {
  const icon = await ask(front.port, '/favicon.ico')
  expect([icon.status, icon.headers['content-type'], icon.body.subarray(0, 4)]).toEqual([200, 'image/x-icon', Buffer.from([0, 0, 1, 0])])
})

test('nothing but the script of the app becomes a service worker', async () => {
  const { hash } = await holdPage()
  for (const path of [`/${hash}`, `/raw/${hash}`, `/${hash}/app/worker.js`, '/assets/x.js', '/lib/mayfly.js', '/app/', '/worker.js', '/']) {
    expect((await ask(front.port, path, { headers: { 'service-worker': 'script' } })).status).toBe(403)
    expect((await ask(front.port, path, { headers: { 'sec-fetch-dest': 'serviceworker' } })).status).toBe(403)
  }
  // Not built here.
  expect((await ask(front.port, '/app/worker.js', { headers: { 'service-worker': 'script' } })).status).toBe(404)
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

test('status: tells a page that may not join so, and a running gateway takes other origins', async () => {
  const { port, gateway } = await createTestGateway(tab, { allowedOrigins: ['https://app.example'] })
  const tell = async (origin: string) => {
    const { refusedOrigin } = JSON.parse((await ask(port, '/api/v1/status', { headers: { origin } })).text)
    return refusedOrigin
  }
  const own = `http://127.0.0.1:${port}`
  expect([await tell('https://app.example'), await tell('https://other.example'), await tell(own)]).toEqual([
    undefined,
    'https://other.example',
    undefined,
  ])
  gateway.configure({ allowedOrigins: ['https://other.example'] })
  expect([await tell('https://app.example'), await tell('https://other.example')]).toEqual(['https://app.example', undefined])
})

test('posts: a page of an origin that is allowed may post, and read what became of it; any other is told how it could', async () => {
  const { port } = await createTestGateway(tab, { allowedOrigins: ['https://app.example'] })
  const from = (origin: string) => ({ origin, 'sec-fetch-site': 'cross-site', 'content-type': 'application/json' })
  const post = (origin: string) => ask(port, '/to/bakery', { method: 'POST', headers: from(origin), body: '{"body":"bread"}' })
  const posted = await post('https://app.example')
  expect([posted.status, posted.headers['access-control-allow-origin'], posted.headers.vary]).toEqual([
    202,
    'https://app.example',
    'Origin',
  ])
  const state = await ask(port, `/api/v1/messages/${JSON.parse(posted.text).id}`, { headers: from('https://app.example') })
  expect([state.status, state.headers['access-control-allow-origin']]).toEqual([200, 'https://app.example'])
  const asksFirst = await ask(port, '/to/bakery', { method: 'OPTIONS', headers: from('https://app.example') })
  expect(asksFirst.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example',
    'access-control-allow-methods': expect.stringContaining('POST'),
    'access-control-allow-headers': expect.stringMatching(/content-type/i),
  })
  const refused = await post('https://other.example')
  expect([refused.status, JSON.parse(refused.text).error.advice]).toEqual([
    403,
    expect.stringContaining('--allow-origin https://other.example'),
  ])
  const notAsked = await ask(port, '/to/bakery', { method: 'OPTIONS', headers: from('https://other.example') })
  expect(notAsked.headers['access-control-allow-origin']).toBeUndefined()
})

test('an origin that is allowed is not the owner', async () => {
  const { port } = await createTestGateway(tab, { allowedOrigins: ['*'] })
  const headers = { origin: 'https://app.example' }
  expect((await ask(port, '/api/v1/content', { method: 'PUT', headers, body: 'x' })).status).toBe(403)
  expect((await ask(port, '/api/v1/content', { headers })).status).toBe(403)
  expect((await ask(port, '/metrics', { headers })).status).toBe(403)
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

test('the link of a share, and of a drop box, says to programs how they are used, and nothing else; a browser gets the app', async () => {
  for (const [path, words] of [
    [`/s/${'a'.repeat(52)}`, 'mayfly receive LINK'],
    [`/d/${'a'.repeat(52)}`, '--to LINK'],
  ] as const) {
    const page = await ask(front.port, path, { headers: { accept: '*/*' } })
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.text).toContain(words)
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    const inBrowser = await ask(front.port, path, { headers: BROWSER })
    expect(inBrowser.text).toBe((await ask(front.port, '/', { headers: BROWSER })).text)
  }
})

test('metrics: websockets that were turned away are counted by reason', async () => {
  const { port } = await createTestGateway(network.nodes[1]?.peer as Peer)
  expect((await ask(port, '/metrics')).text).toMatch(/^mayfly_sockets_refused_total\{reason="full"\} 0$/m)
})
