/** The HTTP server by itself: what it bounds, and how it begins and ends. */

import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createGateway, createGatewayServer, type GatewayEvent, type GatewayServerOptions } from '../../gateway/index.ts'
import { createPeer } from '../../node/index.ts'
import { createWebSocketListener } from '../../node/server/port/listener.ts'
import { ask, codeOf } from '../helpers/gateway.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** @param from the address that connections seem to come from, instead of this machine's */
async function start(options: GatewayServerOptions = {}, from?: string) {
  const server = createGatewayServer(options)
  if (from !== undefined) {
    server.server.prependListener('connection', (socket) => Object.defineProperty(socket, 'remoteAddress', { value: from }))
  }
  onTestFinished(() => server.stop())
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  return { server, port }
}

/** A whole node on one port: pages, API and the overlay's websocket. */
async function startNode(options: GatewayServerOptions = {}, from?: string) {
  const { server, port } = await start(options, from)
  const listener = createWebSocketListener(server.server, { connections: server.connections })
  const peer = await createPeer({ role: 'node', listener })
  onTestFinished(() => peer.stop())
  await peer.start()
  const events: GatewayEvent[] = []
  server.serve(createGateway({ peer, version: '0.0.0-test', onEvent: (event) => events.push(event) }))
  return { server, port, peer, events, listener }
}

function openSocket(port: number, text = ''): Promise<{ socket: Socket; received: () => string }> {
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text)
      resolve({ socket, received: () => received })
    })
    socket.on('data', (data) => {
      received += data
    })
    socket.on('error', reject)
    onTestFinished(() => void socket.destroy())
  })
}

test('createGatewayServer: 503 and when to come back, until there is a gateway', async () => {
  const { port } = await start()
  const answer = await ask(port, '/')
  expect([answer.status, codeOf(answer), answer.headers['retry-after']]).toEqual([503, 'ERR_NOT_STARTED', '1'])
})

test('createGatewayServer: pages and the overlay share one port', async () => {
  const { port, peer } = await startNode()
  expect((await ask(port, '/healthz')).status).toBe(200)
  const tab = await createPeer({ join: [`http://127.0.0.1:${port}`] })
  onTestFinished(() => tab.stop())
  await tab.start()
  await tab.joined({ signal: AbortSignal.timeout(5_000) })
  await tab.content.hold(new TextEncoder().encode('one port'))
  await waitFor(() => peer.status().counts.tabs === 1, 2_000, 'the tab is here')
})

test('createGatewayServer: without an overlay, an upgrade is a request like any other', async () => {
  const { port } = await start()
  const answer = await ask(port, '/', { headers: { connection: 'upgrade', upgrade: 'websocket' } })
  expect(answer.status).toBe(503)
})

test.each([
  ['neither header of an upgrade', {}, 426],
  ['no Upgrade', { connection: 'upgrade' }, 426],
  ['no Connection', { upgrade: 'websocket' }, 426],
  ['another protocol', { connection: 'upgrade', upgrade: 'h2c' }, 426],
  ['both, where no address has websockets', { connection: 'keep-alive, Upgrade', upgrade: 'WebSocket' }, 200],
])('createGatewayServer: the key of a websocket with %s', async (_, headers: Record<string, string>, status) => {
  const { server, port } = await start()
  const peer = await createPeer()
  server.serve(createGateway({ peer, version: '0.0.0-test' }))
  const answer = await ask(port, '/healthz', { headers: { ...headers, 'sec-websocket-key': `${'A'.repeat(22)}==` } })
  expect(answer.status).toBe(status)
  if (status === 426)
    expect([answer.headers.upgrade, answer.headers.connection]).toEqual(['websocket', expect.stringMatching(/^upgrade$/i)])
})

test('createGatewayServer: an offer of another protocol is not taken, and the request is answered', async () => {
  const { port } = await startNode()
  const headers = { connection: 'upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA' }
  expect((await ask(port, '/healthz', { headers })).status).toBe(200)
})

test('createGatewayServer: sockets that say nothing, or not all, are closed', async () => {
  const { port } = await start({ headersTimeoutMs: 200 })
  const sockets = await Promise.all(['', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '].map((text) => openSocket(port, text)))
  await waitFor(() => sockets.every(({ socket }) => socket.closed), 5_000, 'all are closed')
})

test('createGatewayServer: a stalled body is given up, one that keeps coming may take its time', async () => {
  const { port, peer } = await startNode({ bodyStallMs: 1_000 })
  const put = 'PUT /api/v1/content HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n'
  const stuck = await openSocket(port, `${put}only a little`)
  const steady = await openSocket(port, put)
  const startedAtMs = performance.now()
  for (let sent = 0; sent < 25; sent++) {
    steady.socket.write('x'.repeat(4_000))
    await waitFor(() => performance.now() - startedAtMs > sent * 100, 5_000, 'some time has passed')
  }
  await waitFor(
    () => steady.received().startsWith('HTTP/1.1 201'),
    5_000,
    () => `201, not ${steady.received()}`,
  )
  expect(peer.content.held()).toMatchObject([{ size: 100_000 }])
  await waitFor(() => stuck.socket.closed, 5_000, 'the one that stands still is closed')
  expect(stuck.received()).toMatch(/^HTTP\/1\.1 408 .*1024 bytes in 1 s/s)
})

test('createGatewayServer: headers over the limit are 431', async () => {
  const { port } = await start({ maxHeaderBytes: 2_000 })
  expect((await ask(port, '/', { headers: { 'x-long': 'a'.repeat(3_000) } })).status).toBe(431)
})

test('createGatewayServer: requests that are no HTTP are 400', async () => {
  const { port } = await startNode()
  for (const text of [
    'hello\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET \\x HTTP/1.1\r\nHost: x\r\n\r\n',
  ]) {
    const { socket, received } = await openSocket(port, text)
    await waitFor(
      () => received().startsWith('HTTP/1.1 400'),
      2_000,
      () => `400 for ${JSON.stringify(text)}, not ${received()}`,
    )
    socket.destroy()
  }
})

test('createGatewayServer: the target of a request is read as it was sent', async () => {
  const { port } = await startNode()
  for (const [target, status] of [
    ['/x/../healthz', 400],
    ['/%68ealthz', 400],
    ['/healthz#x', 400],
    ['http://localhost/healthz', 200],
    ['/healthz', 200],
  ] as const) {
    const { socket, received } = await openSocket(port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await waitFor(
      () => received().startsWith(`HTTP/1.1 ${status}`),
      2_000,
      () => `${status} for ${target}, not ${received()}`,
    )
    socket.destroy()
  }
})

test('createGatewayServer: a body that is too large is refused before it is sent', async () => {
  const { port, peer } = await startNode()
  const { maxContentBytes } = peer.status().limits
  const put = (length: number) =>
    openSocket(port, `PUT /api/v1/content HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`)
  const large = await put(maxContentBytes + 1)
  await waitFor(
    () => large.received().startsWith('HTTP/1.1 413'),
    2_000,
    () => large.received(),
  )
  const small = await put(2)
  await waitFor(
    () => small.received().startsWith('HTTP/1.1 100'),
    2_000,
    () => small.received(),
  )
  small.socket.write('ok')
  await waitFor(
    () => small.received().includes('HTTP/1.1 201'),
    2_000,
    () => small.received(),
  )
})

test('createGatewayServer: stop ends idle connections and event streams at once, and everything soon', async () => {
  const { port, server, peer } = await startNode({ stopGraceMs: 60_000 }) // longer than the test may take
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`
  const idle = await openSocket(port, request('/healthz'))
  const stream = await openSocket(port, request(`/api/v1/holders/${'a'.repeat(64)}`))
  const waiting = await openSocket(port, request(`/${'a'.repeat(64)}?wait=30s`))
  await waitFor(() => idle.received().includes('ok') && stream.received().includes('data:'), 2_000, 'both are answered')
  await Promise.all([server.stop(), server.stop()])
  await waitFor(() => [idle, stream, waiting].every(({ socket }) => socket.readyState !== 'open'), 1_000, 'the clients see it')
  expect(peer.status().counts.watches).toBe(0)
})

test('createGatewayServer: a taken port is an error, and stop works without listen', async () => {
  const { port } = await start()
  const second = createGatewayServer()
  await expect(second.listen({ port, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await second.stop()
})

test.each([
  [true, '192.0.2.7'],
  [false, '127.0.0.1'],
])('createGatewayServer: with trustProxy %s the client is %s', async (trustProxy, address) => {
  const { port, events } = await startNode({ trustProxy })
  await ask(port, '/healthz', { headers: { 'x-forwarded-for': '198.51.100.1, ::ffff:192.0.2.7' } })
  expect(events).toMatchObject([{ address }])
})

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  `Sec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`
const HEALTH = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('createGatewayServer: HTTP connections and overlay websockets of one client meet one limit', async () => {
  const { port, listener } = await startNode({ maxConnectionsPerAddress: 4 }, '203.0.113.7')
  const opened = []
  for (const [text, status] of [
    [HEALTH, 200],
    [UPGRADE, 101],
    [HEALTH, 200],
    [UPGRADE, 101],
    [HEALTH, 429],
    [UPGRADE, 429],
  ] as const) {
    const each = await openSocket(port, text)
    opened.push(each)
    await waitFor(
      () => each.received().startsWith(`HTTP/1.1 ${status}`),
      2_000,
      () => `${status}, not ${each.received()}`,
    )
  }
  expect(listener.sockets).toBe(2)
  opened[0]?.socket.destroy()
  await waitFor(
    async () => {
      const { socket, received } = await openSocket(port, UPGRADE)
      await waitFor(() => received() !== '', 2_000, 'an answer')
      if (received().startsWith('HTTP/1.1 101')) return true
      socket.destroy()
      return false
    },
    2_000,
    'there is room again',
  )
})

test('createGatewayServer: so many connections of one client may be HTTP; websockets of the overlay are none', async () => {
  const { port } = await startNode({ maxHttpConnectionsPerAddress: 1 }, '203.0.113.7')
  for (const [text, status] of [
    [UPGRADE, 101],
    [HEALTH, 200],
    [HEALTH, 429],
  ] as const) {
    const { received } = await openSocket(port, text)
    await waitFor(
      () => received().startsWith(`HTTP/1.1 ${status}`),
      2_000,
      () => `${status}, not ${received()}`,
    )
  }
})

test.each([
  ['203.0.113.7:4711', '203.0.113.7'],
  ['[2001:db8::1]:80', '2001:db8::1'],
  ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
  ['unknown', '127.0.0.1'],
])('createGatewayServer: a trusted proxy may write %s for its client', async (forwarded, address) => {
  const { port, events } = await startNode({ trustProxy: true })
  await ask(port, '/healthz', { headers: { 'x-forwarded-for': forwarded } })
  expect(events).toMatchObject([{ address }])
})

test('createGatewayServer: X-Forwarded-For of a client that is no proxy on this machine is not believed', async () => {
  const { port, events } = await startNode({ trustProxy: true }, '203.0.113.7')
  await ask(port, '/healthz', { headers: { 'x-forwarded-for': '192.0.2.7' } })
  expect(events).toMatchObject([{ address: '203.0.113.7' }])
})
