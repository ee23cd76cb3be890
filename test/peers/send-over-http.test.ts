/** `mayfly send` with a gateway's URL: signed and sealed by the command, passed on by the gateway, without a peer of its own. */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { GATEWAY_DEFAULTS } from '../../gateway/index.ts'
import { runCommand } from '../../node/cli/command.ts'
import { createMessageSecret, encodeKeyHex, hashnameOf, MESSAGE_LIMITS, parseEnd, publicKeyOf } from '../../node/index.ts'
import { signReceipt } from '../../node/messages/index.ts'
import { openOutboxStore, outboxPathIn } from '../../node/server/store/outbox-store.ts'
import { createCollectingStream } from '../helpers/collecting-stream.ts'
import { ask, createTestGateway, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { MAYFLY_SOURCE, runMayfly } from '../helpers/mayfly-process.ts'
import { createMessageKeeper } from '../helpers/message-keeper.ts'
import { type Network, type NodeTuple, startNetwork, startNode } from '../helpers/network.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

let network: Network<NodeTuple<2>>
let front: TestGateway
let data: string
beforeAll(async () => {
  network = await startNetwork({ nodes: 2 })
  front = await startGateway(network.nodes[0].peer)
}, 30_000)
afterAll(async () => {
  await front.server.stop()
  await network.stop()
}, 30_000)
beforeEach(async () => {
  data = await createTemporaryDirectory()
})

/** Within this process, as JSON. */
async function send(args: string[], join: string[] = [front.url], stdin = '') {
  const [stdout, stderr] = [createCollectingStream(), createCollectingStream()]
  const joins = join.flatMap((address) => ['--join', address])
  const signal = new AbortController().signal
  const argv = ['send', ...args, '--json', '--data', data, ...joins]
  const exitCode = await runCommand({ argv, env: {}, stdin: new PassThrough().end(stdin), stdout, stderr, signal })
  const facts = stdout.text().trim()
  return { exitCode, facts: facts === '' ? undefined : JSON.parse(facts), stderr: stderr.text() }
}

/** A receiver behind the other node, until the test ends. */
async function receive(end: string, secret?: Uint8Array, answer?: 'muted') {
  const keeper = createMessageKeeper()
  const keep = answer === undefined ? keeper.keep : async (messages: unknown[]) => messages.map(() => answer)
  const tap = network.nodes[1].peer.messages.tap(end, { keep, ...(secret && { secret }) })
  onTestFinished(() => tap.close())
  await tap.ready
  return { ...keeper, close: () => tap.close() }
}

/** Connections to the overlay's websocket would show a peer. */
const peersOf = () => network.nodes[0].peer.status().counts.tabs

async function outcomes(): Promise<(string | undefined)[]> {
  const store = openOutboxStore(outboxPathIn(data))
  const entries = await store.list(10)
  await store.close()
  return entries.map(({ outcome }) => outcome?.state)
}

const termsOf = (facts = {}) => ({ maxMessageBytes: 65_536, nowMs: Date.now(), joined: true, ...facts })

/** A gateway that answers as it is told. @returns its URL, and what it was asked */
async function startLiar(answer: (method: string, path: string) => { status?: number; facts: unknown } | undefined) {
  const asked: string[] = []
  const url = await startServer((request, response) => {
    const { method = '', url: path = '' } = request
    asked.push(`${method} ${path.replace(/[0-9a-f]{64}/, 'KEY')}`)
    const given = answer(method, path)
    if (given === undefined) return void request.socket.destroy()
    request.resume()
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(given.facts))
  })
  return { url, asked }
}

async function startServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('an open end: stored by its receiver, from the sender itself, and known in the outbox', async () => {
  const keeper = await receive('#wall')
  const events: string[] = []
  const stop = network.nodes[0].peer.onEvent(({ type }) => events.push(type))
  const { exitCode, facts } = await send(['#wall', 'grüezi', '--type', 'text/markdown', '--field', 'topic=a'])
  stop()
  expect([exitCode, facts]).toMatchObject([0, { state: 'stored', receipts: [{ receiver: network.nodes[1].peer.messages.hashname }] }])
  const [message] = keeper.stored.values()
  expect(message).toMatchObject({ type: 'text/markdown', fields: { topic: 'a' } })
  expect(encodeKeyHex(message?.id ?? new Uint8Array())).toBe(facts.id)
  expect(keeper.texts()).toEqual(['grüezi'])
  expect(await outcomes()).toEqual(['stored'])
  expect([peersOf(), events.includes('joined')]).toEqual([0, false])
})

test('a hashname: sealed for its receiver, whose key the gateway tells; away, the message is queued with record nodes', async () => {
  const secret = createMessageSecret()
  const address = hashnameOf(publicKeyOf(secret))
  expect(await send([address, 'canary'])).toMatchObject({ exitCode: 1, facts: { state: 'refused', reason: 'unknown-receiver' } })
  const keeper = await receive(address, secret)
  expect(await send([address, 'one'])).toMatchObject({ exitCode: 0, facts: { state: 'stored', receipts: [{ receiver: address }] } })
  expect([keeper.texts(), [...keeper.stored.values()].map(({ isSealed }) => isSealed)]).toEqual([['one'], [true]])
  await keeper.close()
  const away = await send([address, 'two'])
  expect(away).toMatchObject({ exitCode: 0, facts: { state: 'queued', nodes: expect.any(Number) } })
  expect(away.facts.nodes).toBeGreaterThan(0)
})

test('a receiver that declines is believed by its signature', async () => {
  const secret = createMessageSecret()
  const address = hashnameOf(publicKeyOf(secret))
  await receive(address, secret, 'muted')
  expect(await send([address, 'hello'])).toMatchObject({ exitCode: 1, facts: { state: 'refused', reason: 'muted' } })
})

test('nobody there: queued in the outbox, and sent again by the next command', async () => {
  expect(await send(['#later', 'early'])).toMatchObject({ exitCode: 0, facts: { state: 'queued', nodes: 0 } })
  const keeper = await receive('#later')
  const next = await send(['#later', 'late'])
  expect(next).toMatchObject({ exitCode: 0, facts: { state: 'stored' } })
  await waitFor(() => keeper.stored.size === 2, 5_000, 'both are stored')
  expect(await outcomes()).toEqual(['stored', 'stored'])
})

test.each([
  ['of somebody else for a hashname', true],
  ['of another message for an open end', false],
])('a gateway that lies: a receipt %s counts for nothing', async (_, isSealed) => {
  const receiver = createMessageSecret()
  const end = isSealed ? hashnameOf(publicKeyOf(receiver)) : '#wall'
  const liar = createMessageSecret()
  const url = await startServer((request, response) => {
    const answer = (facts: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(facts))
    if (request.method === 'GET' && request.url?.includes('public-keys'))
      return answer({ publicKey: Buffer.from(publicKeyOf(receiver)).toString('base64') })
    if (request.method === 'GET') return answer(termsOf())
    const chunks: Buffer[] = []
    request
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', async () => {
        const { decodeEnvelope } = await import('../../node/index.ts')
        const { id } = decodeEnvelope(new Uint8Array(Buffer.concat(chunks)))
        const receipt = signReceipt(liar, [isSealed ? id : new Uint8Array(32)], Date.now())
        answer({ taps: 1, keepers: 0, nodes: 0, untilMs: 0, receipts: [Buffer.from(receipt.bytes).toString('base64')], declines: [] })
      })
  })
  const { facts } = await send([end, 'hello'], [url])
  expect(facts.state).toBe(isSealed ? 'queued' : 'heard')
})

test('a gateway of an older version, and one that is not there, are joined as a peer', async () => {
  const keeper = await receive('#old')
  const old = await startServer((_, response) => response.writeHead(404).end())
  expect(await send(['#old', 'one', '--timeout', '10s'], [old, network.nodes[0].address])).toMatchObject({ facts: { state: 'stored' } })
  const nowhere = 'http://127.0.0.1:9'
  expect(await send(['#old', 'two', '--timeout', '300ms'], [nowhere])).toMatchObject({ exitCode: 4, facts: { state: 'queued' } })
  expect(keeper.texts()).toEqual(['one'])
})

test('the second gateway is asked where the first is not there', async () => {
  const keeper = await receive('#second')
  expect(await send(['#second', 'hello'], ['http://127.0.0.1:9', front.url])).toMatchObject({ exitCode: 0, facts: { state: 'stored' } })
  expect(keeper.texts()).toEqual(['hello'])
})

test('a gateway that is not in the network is passed over; without another one, a peer finds out', async () => {
  const keeper = await receive('#cut')
  const cut = await startLiar((method) => (method === 'GET' ? { facts: termsOf({ joined: false }) } : undefined))
  expect(await send(['#cut', 'one'], [cut.url, front.url])).toMatchObject({ exitCode: 0, facts: { state: 'stored' } })
  expect(keeper.texts()).toEqual(['one'])
  expect(await send(['#cut', 'two', '--timeout', '300ms'], [cut.url])).toMatchObject({ exitCode: 4, facts: { state: 'queued' } })
  expect(cut.asked.filter((each) => each.startsWith('POST'))).toEqual([])
})

test.each([
  ['dies', undefined],
  [
    'loses the network',
    { facts: { taps: 0, keepers: 0, nodes: 0, untilMs: 0, refusal: { reason: 'no-network' }, receipts: [], declines: [] } },
  ],
  ['breaks', { status: 500, facts: { error: { code: 'ERR_INTERNAL', message: 'Something broke.' } } }],
])(
  'a gateway that %s after its terms: the next one is asked; alone, it is no network, and the message is in the outbox',
  async (_, answer) => {
    const keeper = await receive('#dies')
    const dying = await startLiar((method) => (method === 'GET' ? { facts: termsOf() } : answer))
    expect(await send(['#dies', 'one'], [dying.url, front.url])).toMatchObject({ exitCode: 0, facts: { state: 'stored' } })
    const alone = await send(['#dies', 'two'], [dying.url])
    expect(alone).toMatchObject({ exitCode: 4, facts: { state: 'queued', nodes: 0, reason: 'no-network' } })
    expect(alone.stderr).toContain('in the outbox')
    expect(await send(['#dies', 'three'])).toMatchObject({ exitCode: 0 })
    await waitFor(() => keeper.stored.size === 3, 5_000, 'each is stored once')
    expect(keeper.texts().sort()).toEqual(['one', 'three', 'two'])
  },
)

test.each([
  ['years ahead', 8.65e15],
  ['years behind', 5],
])('a gateway whose time is %s signs no message of mine: a peer judges its time', async (_, nowMs) => {
  const wrong = await startLiar((method) => (method === 'GET' ? { facts: termsOf({ nowMs }) } : undefined))
  expect(await send(['#wall', 'x', '--timeout', '300ms'], [wrong.url])).toMatchObject({ exitCode: 4, facts: { state: 'queued', nodes: 0 } })
  expect(wrong.asked.filter((each) => each.startsWith('POST'))).toEqual([])
  const store = openOutboxStore(outboxPathIn(data))
  onTestFinished(() => store.close())
  const [entry] = await store.list(1)
  expect(Math.abs((entry?.expiresAtMs ?? 0) - Date.now())).toBeLessThan(2 * 86_400_000)
})

test.each([
  [
    'takes no more for now',
    { status: 429, facts: { error: { code: 'ERR_LIMIT', message: 'Too often.', retryAfterS: 5 } } },
    1,
    'Too often',
  ],
  ['is not in the network', { status: 503, facts: { error: { code: 'ERR_NO_NETWORK', message: 'Not connected.' } } }, 4, 'Not connected'],
  ['goes away', undefined, 4, 'Cannot reach'],
  ['answers with something else', { facts: {} }, 4, 'Cannot read'],
])('a gateway that %s when it is asked for a public key does not make its receiver unknown', async (_, answer, exitCode, words) => {
  const { url } = await startLiar((_method, path) => (path.includes('public-keys') ? answer : { facts: termsOf() }))
  const sent = await send([hashnameOf(publicKeyOf(createMessageSecret())), 'x'], [url])
  expect([sent.exitCode, sent.facts]).toEqual([exitCode, undefined])
  expect(sent.stderr).toContain(words)
})

test('a node that is not in the network says so, and calls no receiver unknown', async () => {
  const alone = await startNode({ join: ['http://127.0.0.1:9'] })
  onTestFinished(() => alone.stop())
  const { port } = await createTestGateway(alone.peer, { limits: { ...GATEWAY_DEFAULTS, firstJoinMs: 50 } })
  expect(JSON.parse((await ask(port, '/api/v1/envelopes')).text)).toMatchObject({ joined: false, maxMessageBytes: 65_536 })
  expect((await ask(port, `/api/v1/public-keys/${'ab'.repeat(32)}`)).status).toBe(503)
})

test('looking for public keys counts as a search, not as a post', async () => {
  const limits = { ...GATEWAY_DEFAULTS, postBurst: 1, postsPerSecond: 0.01, searchBurst: 2, searchesPerSecond: 0.01 }
  const { port } = await createTestGateway(network.nodes[0].peer, { limits })
  const look = async () => (await ask(port, `/api/v1/public-keys/${'ab'.repeat(32)}`)).status
  expect([await look(), await look(), await look()]).toEqual([200, 200, 429])
  expect((await ask(port, '/api/v1/envelopes', { method: 'POST', body: 'hello' })).status).toBe(200)
})

test('many older messages are sent again, each once, and what the gateway takes no more of waits', async () => {
  const count = 20
  for (let i = 0; i < count; i++) await send(['#many', `early ${i}`])
  const keeper = await receive('#many')
  const slow = await createTestGateway(network.nodes[0].peer, { limits: { ...GATEWAY_DEFAULTS, postBurst: 8, postsPerSecond: 0.01 } })
  expect(await send(['#many', 'late'], [slow.url])).toMatchObject({ exitCode: 0, facts: { state: 'stored' } })
  expect(keeper.stored.size).toBeLessThanOrEqual(8)
  expect(await send(['#many', 'last'])).toMatchObject({ exitCode: 0, facts: { state: 'stored' } })
  await waitFor(() => keeper.stored.size === count + 2, 5_000, 'all are stored')
})

test('one address posts as fast as by /to/, and no faster', async () => {
  const slow = await createTestGateway(network.nodes[0].peer, { limits: { ...GATEWAY_DEFAULTS, postBurst: 2, postsPerSecond: 0.01 } })
  const post = (path: string) => ask(slow.port, path, { method: 'POST', body: 'hello' })
  expect((await post('/api/v1/envelopes')).status).toBe(200)
  expect((await post('/to/wall')).status).toBe(202)
  expect([(await post('/api/v1/envelopes')).status, (await post('/to/wall')).status]).toEqual([429, 429])
})

test('what is no envelope, forged, or too large is refused', async () => {
  const post = (body: Uint8Array | string) => ask(front.port, '/api/v1/envelopes', { method: 'POST', body })
  expect(JSON.parse((await post('hello')).text)).toMatchObject({ refusal: { reason: 'malformed' } })
  expect((await post(new Uint8Array(2 * MESSAGE_LIMITS.maxBodyBytes))).status).toBe(413)
  const store = openOutboxStore(outboxPathIn(data))
  await store.close()
  await send(['#forged', 'hello'])
  const again = openOutboxStore(outboxPathIn(data))
  const [entry] = await again.list(1)
  await again.close()
  const forged = new Uint8Array(entry?.envelope ?? [])
  forged[forged.byteLength - 1] = (forged.at(-1) ?? 0) ^ 1
  expect(JSON.parse((await post(forged)).text)).toMatchObject({ refusal: { reason: 'forged' }, receipts: [] })
})

test('pages of other origins neither post nor ask', async () => {
  const headers = { origin: 'http://elsewhere.example', 'sec-fetch-site': 'cross-site' }
  for (const [method, path] of [
    ['POST', '/api/v1/envelopes'],
    ['GET', '/api/v1/envelopes'],
    ['GET', `/api/v1/public-keys/${encodeKeyHex(parseEnd('#wall').key)}`],
  ] as const)
    expect((await ask(front.port, path, { method, headers })).status).toBe(403)
})

test('the command does without the overlay', async () => {
  const counter = `data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from 'node:module'
    let count = 0
    registerHooks({ load: (url, context, next) => (count += url.includes('libp2p/'), next(url, context)) })
    process.on('exit', () => console.error('modules of libp2p: ' + count))
  `)}`
  await receive('#light')
  const { stdout, stderr } = await runMayfly(['send', '#light', 'hello', '--data', data, '--join', front.url], {
    main: MAYFLY_SOURCE,
    env: { NODE_OPTIONS: `--import ${counter}` },
  })
  expect(stdout.toString()).toMatch(/^stored by 1 receiver/)
  expect(stderr).toMatch(/^modules of libp2p: 0$/m)
})
