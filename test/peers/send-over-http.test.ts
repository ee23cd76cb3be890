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
import { type Network, type NodeTuple, startNetwork } from '../helpers/network.ts'
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
  return keeper
}

/** Connections to the overlay's websocket would show a peer. */
const peersOf = () => network.nodes[0].peer.status().counts.tabs

async function outcomes(): Promise<(string | undefined)[]> {
  const store = openOutboxStore(outboxPathIn(data))
  const entries = await store.list(10)
  await store.close()
  return entries.map(({ outcome }) => outcome?.state)
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
    if (request.method === 'GET') return answer({ maxMessageBytes: 65_536, nowMs: Date.now() })
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
  expect(facts.state).not.toBe('stored')
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

test('many older messages are sent again, each once, and what the gateway takes no more of waits', async () => {
  const count = 20
  for (let i = 0; i < count; i++) await send(['#many', `early ${i}`])
  const keeper = await receive('#many')
  const slow = await createTestGateway(network.nodes[0].peer, { limits: { ...GATEWAY_DEFAULTS, postBurst: 8, postsPerSecond: 0.01 } })
  expect(await send(['#many', 'late'], [slow.url])).toMatchObject({ exitCode: 0 })
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
