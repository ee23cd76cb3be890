/** An inbox's messages for programs: JSON lines, server-sent events, websockets, over a real socket that overlay and pages share. */

import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createGateway, createGatewayServer, type GatewayEvent } from '../../../gateway/index.ts'
import { type Asked, ask, codeOf, createTestGateway } from '../../helpers/gateway.ts'
import { type InboxFront, startInbox } from '../../helpers/inbox-front.ts'
import { createMemoryInbox, type MemoryInbox, MY_HASHNAME, SENDER } from '../../helpers/memory-inbox.ts'
import { startNode } from '../../helpers/network.ts'
import { withRecordingMessages } from '../../helpers/recording-messages.ts'
import { waitFor } from '../../helpers/wait-for.ts'

interface Line {
  event: string
  sequence?: number
  body?: string
}

/** The lines of a stream, as they come, until the test ends. */
async function readLines(url: string): Promise<{ lines: Line[]; isOver: () => boolean }> {
  const leaving = new AbortController()
  onTestFinished(() => leaving.abort())
  const response = await fetch(url, { signal: leaving.signal })
  expect(response.status).toBe(200)
  const lines: Line[] = []
  let isOver = false
  const read = async () => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      const parts = (text + Buffer.from(chunk)).split('\n')
      text = parts.pop() ?? ''
      lines.push(...parts.map((line) => JSON.parse(line)))
    }
  }
  read()
    .catch(() => {})
    .finally(() => {
      isOver = true
    })
  return { lines, isOver: () => isOver }
}

/** Messages by their sequence, everything else by its name. */
const shape = (lines: Line[]) => lines.filter(({ event }) => event !== 'keepalive').map((line) => line.sequence ?? line.event)

async function poll(front: InboxFront, query: string, asked: Asked = {}): Promise<(string | number)[]> {
  const answer = await ask(front.port, `/to/%23wall/json?poll=1${query}`, asked)
  expect(answer.status).toBe(200)
  return shape(
    answer.text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  )
}

test('/json: the stored, a mark, and then each message as it comes, once', async () => {
  const { inbox, url } = await startInbox()
  for (let i = 0; i < 70; i++) inbox.deliver({})
  const { lines } = await readLines(`${url}/to/%23wall/json?since=all`)
  await waitFor(() => lines.length === 72, 5_000, 'all that is stored')
  inbox.deliver({ end: MY_HASHNAME })
  inbox.deliver({})
  await waitFor(() => lines.length === 73, 5_000, 'the new one')
  const stored = Array.from({ length: 70 }, (_, i) => i + 1)
  expect(shape(lines)).toEqual(['open', ...stored, 'end-of-stored', 72])
})

/** After each reading of the inbox one more message is there: the moments at which one could be missed. */
function deliverWhileRead(inbox: MemoryInbox, count: number): void {
  const read = inbox.messages
  let delivered = 0
  inbox.messages = (query) => {
    const page = read(query)
    if (delivered++ < count) inbox.deliver({})
    return page
  }
}

test('/json: messages that arrive while stored ones are read are neither lost nor sent twice, and follow the mark', async () => {
  const { inbox, url } = await startInbox()
  for (let i = 0; i < 100; i++) inbox.deliver({})
  deliverWhileRead(inbox, 20)
  const { lines } = await readLines(`${url}/to/%23wall/json?since=all`)
  await waitFor(
    () => lines.length >= 122,
    5_000,
    () => `all of them: ${lines.length}`,
  )
  const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
  expect(shape(lines)).toEqual(['open', ...upTo(1, 100), 'end-of-stored', ...upTo(101, 120)])
})

test('?poll=1 ends, however much arrives meanwhile', async () => {
  const front = await startInbox()
  for (let i = 0; i < 40; i++) front.inbox.deliver({})
  deliverWhileRead(front.inbox, Number.POSITIVE_INFINITY)
  const seen = await poll(front, '')
  expect([seen.length, seen.at(-1)]).toEqual([42, 'end-of-stored'])
})

test('/json: a message has all that its receiver knows of it, text as text and bytes as base64', async () => {
  const { inbox, port } = await startInbox()
  inbox.setSender(SENDER, { name: 'Ada' })
  inbox.deliver({ body: 'grüß', fields: { re: 'ab' }, isSealed: true })
  inbox.deliver({ body: Uint8Array.of(255, 0), type: 'image/png' })
  inbox.deliver({ body: Uint8Array.of(255), type: 'text/plain' })
  const lines = (await ask(port, '/to/wall/json?poll=1')).text.trim().split('\n').slice(1, -1)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      event: 'message',
      sequence: 1,
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      end: '#wall',
      from: SENDER,
      name: 'Ada',
      sentAtMs: 1_700_000_000_001,
      storedAtMs: 1_700_000_001_001,
      isSealed: true,
      type: 'text/plain',
      fields: { re: 'ab' },
      body: 'grüß',
    },
    expect.objectContaining({ type: 'image/png', body: '/wA=', encoding: 'base64' }),
    expect.objectContaining({ type: 'text/plain', body: '/w==', encoding: 'base64' }),
  ])
})

test('?poll=1 ends after the stored ones, and each since begins where it says', async () => {
  const front = await startInbox()
  const { inbox } = front
  const nowS = Math.floor(Date.now() / 1_000)
  inbox.deliver({ storedAtMs: 1_000 * (nowS - 7_200) })
  const second = inbox.deliver({ storedAtMs: 1_000 * (nowS - 1_800) })
  inbox.deliver({ storedAtMs: 1_000 * nowS, body: 'bread' })
  inbox.deliver({ end: MY_HASHNAME })
  const all = ['open', 1, 2, 3, 'end-of-stored']
  expect(await poll(front, '')).toEqual(all)
  expect(await poll(front, '&since=all')).toEqual(all)
  expect(await poll(front, '&since=0')).toEqual(all)
  expect(await poll(front, '&since=1')).toEqual(['open', 2, 3, 'end-of-stored'])
  expect(await poll(front, `&since=${second.id}`)).toEqual(['open', 3, 'end-of-stored'])
  expect(await poll(front, '&since=1h')).toEqual(['open', 2, 3, 'end-of-stored'])
  expect(await poll(front, '&since=10m')).toEqual(['open', 3, 'end-of-stored'])
  expect(await poll(front, `&since=${nowS - 3_600}`)).toEqual(['open', 2, 3, 'end-of-stored'])
  expect(await poll(front, '&since=now')).toEqual(['open', 'end-of-stored'])
  expect(await poll(front, '&search=BREAD')).toEqual(['open', 3, 'end-of-stored'])
})

test.each([
  ['?since=yesterday', 400, 40_005],
  [`?since=${'0'.repeat(64)}`, 404, 40_404],
  [`?search=${'a'.repeat(201)}`, 400, 40_005],
])('GET /to/wall/json%s: %i', async (query, status, number) => {
  const { port } = await startInbox()
  const answer = await ask(port, `/to/wall/json${query}`)
  expect([answer.status, JSON.parse(answer.text).error.number]).toEqual([status, number])
})

test('without since, only new messages are sent', async () => {
  const { inbox, url } = await startInbox()
  inbox.deliver({})
  const { lines } = await readLines(`${url}/to/wall/json`)
  await waitFor(() => lines.length === 2, 5_000, 'the mark')
  inbox.deliver({})
  await waitFor(() => lines.length === 3, 5_000, 'the new one')
  expect(shape(lines)).toEqual(['open', 'end-of-stored', 2])
})

test('keepAliveMs is how often an idle stream sends a keepalive', async () => {
  const { url } = await startInbox({ limits: { keepAliveMs: 5 } })
  const { lines } = await readLines(`${url}/to/wall/json`)
  await waitFor(() => lines.filter(({ event }) => event === 'keepalive').length >= 2, 5_000, 'two signs of life')
})

test('/sse: messages have their sequence as id, and a reader that returns with the last one goes on there', async () => {
  const { inbox, port } = await startInbox()
  for (let i = 0; i < 3; i++) inbox.deliver({})
  const answer = await ask(port, '/to/wall/sse?poll=1&since=all', { headers: { 'last-event-id': '1' } })
  expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  const events = answer.text.split('\n\n').filter(Boolean)
  expect(events.map((event) => event.split('\ndata: ')[0])).toEqual([
    'id: 1\nevent: opened',
    'id: 2',
    'id: 3',
    'id: 3\nevent: end-of-stored',
  ])
  expect(JSON.parse(events[1]?.split('data: ')[1] ?? '').sequence).toBe(2)
})

test('a reader that takes nothing is cut, and nothing is read for it meanwhile', async () => {
  const { inbox, port } = await startInbox({}, { idleTimeoutMs: 300 })
  for (let i = 0; i < 400; i++) inbox.deliver({ body: 'x'.repeat(65_536) })
  const socket = connect(port, '127.0.0.1')
  let isClosed = false
  socket.on('error', () => {})
  socket.on('close', () => (isClosed = true))
  onTestFinished(() => void socket.destroy())
  socket.pause()
  socket.write('GET /to/wall/json?since=all HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await waitFor(() => inbox.listeners === 1, 5_000, 'it is being read')
  await waitFor(() => inbox.listeners === 0, 10_000, 'it is read no more')
  expect(inbox.queries).toBeLessThan(400 / 32)
  socket.resume()
  await waitFor(() => isClosed, 10_000, 'the cut')
})

test('an inbox that breaks ends the stream and is logged, and its place is free again', async () => {
  const events: GatewayEvent[] = []
  const { inbox, url, port } = await startInbox({ limits: { maxOpen: 1 }, onEvent: (event) => events.push(event) })
  const { lines, isOver } = await readLines(`${url}/to/wall/json`)
  await waitFor(() => lines.length === 2, 5_000, 'the mark')
  expect((await ask(port, '/to/wall/json?poll=1')).status).toBe(429)
  const works = inbox.messages
  inbox.messages = () => {
    throw new Error('the disk is gone')
  }
  inbox.deliver({})
  await waitFor(isOver, 5_000, 'the end')
  expect(events.filter(({ type }) => type === 'failed')).toEqual([
    expect.objectContaining({ path: '/to/wall/json', error: expect.any(Error) }),
  ])
  inbox.messages = works
  expect((await ask(port, '/to/wall/json?poll=1')).status).toBe(200)
})

test('a client that leaves gives its place back', async () => {
  const { url, port } = await startInbox({ limits: { maxOpen: 1 } })
  const leaving = new AbortController()
  const response = await fetch(`${url}/to/wall/sse`, { signal: leaving.signal })
  expect(response.status).toBe(200)
  expect((await ask(port, '/to/wall/json?poll=1')).status).toBe(429)
  leaving.abort()
  await waitFor(async () => (await ask(port, '/to/wall/json?poll=1')).status === 200, 5_000, 'a place')
})

test('streams end when the gateway closes', async () => {
  const { url, close } = await startInbox()
  const { lines, isOver } = await readLines(`${url}/to/wall/json`)
  await waitFor(() => lines.length === 2, 5_000, 'the mark')
  close()
  await waitFor(isOver, 5_000, 'the end')
})

test('HEAD tells the form and keeps nothing open; no page of another origin is granted anything', async () => {
  const { port } = await startInbox({ limits: { maxOpen: 1 } })
  for (let i = 0; i < 2; i++) {
    const head = await ask(port, '/to/wall/json', { method: 'HEAD' })
    expect([head.status, head.headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8'])
  }
  const preflight = await ask(port, '/to/wall/json', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })
  expect([preflight.headers.allow, preflight.headers['access-control-allow-origin']]).toEqual(['GET, HEAD, OPTIONS', undefined])
})

const STRANGERS: [string, Record<string, string>][] = [
  ['a page of another site', { origin: 'https://evil.example' }],
  ['a held page', { origin: 'null' }],
  ['a request of a page that hides its origin', { 'sec-fetch-site': 'cross-site' }],
  ['a name that was rebound to this machine', { host: 'evil.example' }],
  ['somebody behind a proxy', { 'x-forwarded-for': '192.0.2.1' }],
]

test.each(STRANGERS)('own data is not for %s', async (_, headers) => {
  const { port } = await startInbox()
  for (const form of ['json', 'sse', 'ws']) expect((await ask(port, `/to/wall/${form}?poll=1`, { headers })).status).toBe(403)
})

test('from another machine it takes the token', async () => {
  const { port } = await startInbox({ token: 'secret', publicUrl: 'https://inbox.example' })
  const far = { host: 'inbox.example', 'x-forwarded-for': '192.0.2.1' }
  const ask3 = (headers: Record<string, string>) => ask(port, '/to/wall/json?poll=1', { headers: { ...far, ...headers } })
  expect((await ask3({})).status).toBe(401)
  expect((await ask3({ authorization: 'Bearer wrong' })).status).toBe(401)
  expect((await ask3({ authorization: 'Bearer secret' })).status).toBe(200)
  expect((await ask3({ authorization: `Basic ${btoa('me:secret')}` })).status).toBe(200)
  expect((await ask3({ authorization: `Basic ${btoa('me:secret')}`, origin: 'https://evil.example' })).status).toBe(403)
})

test('404 for an end that is not received, and where nothing is', async () => {
  const { port } = await startInbox()
  const other = await ask(port, '/to/other/json')
  expect([other.status, codeOf(other), JSON.parse(other.text).error.number]).toEqual([404, 'ERR_NOT_FOUND', 40_403])
  const node = await startNode()
  onTestFinished(() => node.stop())
  const plain = await createTestGateway(withRecordingMessages(node.peer).peer)
  for (const form of ['json', 'sse', 'ws']) {
    const none = await ask(plain.port, `/to/wall/${form}`)
    expect([none.status, JSON.parse(none.text).error.number]).toEqual([404, 40_402])
  }
})

test('a receiver’s own gateway says in words where messages are read, tells of those that it sent, and has an icon', async () => {
  const { port } = await startInbox()
  for (const headers of [{}, { 'sec-fetch-dest': 'document' }]) {
    const answer = await ask(port, '/to/wall', { headers })
    expect([answer.status, answer.text.includes('/inbox')]).toEqual([405, true])
  }
  expect((await ask(port, `/api/v1/messages/${'0'.repeat(64)}`)).status).toBe(404)
  const far = await ask(port, `/api/v1/messages/${'0'.repeat(64)}`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
  expect(far.status).toBe(403)
  expect((await ask(port, '/favicon.ico')).headers['content-type']).toBe('image/x-icon')
})

test('a post at a receiver’s own gateway is in the receiver’s name, and for its owner only', async () => {
  const { inbox, port } = await startInbox()
  expect((await ask(port, '/to/wall', { method: 'POST', body: 'hi' })).status).toBe(202)
  expect(inbox.posted).toEqual([{ end: '#wall', draft: { body: 'hi' } }])
  const far = await ask(port, '/to/wall', { method: 'POST', body: 'hi', headers: { 'x-forwarded-for': '192.0.2.1' } })
  expect([far.status, inbox.posted.length]).toEqual([403, 1])
})

/** The messages of a websocket, and how it ended. */
function openSocket(url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers })
  const seen = { lines: [] as Line[], status: 0, isClosed: false }
  socket.on('message', (data) => seen.lines.push(JSON.parse(String(data))))
  socket.on('unexpected-response', (_request, response) => {
    seen.status = response.statusCode ?? 0
    response.resume()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    seen.isClosed = true
  })
  onTestFinished(() => socket.terminate())
  return { socket, seen }
}

/** A whole node with an inbox: pages, overlay and messages on one port. */
async function startWhole(token?: string) {
  const inbox = createMemoryInbox()
  const server = createGatewayServer()
  const node = await startNode({ server: server.server })
  onTestFinished(async () => {
    await node.stop()
    await server.stop()
  })
  const { peer } = withRecordingMessages(node.peer)
  server.serve(createGateway({ peer, version: '0.0.0-test', inbox, ...(token !== undefined && { token }) }))
  return { inbox, node, port: node.port, url: `ws://127.0.0.1:${node.port}` }
}

test('/ws: the same events on the port that the overlay has, which goes on beside it', async () => {
  const { inbox, url, port, node } = await startWhole()
  inbox.deliver({})
  const { seen, socket } = openSocket(`${url}/to/%23wall/ws?since=all`)
  await waitFor(() => seen.lines.length === 3, 5_000, 'the mark')
  inbox.deliver({})
  await waitFor(() => seen.lines.length === 4, 5_000, 'the new one')
  expect(shape(seen.lines)).toEqual(['open', 1, 'end-of-stored', 2])
  expect(node.listener.sockets).toBe(0)
  const other = await startNode({ join: [node.address] })
  onTestFinished(() => other.stop())
  await other.peer.joined({ signal: AbortSignal.timeout(5_000) })
  socket.close()
  await waitFor(() => seen.isClosed, 5_000, 'the end')
  expect((await ask(port, '/healthz')).status).toBe(200)
})

test('/ws?poll=1 ends by itself', async () => {
  const { inbox, url } = await startWhole()
  inbox.deliver({})
  const { seen } = openSocket(`${url}/to/wall/ws?poll=1`)
  await waitFor(() => seen.isClosed, 5_000, 'the end')
  expect(shape(seen.lines)).toEqual(['open', 1, 'end-of-stored'])
})

test('/ws is refused like a request: for its origin, for an unknown end, for a wrong since', async () => {
  const { url, port } = await startWhole()
  const status = async (path: string, headers: Record<string, string> = {}) => {
    const { seen } = openSocket(`${url}${path}`, headers)
    await waitFor(() => seen.status !== 0, 5_000, 'the refusal')
    return seen.status
  }
  expect(await status('/to/wall/ws', { origin: 'https://evil.example' })).toBe(403)
  expect(await status('/to/wall/ws', { origin: 'null' })).toBe(403)
  expect(await status('/to/wall/ws', { host: 'evil.example' })).toBe(403)
  expect(await status('/to/other/ws')).toBe(404)
  expect(await status('/to/wall/ws?since=never')).toBe(400)
  expect(await status('/to/%zz/ws')).toBe(400)
  const { seen } = openSocket(`${url}/to/wall/ws`, { origin: `http://127.0.0.1:${port}` })
  await waitFor(() => seen.lines.length > 0, 5_000, 'a page of our own may')
  expect((await ask(port, '/to/wall/ws')).status).toBe(426)
})

test('/ws: a client that takes nothing is cut', async () => {
  const { inbox, port } = await startInbox({}, { idleTimeoutMs: 300 })
  for (let i = 0; i < 400; i++) inbox.deliver({ body: 'x'.repeat(65_536) })
  const socket = connect(port, '127.0.0.1')
  let isClosed = false
  socket.on('error', () => {})
  socket.on('close', () => (isClosed = true))
  onTestFinished(() => void socket.destroy())
  socket.pause()
  socket.write(
    `GET /to/wall/ws?since=all HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`,
  )
  await waitFor(() => inbox.listeners === 1, 5_000, 'it is being read')
  await waitFor(() => inbox.listeners === 0, 10_000, 'it is read no more')
  expect(inbox.queries).toBeLessThan(400 / 32)
  socket.resume()
  await waitFor(() => isClosed, 10_000, 'the cut')
})
