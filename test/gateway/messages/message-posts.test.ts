/** `POST /to/<end>` over a real socket: posts, answers and refusals. */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../../gateway/index.ts'
import {
  hashnameOf,
  MayflyError,
  type MessageRefusal,
  type Messages,
  type OutboxEntry,
  type Peer,
  type PostOutcome,
} from '../../../node/index.ts'
import { type Answer, type Asked, ask, clientAt, codeOf, createTestGateway, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { createMessageKeeper } from '../../helpers/message-keeper.ts'
import { startNode, type TestNode } from '../../helpers/network.ts'
import { type RecordingMessages, withRecordingMessages } from '../../helpers/recording-messages.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const STATE_PATH = `/api/v1/messages/${'01'.repeat(32)}`
const ENTRY = { end: '#wall', envelope: new Uint8Array(), createdAtMs: 0, expiresAtMs: 9, tries: 1, nextTryAtMs: 0, claimedUntilMs: 0 }
const BROWSER = { 'sec-fetch-dest': 'document' }
const HASHNAME = `${'ab2c'.repeat(12)}ab2a`

let node: TestNode
let front: TestGateway
let recorded: ReturnType<typeof withRecordingMessages>
let messages: RecordingMessages

beforeAll(async () => {
  node = await startNode()
  recorded = withRecordingMessages(node.peer)
  messages = recorded.messages
  front = await startGateway(recorded.peer)
})
afterAll(async () => {
  await front.server.stop()
  await node.stop()
})
beforeEach(() => {
  messages.posted.length = 0
  messages.entries.clear()
  messages.onPost = () => ({ state: 'queued', nodes: 2, untilMs: 5 })
})

const post = (path: string, asked: Asked = {}) => ask(front.port, path, { method: 'POST', body: 'hello', ...asked })
const numberOf = (answer: Answer): number => JSON.parse(answer.text).error.number

test.each([
  ['/to/wall', '#wall'],
  ['/to/%23wall', '#wall'],
  ['/to/b%C3%A4ckerei', '#bäckerei'],
  [`/to/${HASHNAME}`, HASHNAME],
  ['/to/json', '#json'],
])('POST %s posts to %s', async (path, end) => {
  expect((await post(path)).status).toBe(202)
  expect(messages.posted.map((each) => each.end)).toEqual([end])
})

test.each([
  ['/to/', 400],
  ['/to/%2Fwall', 400],
  ['/to/%2523wall', 400],
  ['/to/a%20b', 400],
  [`/to/${'a'.repeat(65)}`, 400],
  [`/to/${HASHNAME.slice(1)}b`, 400],
  [`/to/${HASHNAME.toUpperCase()}`, 400],
  [`/to/%23${HASHNAME}`, 400],
  ['/to/%', 400],
  ['/to/a%00', 400],
  ['/to/%ff', 400],
  ['/to/wall/x', 404],
  ['/to/wall/json', 405],
])('POST %s is decoded once, or refused: %i', async (path, status) => {
  expect((await post(path)).status).toBe(status)
  expect(messages.posted).toEqual([])
})

test.each([
  ['what curl sends', FORM, 'hello', { body: 'hello' }],
  ['text without a type', {}, 'hello', { body: 'hello' }],
  ['bytes without a type', {}, Uint8Array.of(255), { body: Uint8Array.of(255) }],
  ['a type of its own', { 'content-type': 'text/markdown' }, '# a', { body: Buffer.from('# a'), type: 'text/markdown' }],
  ['JSON', JSON_TYPE, '{"body":"hi"}', { body: 'hi' }],
  [
    'JSON with all it may have',
    { 'content-type': 'Application/JSON; charset=utf-8' },
    '{"body":"hi","type":"text/x-a","fields":{"re":"1"},"ttlMs":5000}',
    { body: 'hi', type: 'text/x-a', fields: { re: '1' }, ttlMs: 5_000 },
  ],
] as const)('the message is %s', async (_, headers, body, expected) => {
  expect((await post('/to/wall', { headers, body })).status).toBe(202)
  const { fields, body: said, ...rest } = messages.posted[0]?.draft ?? { body: '' }
  const { via, ...others } = fields ?? {}
  expect(via).toBe(`127.0.0.1:${front.port}`)
  const bytes = (value: string | Uint8Array) => (typeof value === 'string' ? value : Buffer.from(value))
  expect({ ...rest, body: bytes(said), ...(Object.keys(others).length > 0 && { fields: others }) }).toEqual({
    ...expected,
    body: bytes(expected.body),
  })
})

test.each([
  ['no JSON', JSON_TYPE, '{"body"', 400, 40_001],
  ['a list', JSON_TYPE, '["hi"]', 400, 40_001],
  ['an unknown key', JSON_TYPE, '{"body":"hi","to":"#b"}', 400, 40_001],
  ['a body that is no text', JSON_TYPE, '{"body":1}', 400, 40_001],
  ['half a character', JSON_TYPE, '{"body":"\\ud800"}', 400, 40_001],
  ['fields that are no texts', JSON_TYPE, '{"body":"hi","fields":{"a":1}}', 400, 40_001],
  ['a gateway’s word of its own', JSON_TYPE, '{"body":"hi","fields":{"via":"bank.example"}}', 400, 40_001],
  ['a form with files', { 'content-type': 'multipart/form-data; boundary=a' }, 'x', 415, 41_501],
  ['an encoding', { 'content-encoding': 'gzip' }, 'x', 415, 41_501],
  ['a body that is too long', FORM, 'x'.repeat(65_537), 413, 41_301],
  ['a text in JSON that is too long', JSON_TYPE, JSON.stringify({ body: 'ä'.repeat(32_769) }), 413, 41_301],
] as const)('refused: %s', async (_, headers, body, status, number) => {
  const answer = await post('/to/wall', { headers, body })
  expect([answer.status, numberOf(answer)]).toEqual([status, number])
  expect(messages.posted).toEqual([])
})

test('a body of just the limit is posted, in JSON too, however its text is written', async () => {
  expect((await post('/to/wall', { headers: FORM, body: 'x'.repeat(65_536) })).status).toBe(202)
  expect((await post('/to/wall', { headers: JSON_TYPE, body: JSON.stringify({ body: '\n'.repeat(65_536) }) })).status).toBe(202)
})

test('stored: 200 with the receivers that stored it', async () => {
  const receiver = new Uint8Array(32).fill(7)
  messages.onPost = () => ({ state: 'stored', receipts: [{ receiver, ids: [], storedAtMs: 9, bytes: new Uint8Array() }] })
  const answer = await post('/to/wall')
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    200,
    {
      id: '01'.repeat(32),
      state: 'stored',
      receipts: [{ receiver: hashnameOf(receiver), storedAtMs: 9 }],
      url: `${front.url}${STATE_PATH}`,
    },
  ])
})

test.each([
  [
    { state: 'heard', taps: 3 },
    { state: 'heard', receipts: [], taps: 3 },
  ],
  [
    { state: 'queued', nodes: 2, untilMs: 5 },
    { state: 'queued', receipts: [], nodes: 2, untilMs: 5 },
  ],
] as [PostOutcome, object][])('not stored yet: 202 with %j', async (outcome, facts) => {
  messages.onPost = () => outcome
  const answer = await post('/to/wall')
  expect([answer.status, JSON.parse(answer.text)]).toEqual([202, { id: '01'.repeat(32), ...facts, url: `${front.url}${STATE_PATH}` }])
  expect(answer.headers.location).toBe(STATE_PATH)
})

test('what became of a message is told later, at the address that its post named', async () => {
  const { port, url } = await createTestGateway(node.peer)
  const posted = await ask(port, '/to/later', { method: 'POST', body: 'hello' })
  const path = posted.headers.location ?? ''
  const { id, url: told } = JSON.parse(posted.text)
  expect([posted.status, told, path]).toEqual([202, url + path, `/api/v1/messages/${id}`])
  const state = async () => JSON.parse((await ask(port, path)).text)
  expect(await state()).toEqual({ id, state: 'queued', nodes: 0, untilMs: expect.any(Number), isFinal: false })
  const { keep } = createMessageKeeper()
  const tap = node.peer.messages.tap('#later', { keep })
  onTestFinished(() => tap.close())
  await waitFor(async () => (await state()).isFinal, 20_000, 'the outbox sends it again')
  expect(await state()).toEqual({ id, state: 'stored', receivers: 1, isFinal: true })
})

test.each([
  [{ state: 'refused', reason: 'muted' }, true, { state: 'refused', reason: 'muted', message: expect.stringContaining('does not want') }],
  [{ state: 'refused', reason: 'sender-rate' }, false, { state: 'queued', nodes: 0, untilMs: 9, reason: 'sender-rate' }],
  [{ state: 'expired' }, true, { state: 'expired' }],
  [{ state: 'heard', taps: 2 }, true, { state: 'heard', taps: 2 }],
  [undefined, false, { state: 'queued', nodes: 0, untilMs: 9 }],
] as [PostOutcome | undefined, boolean, object][])('the state of a message that came to %j, final: %s', async (outcome, isDone, facts) => {
  const id = new Uint8Array(32).fill(1)
  messages.entries.set('01'.repeat(32), { ...ENTRY, id, outcome, isDone })
  expect(JSON.parse((await ask(front.port, STATE_PATH)).text)).toEqual({ id: '01'.repeat(32), ...facts, isFinal: isDone })
})

test('the state of a message that is not remembered is 404, of no id 400, and no page of a stranger may ask', async () => {
  const unknown = await ask(front.port, `/api/v1/messages/${'0'.repeat(64)}`)
  expect([unknown.status, numberOf(unknown)]).toEqual([404, 40_404])
  expect(unknown.text).toContain('last 1000 messages is remembered, for 7 days')
  expect((await ask(front.port, '/api/v1/messages/abc')).status).toBe(400)
  expect((await ask(front.port, STATE_PATH, { headers: { origin: 'https://evil.example' } })).status).toBe(403)
  expect((await ask(front.port, STATE_PATH, { method: 'POST' })).headers.allow).toBe('GET, HEAD, OPTIONS')
})

const REFUSED: [MessageRefusal, number, number, string | undefined][] = [
  ['malformed', 400, 40_004, undefined],
  ['forged', 500, 50_001, undefined],
  ['clock', 500, 50_002, '60'],
  ['unknown-sender', 403, 40_302, undefined],
  ['muted', 403, 40_303, undefined],
  ['unknown-receiver', 404, 40_401, '30'],
  ['sender-rate', 429, 42_901, '5'],
  ['sender-share', 429, 42_902, '60'],
  ['end-full', 429, 42_903, '60'],
  ['full', 429, 42_904, '60'],
  ['no-network', 503, 50_301, '5'],
  ['not-stored', 503, 50_302, '30'],
  ['expired', 504, 50_401, undefined],
]

test.each(REFUSED)('refused as %s: %i, %i', async (reason, status, number, retryAfter) => {
  messages.onPost = () => ({ state: 'refused', reason })
  const answer = await post('/to/wall')
  expect([answer.status, codeOf(answer), numberOf(answer), answer.headers['retry-after']]).toEqual([
    status,
    'ERR_REFUSED',
    number,
    retryAfter,
  ])
  expect(JSON.parse(answer.text).error).toMatchObject({ reason, id: '01'.repeat(32) })
})

test('retry-after is the time that the refusing peer named, where it did', async () => {
  messages.onPost = () => ({ state: 'refused', reason: 'sender-rate', retryAfterMs: 1_200 })
  expect((await post('/to/wall')).headers['retry-after']).toBe('2')
})

test('the table of errors has each number, with its status and its reason', () => {
  const readme = readFileSync(new URL('../../../gateway/README.md', import.meta.url), 'utf8')
  for (const [reason, , number] of REFUSED) expect(readme).toMatch(new RegExp(`\\| ${number} \\|.*\`${reason}\``))
})

test('a message that the outbox cannot write is not-stored, without the path of a file', async () => {
  messages.onPost = () => {
    throw new MayflyError('ERR_NOT_STORED', 'Cannot use the outbox /home/ada/outbox.db: the disk is full')
  }
  const answer = await post('/to/wall')
  expect([answer.status, numberOf(answer), answer.headers['retry-after']]).toEqual([507, 50_701, '30'])
  expect(JSON.parse(answer.text).error.reason).toBe('not-stored')
  expect(answer.text).not.toContain('ada')
})

test('an invalid message or end is the client’s fault', async () => {
  const badEnd = await post('/to/a%20b')
  messages.onPost = () => {
    throw new MayflyError('ERR_BAD_MESSAGE', 'Not a message')
  }
  const badMessage = await post('/to/wall')
  expect([badEnd, badMessage].map((answer) => [answer.status, codeOf(answer), numberOf(answer)])).toEqual([
    [400, 'ERR_BAD_END', 40_002],
    [400, 'ERR_BAD_MESSAGE', 40_003],
  ])
})

test.each([
  ['', undefined, 202],
  ['?wait=5s', 5_000, 202],
  ['?wait=0', 0, 202],
  ['?wait=2m', undefined, 400],
  ['?wait=soon', undefined, 400],
])('POST with %j waits for %s ms from the request on', async (query, waitMs, status) => {
  expect((await post(`/to/wall${query}`)).status).toBe(status)
  const given = messages.posted[0]?.options?.waitMs
  if (!waitMs) expect(given).toBe(waitMs)
  else expect(given).toSatisfy((ms: number) => ms < waitMs && ms > 0)
})

test('a client that goes away while it waits is waited for no longer', async () => {
  const forever = new Promise<PostOutcome>(() => {})
  messages.onPost = () => forever
  const leaving = new AbortController()
  const asked = fetch(`${front.url}/to/wall`, { method: 'POST', body: 'hello', signal: leaving.signal }).catch(() => 'gone')
  await waitFor(() => messages.posted.length === 1, 5_000, 'the post')
  leaving.abort()
  expect(await asked).toBe('gone')
  await waitFor(() => messages.posted[0]?.options?.signal?.aborted === true, 5_000, 'the gateway hears of it')
})

test.each([
  ['a page of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 403],
  ['a held page, or a form in one', { origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
  ['a held page in an old browser', { origin: 'null' }, 403],
  ['a page of another port of this machine', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }, 403],
  ['a request without an origin, from another site', { 'sec-fetch-site': 'cross-site' }, 403],
  [
    'a name that was rebound to this machine',
    { host: 'evil.example', origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' },
    403,
  ],
  ['a program', {}, 202],
])('who may post: %s: %i', async (_, headers, status) => {
  const answer = await post('/to/wall', { headers: { ...FORM, ...headers } })
  expect([answer.status, messages.posted.length]).toEqual([status, status === 202 ? 1 : 0])
})

test('a page of our own may post', async () => {
  const headers = { ...FORM, origin: front.url, 'sec-fetch-site': 'same-origin' }
  expect((await post('/to/wall', { headers })).status).toBe(202)
})

test('the preflight of another page is granted nothing', async () => {
  const answer = await ask(front.port, '/to/wall', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })
  expect([answer.status, answer.headers.allow]).toEqual([204, 'GET, POST, HEAD, OPTIONS'])
  expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
})

test.each(['/messages', '/to/wall', '/to/%23wall', `/to/${HASHNAME}`])('%s leads a person to the app', async (path) => {
  const [page, home] = [await ask(front.port, path, { headers: BROWSER }), await ask(front.port, '/')]
  expect([page.status, page.headers['x-frame-options'], page.text]).toEqual([200, home.headers['x-frame-options'], home.text])
  expect(messages.posted).toEqual([])
})

test('a program that would read where messages are posted is told what to do, and is not sent a page', async () => {
  const answer = await ask(front.port, '/to/wall')
  expect([answer.status, codeOf(answer), answer.headers.allow]).toEqual([405, 'ERR_METHOD', 'POST, OPTIONS'])
  expect(JSON.parse(answer.text).error.advice).toContain('mayfly receive')
})

test.each(['/inbox', '/inbox/live'])('%s, where nothing is received, says so, and what to do', async (path) => {
  const program = await ask(front.port, path)
  expect([program.status, numberOf(program)]).toEqual([404, 40_402])
  const person = await ask(front.port, path, { headers: BROWSER })
  expect([person.status, person.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
  for (const { text } of [program, person]) expect(text).toContain('--receive')
})

test('a public gateway says its own address, whatever name a client called it by', async () => {
  const gateway = createGateway({ peer: recorded.peer, version: '0.0.0-test', publicUrl: 'https://pages.example' })
  const request = new Request('http://x/', { method: 'POST', body: 'a', headers: { host: 'bank.example' } })
  await gateway.fetch(request, { target: '/to/wall', address: clientAt('192.0.2.1') })
  expect(messages.posted[0]?.draft.fields?.via).toBe('https://pages.example')
})

test('a gateway without a public address says the one that it was reached at, and no name that is not its own', async () => {
  const gateway = createGateway({ peer: recorded.peer, version: '0.0.0-test' })
  const request = new Request('http://x/', { method: 'POST', body: 'a', headers: { host: 'bank.example' } })
  await gateway.fetch(request, { target: '/to/wall', address: clientAt('192.0.2.1'), localAddress: '192.0.2.9' })
  expect(messages.posted[0]?.draft.fields?.via).toBe('192.0.2.9')
})

test('one address posts a burst, and then so many a second; others are not held up', async () => {
  const gateway = createGateway({ peer: recorded.peer, version: '0.0.0-test', limits: { postBurst: 2, postsPerSecond: 0.01 } })
  const from = async (address: string) => {
    const request = new Request('http://x/', { method: 'POST', body: 'a', headers: { host: 'localhost' } })
    const answer = await gateway.fetch(request, { target: '/to/wall', address: clientAt(address) })
    return answer.status === 202 ? 202 : [answer.status, (await answer.json()).error.number, Number(answer.headers.get('retry-after')) > 1]
  }
  expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.1')]).toEqual([202, 202, [429, 42_905, true]])
  expect(await from('192.0.2.2')).toBe(202)
})

test('one address has so many posts under way, and all together so many', async () => {
  const waiting: (() => void)[] = []
  messages.onPost = () => new Promise((resolve) => waiting.push(() => resolve({ state: 'heard', taps: 1 })))
  const gateway = createGateway({ peer: recorded.peer, version: '0.0.0-test', limits: { maxPosts: 2, maxPostsPerAddress: 1 } })
  const from = async (address: string) => {
    const request = new Request('http://x/', { method: 'POST', body: 'a', headers: { host: 'localhost' } })
    const answer = await gateway.fetch(request, { target: '/to/wall', address: clientAt(address) })
    return answer.status === 202 ? 202 : (await answer.json()).error.number
  }
  const first = from('192.0.2.1')
  await waitFor(() => waiting.length === 1, 5_000, 'the first')
  expect(await from('192.0.2.1')).toBe(42_906)
  const second = from('192.0.2.2')
  await waitFor(() => waiting.length === 2, 5_000, 'the second')
  expect(await from('192.0.2.3')).toBe(42_906)
  for (const end of waiting) end()
  expect(await Promise.all([first, second])).toEqual([202, 202])
  const third = from('192.0.2.1')
  await waitFor(() => waiting.length === 3, 5_000, 'the place is free again')
  waiting[2]?.()
  expect(await third).toBe(202)
})

test('posts of one address that nobody stores may fill a part of the outbox, also when it does not wait for the answer', async () => {
  const kept: Uint8Array[] = []
  const listeners: ((entry: OutboxEntry) => void)[] = []
  const own: Pick<Messages, 'post' | 'onOutbox'> = {
    async post(_end, _draft, options) {
      const id = new Uint8Array(32).fill(kept.length)
      kept.push(id)
      options?.onKept?.(id)
      throw new DOMException('the client has gone', 'AbortError')
    },
    onOutbox(listener) {
      listeners.push(listener)
      return () => {}
    },
  }
  const peer: Peer = Object.create(node.peer, { messages: { value: own } })
  const gateway = createGateway({ peer, version: '0.0.0-test', limits: { maxWaitingPosts: 3, maxWaitingPostsPerAddress: 2 } })
  const numberFor = async (address: string): Promise<number> => {
    const request = new Request('http://x/', { method: 'POST', body: 'a', headers: { host: 'localhost' } })
    return (await (await gateway.fetch(request, { target: '/to/wall', address: clientAt(address) })).json()).error.number
  }
  await numberFor('192.0.2.1')
  await numberFor('192.0.2.1')
  expect([await numberFor('192.0.2.1'), kept.length]).toEqual([42_907, 2])
  await numberFor('192.0.2.2')
  expect([await numberFor('192.0.2.3'), kept.length]).toEqual([42_907, 3])
  for (const listener of listeners) listener({ id: kept[0], isDone: true } as OutboxEntry)
  await numberFor('192.0.2.1')
  expect(kept.length).toBe(4)
})

test('a post while the gateway stops gets an answer that says so', async () => {
  const own = await createTestGateway(recorded.peer)
  messages.onPost = () =>
    new Promise((_, reject) => {
      const signal = messages.posted.at(-1)?.options?.signal
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  const asked = ask(own.port, '/to/wall', { method: 'POST', body: 'a' })
  await waitFor(() => messages.posted.length === 1, 5_000, 'the post')
  own.gateway.close()
  expect([(await asked).status, codeOf(await asked)]).toEqual([503, 'ERR_NOT_STARTED'])
})

test('/limits: all of them as JSON, and as tables with their units for people', async () => {
  const limits = JSON.parse((await ask(front.port, '/limits')).text)
  expect([limits.http.postBurst, limits.peer.maxMessageBytes, limits.message.maxFields, limits.message.maxTtlMs]).toEqual([
    250, 65_536, 16, 604_800_000,
  ])
  const page = await ask(front.port, '/limits', { headers: { accept: 'text/html' } })
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
  for (const row of [
    'post burst</td><td>250',
    'max wait</td><td>45,000 ms',
    'posts per second</td><td>25 per second',
    'max body</td><td>65,536 bytes',
  ]) {
    expect(page.text).toContain(`<td>${row}</td>`)
  }
})
