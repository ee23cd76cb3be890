/** The websocket of a visitor to a share, on a real socket: what a gateway passes on, and visitors who send garbage, too much, or do not read. */

import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createShareVisits, isShareVisit } from '../../gateway/api/share-visits.ts'
import { createAnswering } from '../../gateway/http/answering.ts'
import { createRateLimit } from '../../gateway/limits/rate-limit.ts'
import { createGatewayServer } from '../../gateway/server.ts'
import { GATEWAY_DEFAULTS, type Gateway, type GatewayLimits } from '../../gateway/types.ts'
import { MayflyError, SHARE_SUBPROTOCOL, type Sharing, type VisitListener } from '../../node/index.ts'
import { waitFor } from '../helpers/wait-for.ts'

const ID = 'a'.repeat(52)
const WAIT_MS = 20_000

interface Sharer {
  listener: VisitListener
  received: Uint8Array[]
  isPaused: boolean
  hasClosed: boolean
}

/** A gateway whose sharers are the test's own. */
async function openWorld(limits: Partial<GatewayLimits> = {}, given: { passOn?: Sharing['passOn']; refused?: string } = {}) {
  const sharers: Sharer[] = []
  const closing = new AbortController()
  const passOn: Sharing['passOn'] = async (_, listener) => {
    const sharer: Sharer = { listener, received: [], isPaused: false, hasClosed: false }
    sharers.push(sharer)
    return {
      send: (message) => sharer.received.push(message) > 0,
      writable: async () => true,
      pause: () => void Object.assign(sharer, { isPaused: true }),
      resume: () => void Object.assign(sharer, { isPaused: false }),
      close: () => void Object.assign(sharer, { hasClosed: true }),
    }
  }
  const rate = createRateLimit({
    burst: 100,
    perSecond: 100,
    now: () => performance.now(),
    words: { does: 'searches', things: 'searches' },
  })
  const visits = createShareVisits({
    ...{ passOn: given.passOn ?? passOn, limits: { ...GATEWAY_DEFAULTS, ...limits }, rate, firstJoin: async () => {} },
    ...{ refusedOrigin: () => given.refused, closing: closing.signal },
  })
  const answering = createAnswering({
    async answer(incoming) {
      visits.expect(incoming)
      return new Response('elsewhere', { status: 404 })
    },
    openFeed: () => {
      throw new Error('no feed')
    },
    ...{ openVisit: visits.open, closing: closing.signal, onEvent: undefined },
  })
  const gateway: Gateway = {
    ...{ ...answering, maxBodyBytes: 0, takesSocket: () => false, takesVisit: isShareVisit, drain() {} },
    close: () => closing.abort(),
  }
  const server = createGatewayServer()
  server.serve(gateway)
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.stop())
  return { port, visits, sharers, server }
}

function connect(port: number, path = `/s/${ID}/first`): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, SHARE_SUBPROTOCOL)
  socket.on('error', () => {}) // told by its close, or by the answer
  onTestFinished(() => socket.terminate())
  return socket
}

const opened = (socket: WebSocket) => new Promise((resolve) => socket.once('open', resolve))
const closedWith = (socket: WebSocket) => new Promise<number>((resolve) => socket.once('close', resolve))
const refusedWith = (socket: WebSocket) =>
  new Promise<number | undefined>((resolve) => socket.once('unexpected-response', (_, { statusCode }) => resolve(statusCode)))

async function visit(world: Awaited<ReturnType<typeof openWorld>>) {
  const socket = connect(world.port)
  await opened(socket)
  await waitFor(() => world.sharers.length > 0, WAIT_MS, 'the sharer is asked')
  return { socket, sharer: world.sharers.at(-1) as Sharer }
}

/** Asks for the document of the link, as a browser whose person opens it. */
async function openLink(port: number, { method = 'GET', path = `/s/${ID}`, headers = {} } = {}): Promise<void> {
  const asked = request({ port, method, path, headers: { 'sec-fetch-dest': 'document', ...headers } }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  await once(answer.resume(), 'end')
}

/** Nothing of the visit is left. */
const untilOver = (world: Awaited<ReturnType<typeof openWorld>>) =>
  waitFor(() => world.visits.size === 0 && world.sharers.every(({ hasClosed }) => hasClosed), WAIT_MS, 'all is given back')

test('messages are passed on as they are, both ways; an end is an end at the other side', async () => {
  const world = await openWorld()
  const { socket, sharer } = await visit(world)
  expect(socket.protocol).toBe(SHARE_SUBPROTOCOL)
  const messages: string[] = []
  socket.on('message', (data: Buffer) => messages.push(data.toString()))
  for (const word of ['one', 'two']) sharer.listener.onMessage(Buffer.from(word))
  for (const word of ['three', 'four']) socket.send(Buffer.from(word))
  await waitFor(() => messages.length === 2 && sharer.received.length === 2, WAIT_MS, 'the messages')
  expect([messages, sharer.received.map((each) => Buffer.from(each).toString())]).toEqual([
    ['one', 'two'],
    ['three', 'four'],
  ])
  socket.close()
  await untilOver(world)
})

/** Deeds of a visitor, and the code by which its websocket closes. */
const HOSTILE: [string, number, (socket: WebSocket) => void, Partial<GatewayLimits>?][] = [
  ['sends text', 4_408, (socket) => socket.send('text')],
  ['sends a message that is too large', 1_009, (socket) => socket.send(new Uint8Array(16_385))],
  [
    'sends too much',
    4_408,
    (socket) => {
      for (let n = 0; n < 20; n++) socket.send(new Uint8Array(16_384))
    },
  ],
  ['says nothing', 4_408, () => {}, { maxVisitMs: 100 }],
]

test.each(HOSTILE)('a visitor that %s is cut with %i, and nothing of it is left', async (_, code, act, limits) => {
  const world = await openWorld(limits)
  const socket = connect(world.port)
  const closed = closedWith(socket)
  await opened(socket)
  act(socket)
  expect(await closed).toBe(code)
  await untilOver(world)
  expect(world.sharers.flatMap(({ received }) => received).reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThanOrEqual(
    262_144,
  )
})

test('a visitor that does not read holds the sharer back, which goes on when it reads; beyond the limit it is cut', async () => {
  const world = await openWorld({ maxVisitBytes: 40_000_000 })
  const { socket, sharer } = await visit(world)
  socket.pause()
  let given = 0
  const chunk = new Uint8Array(65_536)
  const fill = async () => {
    while (!sharer.isPaused && given < 30_000_000) {
      sharer.listener.onMessage(chunk)
      given += chunk.byteLength
      await new Promise(setImmediate)
    }
  }
  await fill()
  expect(sharer.isPaused).toBe(true)
  socket.resume()
  await waitFor(() => !sharer.isPaused, WAIT_MS, 'it reads')
  const closed = closedWith(socket)
  for (let n = 0; n < 700; n++) sharer.listener.onMessage(chunk)
  expect(await closed).toBe(4_408)
  await untilOver(world)
})

test('three wrong visitors of one address, and it waits; a share that nobody has, and a sharer that goes, close with a code', async () => {
  const nobody: Sharing['passOn'] = async () => {
    throw new MayflyError('ERR_UNAVAILABLE', 'nobody')
  }
  expect(await closedWith(connect((await openWorld({}, { passOn: nobody })).port))).toBe(4_404)
  const world = await openWorld()
  const end = async (reason: 'wrong' | 'left') => {
    const { socket, sharer } = await visit(world)
    const closed = closedWith(socket)
    sharer.listener.onEnd(reason)
    return closed
  }
  expect(await end('left')).toBe(4_410)
  for (let n = 0; n < 4; n++) expect(await end('wrong')).toBe(4_403)
  expect(await refusedWith(connect(world.port))).toBe(429)
  await untilOver(world)
})

test('a page that may not join, an address with too many visits, and another path are refused', async () => {
  expect(await refusedWith(connect((await openWorld({}, { refused: 'https://site.example' })).port))).toBe(403)
  const world = await openWorld({ maxVisitsPerAddress: 1 })
  await visit(world)
  expect(await refusedWith(connect(world.port))).toBe(429)
  expect(await refusedWith(connect(world.port, '/s/x/first'))).toBeGreaterThanOrEqual(400)
})

test('a gateway that stops ends its visits', async () => {
  const world = await openWorld()
  const { socket } = await visit(world)
  const closed = closedWith(socket)
  void world.server.stop()
  expect([4_408, 1_006]).toContain(await closed)
  await untilOver(world)
})

test('a browser that opens a link: the sharer is asked with its document, and what it says waits for the websocket', async () => {
  const world = await openWorld()
  await openLink(world.port)
  await waitFor(() => world.sharers.length > 0, WAIT_MS, 'the sharer is asked')
  const [sharer] = world.sharers as [Sharer]
  sharer.listener.onMessage(Buffer.from('key'))
  const socket = connect(world.port)
  const [key] = (await once(socket, 'message')) as [Buffer]
  expect(key.toString()).toBe('key')
  socket.send(Buffer.from('mine'))
  await waitFor(() => sharer.received.length > 0, WAIT_MS, 'its message')
  const second = await visit(world) // a second visitor has a sharer's end of its own
  expect(world.sharers.length).toBe(2)
  for (const each of [socket, second.socket]) each.close()
  await untilOver(world)
})

test('a sharer that has gone meanwhile, or was not to be had, is asked again for the visit itself', async () => {
  const world = await openWorld()
  await openLink(world.port)
  await waitFor(() => world.sharers.length > 0, WAIT_MS, 'the sharer is asked')
  world.sharers[0]?.listener.onEnd('over')
  const socket = connect(world.port)
  await waitFor(() => world.sharers.length > 1, WAIT_MS, 'it is asked again')
  socket.close()
  await untilOver(world)
})

test('a wrong visitor that was expected is counted as any', async () => {
  const world = await openWorld()
  for (let n = 0; n < 4; n++) {
    await openLink(world.port)
    await waitFor(() => world.sharers.length > n, WAIT_MS, 'the sharer is asked')
    const socket = connect(world.port)
    await opened(socket)
    const closed = closedWith(socket)
    world.sharers.at(-1)?.listener.onEnd('wrong')
    expect(await closed).toBe(4_403)
  }
  await openLink(world.port)
  expect(world.sharers.length).toBe(4)
  expect(await refusedWith(connect(world.port))).toBe(429)
})

const NO_VISITORS: [string, Parameters<typeof openLink>[1]][] = [
  ['a program', { headers: { 'sec-fetch-dest': '' } }],
  ['a page that fetches it', { headers: { 'sec-fetch-dest': 'empty' } }],
  ['a frame', { headers: { 'sec-fetch-dest': 'iframe' } }],
  ['a browser that fetches ahead', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
  ['an older browser that fetches ahead', { headers: { purpose: 'prefetch' } }],
  ['a preview that asks for the head alone', { method: 'HEAD' }],
  ['a browser that opens something else', { path: '/s' }],
]

test.each(NO_VISITORS)('%s asks no sharer', async (_, asked) => {
  const world = await openWorld()
  await openLink(world.port, asked)
  expect(world.sharers.length).toBe(0)
})
