/** Answers that lie ready: which requests get them, and that nobody can tell them from any other answer. */

import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createReadyAnswers } from '../../../gateway/content/ready-answers.ts'
import { decodeKeyHex } from '../../../node/index.ts'
import { ask, clientAt, createTestGateway } from '../../helpers/gateway.ts'
import { BROWSER, startSmallNode } from '../../helpers/gateway-front.ts'

const hash = 'ab'.repeat(32)
const whole = { key: decodeKeyHex(hash), hash, bytes: Uint8Array.of(0, 127, 128, 255), headers: { etag: `"${hash}"`, vary: 'Origin' } }
const client = clientAt('127.0.0.1')
const HOST = ['Host', 'localhost']

function createAnswers(state = { isInMemory: true, isDenied: false, isFree: true }) {
  const content = { isInMemory: () => state.isInMemory }
  const ready = createReadyAnswers({ content, isDenied: () => state.isDenied, isFree: () => state.isFree })
  ready.remember(`/${hash}`, whole)
  const find = (rawHeaders = HOST, target = `/${hash}`) => ready.find(target, rawHeaders, client)
  return { ready, state, find }
}

test('ready answer: each byte is one character, each header a name and a value', () => {
  const { find } = createAnswers()
  expect(find()).toMatchObject({ headers: ['etag', `"${hash}"`, 'vary', 'Origin'], body: '\0\x7f\x80\xff' })
})

const HEADERS: [string[], boolean][] = [
  [['Accept', '*/*', 'User-Agent', 'curl', 'HOST', 'a'], true],
  [[...HOST, 'Sec-Fetch-Dest', 'image', 'Sec-Fetch-Site', 'cross-site', 'Cookie', 'a=b'], true],
  [[...HOST, 'Sec-Fetch-Dest', 'document'], false],
  [[...HOST, 'Sec-Fetch-Dest', 'serviceworker'], false],
  [[...HOST, 'X-Unknown', '1'], false],
  [[...HOST, ...HOST], false],
  [[], false],
  ...['Range', 'If-Range', 'If-Match', 'If-None-Match', 'If-Modified-Since', 'Want-Digest', 'Origin', 'Upgrade-Insecure-Requests'].map(
    (name): [string[], boolean] => [[...HOST, name, '1'], false],
  ),
  ...['Service-Worker', 'Sec-WebSocket-Key', 'Upgrade', 'Content-Length', 'Transfer-Encoding', 'Expect', 'Authorization'].map(
    (name): [string[], boolean] => [[...HOST, name, '1'], false],
  ),
]

test.each(HEADERS)('ready answer: a request with the headers %j may have it: %s', (rawHeaders, isGiven) => {
  expect(createAnswers().find(rawHeaders) !== undefined).toBe(isGiven)
})

test('ready answer: none for another target, a client without room, denied content, or content that is gone', () => {
  const { find, state } = createAnswers()
  expect(find(HOST, `/${hash}?`)).toBeUndefined()
  expect(find(HOST, `/raw/${hash}`)).toBeUndefined()
  state.isFree = false
  expect(find()).toBeUndefined()
  state.isFree = true
  expect(find()).toBeDefined()
  state.isDenied = true
  expect(find()).toBeUndefined()
  const other = createAnswers()
  other.state.isInMemory = false
  expect(other.find()).toBeUndefined()
  other.state.isInMemory = true
  expect(other.find()).toBeUndefined() // it is made anew by the next answer
})

test('ready answer: none is kept of content that is large, or not in memory', () => {
  const { ready, state } = createAnswers()
  ready.remember('/large', { ...whole, bytes: new Uint8Array(16_385) })
  expect(ready.find('/large', HOST, client)).toBeUndefined()
  state.isInMemory = false
  ready.remember('/elsewhere', whole)
  state.isInMemory = true
  expect(ready.find('/elsewhere', HOST, client)).toBeUndefined()
})

const REQUESTS: [string, string, Record<string, string>][] = [
  ['whole', 'GET', {}],
  ['HEAD', 'HEAD', {}],
  ['range', 'GET', { range: 'bytes=1-3' }],
  ['bad range', 'GET', { range: 'bytes=999999-' }],
  ['not modified', 'GET', { 'if-none-match': '*' }],
  ['precondition', 'GET', { 'if-match': '"other"' }],
  ['digest', 'GET', { 'want-digest': 'sha-256' }],
  ['script of another page', 'GET', { origin: 'https://a.example', 'sec-fetch-dest': 'script' }],
  ['service worker', 'GET', { 'service-worker': 'script' }],
  ['viewer', 'GET', BROWSER],
  ['no host', 'GET', { host: 'a b' }],
  ['POST', 'POST', {}],
]

test('ready answer: the first answer and those after it are the same, whatever is asked', async () => {
  const node = await startSmallNode({})
  const seen: string[] = []
  const { port, url } = await createTestGateway(node.peer, {
    onEvent: (event) => event.type === 'request' && seen.push(`${event.method} ${event.route} ${event.status}`),
  })
  const { hash: held } = (await (await fetch(`${url}/api/v1/content`, { method: 'PUT', body: 'text that is held' })).json()) as {
    hash: string
  }
  const askAll = async () => {
    seen.length = 0
    const answers = []
    for (const path of [`/${held}`, `/raw/${held}`])
      for (const [name, method, headers] of REQUESTS) {
        const { status, headers: received, text } = await ask(port, path, { method, headers })
        const { date: _, ...kept } = received
        answers.push({ name, status, kept, text })
      }
    return { answers, events: [...seen] }
  }
  const first = await askAll()
  expect(await askAll()).toEqual(first)
  expect(first.answers[0]).toMatchObject({ status: 200, text: 'text that is held' })
  expect(first.answers.filter(({ name }) => name === 'no host').map(({ status }) => status)).toEqual([400, 400])

  await fetch(`${url}/api/v1/content/${held}`, { method: 'DELETE' })
  expect((await ask(port, `/${held}`)).status).not.toBe(200)
})

test('ready answer: a request that waits behind another on its connection comes after it', async () => {
  const node = await startSmallNode({})
  const { port, url } = await createTestGateway(node.peer)
  const put = await fetch(`${url}/api/v1/content`, { method: 'PUT', body: 'first in, first out' })
  const { hash: held } = (await put.json()) as { hash: string }
  await ask(port, `/${held}`)
  const socket = connect(port, '127.0.0.1')
  socket.write(`GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET /${held} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += chunk
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
  expect(text.indexOf('first in')).toBeGreaterThan(text.lastIndexOf('HTTP/1.1 200'))
  expect(text.endsWith('first in, first out')).toBe(true)
})
