/** Requests as programs write them by hand, on a socket of their own: half closed, with strange codings, two names, whole URLs; and readers that stop. */

import { connect, type Socket } from 'node:net'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { createGateway, createGatewayServer } from '../../../gateway/index.ts'
import { startInbox } from '../../helpers/inbox-front.ts'
import { startNode, type TestNode } from '../../helpers/network.ts'
import { waitFor } from '../../helpers/wait-for.ts'

let node: TestNode
let port: number
beforeAll(async () => {
  node = await startNode()
  const server = createGatewayServer()
  server.serve(createGateway({ peer: node.peer, version: '0.0.0-test' }))
  port = (await server.listen({ port: 0, host: '127.0.0.1' })).port
  return async () => {
    await server.stop()
    await node.stop()
  }
})

/** The answer, until the server closes its side. */
function send(text: string, isHalfClosed = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => (isHalfClosed ? socket.end(text) : socket.write(text)))
    onTestFinished(() => void socket.destroy())
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}

const HOST = 'Host: localhost\r\n'
const CLOSE = 'Connection: close\r\n'

test.each([
  ['a search', `GET /${'0'.repeat(64)}`, '', 404],
  ['an upload', 'PUT /api/v1/content', 'held', 201],
  ['a post that waits', 'POST /to/wall?wait=2s', 'hi', 202],
])('a client that closes its side after its request is answered: %s', async (_, head, body, status) => {
  const answer = await send(`${head} HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`, true)
  // Interim responses come before an answer that takes its time.
  const last = answer.split('HTTP/1.1 102 Processing\r\n\r\n').at(-1) ?? ''
  expect(last.slice(0, 12)).toBe(`HTTP/1.1 ${status}`)
})

test.each([
  ['gzip', 501],
  ['gzip, chunked', 501],
  ['identity', 501],
  ['chunked, chunked', 501],
  ['gzip\r\nTransfer-Encoding: chunked', 501],
  ['Chunked', 405],
  ['chunked\r\nContent-Length: 12', 400],
])('a body with Transfer-Encoding %j is %i', async (coding, status) => {
  const answer = await send(`POST /healthz HTTP/1.1\r\n${HOST}${CLOSE}Transfer-Encoding: ${coding}\r\n\r\n2\r\nhi\r\n0\r\n\r\n`)
  expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`)
  if (status === 501) expect(answer).toMatch(/may have the transfer coding .*chunked/)
})

test.each([
  ['of two names', `${HOST}Host: other.example\r\n`],
  ['of one name', HOST + HOST],
  ['of a websocket', `${HOST}Host: other.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AA==\r\n`],
])('two Host headers %s are 400', async (_, headers) => {
  const answer = await send(`GET /healthz HTTP/1.1\r\n${headers}${headers.includes('Upgrade') ? '' : CLOSE}\r\n`, true)
  expect(answer).toMatch(/^HTTP\/1.1 400 [^]*2 Host headers/)
})

test('a target that is a whole URL does not name the link: Host does', async () => {
  const put = `PUT http://evil.example/api/v1/content HTTP/1.1\r\n${HOST}${CLOSE}Content-Length: 4\r\n\r\nlink`
  const answer = await send(put)
  expect(answer).toMatch(/^HTTP\/1.1 201 /)
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '').url).toMatch(/^http:\/\/localhost\/[0-9a-f]{64}$/)
  expect(answer).not.toContain('evil.example')
  for (const target of ['http://localhost/healthz', 'HTTP://localhost:4000/healthz', 'https://localhost?x']) {
    expect(await send(`GET ${target} HTTP/1.1\r\n${HOST}${CLOSE}\r\n`)).toMatch(/^HTTP\/1.1 200 /)
  }
})

/** Opens a feed, and reads nothing of it. */
async function openFeed(feedPort: number, query: string): Promise<Socket> {
  const socket = connect({ port: feedPort, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET /to/wall/sse?${query} HTTP/1.1\r\n${HOST}\r\n`)
  return socket
}

test('a feed whose reader takes nothing is cut after idleTimeoutMs, not after twice as long', async () => {
  const idleTimeoutMs = 800
  const { inbox, port: feedPort } = await startInbox({}, { idleTimeoutMs })
  for (let i = 0; i < 400; i++) inbox.deliver({ body: 'x'.repeat(65_536) })
  await openFeed(feedPort, 'since=all')
  await waitFor(() => inbox.listeners === 1, 5_000, 'it is being read')
  const startedAtMs = performance.now()
  let isLate = false
  const late = setTimeout(() => (isLate = inbox.listeners > 0), 1.9 * idleTimeoutMs)
  onTestFinished(() => clearTimeout(late))
  await waitFor(() => inbox.listeners === 0, 10_000, 'it is cut')
  expect([performance.now() - startedAtMs > idleTimeoutMs / 2, isLate]).toEqual([true, false])
})

test('a feed whose client closes its side gives its place back', async () => {
  const { inbox, port: feedPort } = await startInbox()
  const socket = await openFeed(feedPort, 'since=now')
  await waitFor(() => inbox.listeners === 1, 5_000, 'it is being read')
  socket.end()
  await waitFor(() => inbox.listeners === 0, 10_000, 'it is over')
})
