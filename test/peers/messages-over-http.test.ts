/** Messages posted to a gateway with plain HTTP, to receivers behind other nodes. */

import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { encodeKeyHex, hashnameOf, type Message } from '../../node/index.ts'
import { ask, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { type Network, type NodeTuple, startNetwork, type TestNode } from '../helpers/network.ts'

let network: Network<NodeTuple<3>>
let front: TestGateway
let gatewayNode: TestNode
let receiver: TestNode

beforeAll(async () => {
  network = await startNetwork({ nodes: 3 })
  ;[gatewayNode, receiver] = network.nodes
  front = await startGateway(gatewayNode.peer)
}, 30_000)
afterAll(async () => {
  await front.server.stop()
  await network.stop()
}, 30_000)

const post = (path: string, body = 'Fresh bread today', headers: Record<string, string> = {}) =>
  ask(front.port, path, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })

/** Receives until the test ends. */
async function receive(end: string, kept: Message[] = []): Promise<Message[]> {
  const tap = receiver.peer.messages.tap(end, {
    async keep(messages) {
      kept.push(...messages)
      return messages.map(() => 'stored')
    },
  })
  onTestFinished(() => tap.close())
  await tap.ready
  return kept
}

test('an open end: 200 with the receipt of its receiver; the message is from the gateway, and says so', async () => {
  const kept = await receive('#bäckerei')
  const answer = await post('/to/b%C3%A4ckerei')
  const { messages } = receiver.peer
  const [message] = kept
  expect([answer.status, JSON.parse(answer.text)]).toEqual([
    200,
    {
      id: encodeKeyHex(message?.id ?? new Uint8Array()),
      state: 'stored',
      receipts: [{ receiver: messages.hashname, storedAtMs: expect.any(Number) }],
      url: expect.stringMatching(/\/api\/v1\/messages\/[0-9a-f]{64}$/),
    },
  ])
  expect(new TextDecoder().decode(message?.body)).toBe('Fresh bread today')
  expect(hashnameOf(message?.from ?? new Uint8Array())).toBe(gatewayNode.peer.messages.hashname)
  expect(message).toMatchObject({ type: 'text/plain', fields: { via: `127.0.0.1:${front.port}` }, isSealed: false })
})

test('a hashname: sealed by the gateway, stored by its receiver, with the type, the fields and the time to live that were asked for', async () => {
  const { hashname } = receiver.peer.messages
  const kept = await receive(hashname)
  const draft = { body: '# bread', type: 'text/markdown', fields: { topic: 'bread' }, ttlMs: 60_000 }
  const answer = await post(`/to/${hashname}`, JSON.stringify(draft), { 'content-type': 'application/json' })
  expect([answer.status, JSON.parse(answer.text).state]).toEqual([200, 'stored'])
  const [message] = kept
  expect(message).toMatchObject({ type: 'text/markdown', fields: { topic: 'bread' }, isSealed: true })
  expect((message?.expiresAtMs ?? 0) - (message?.sentAtMs ?? 0)).toBe(60_000)
})

test('a receiver that only listens answers 202', async () => {
  const tap = receiver.peer.messages.tap('#listeners')
  onTestFinished(() => tap.close())
  await tap.ready
  const answer = await post('/to/listeners?wait=2s')
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([202, { state: 'heard', taps: 1 }])
})

test('nobody there: 202, and the gateway goes on; a receiver that nobody knows: 404', async () => {
  const answer = await post('/to/nobody?wait=1s')
  expect([answer.status, JSON.parse(answer.text)]).toMatchObject([202, { state: 'queued', nodes: 0, untilMs: expect.any(Number) }])
  const unknown = await post(`/to/${'a'.repeat(52)}?wait=1s`)
  expect([unknown.status, JSON.parse(unknown.text).error]).toMatchObject([
    404,
    { code: 'ERR_REFUSED', reason: 'unknown-receiver', number: 40_401 },
  ])
})

test.each([
  ['a type that is too long', { body: 'a', type: `text/${'x'.repeat(100)}` }],
  ['too many fields', { body: 'a', fields: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`f${i}`, 'x'])) }],
  ['a field with a wrong name', { body: 'a', fields: { 'A B': 'x' } }],
  ['a time to live of ten days', { body: 'a', ttlMs: 864_000_000 }],
])('what no message may have is refused before it is sent: %s', async (_, draft) => {
  const answer = await post('/to/wall', JSON.stringify(draft), { 'content-type': 'application/json' })
  expect([answer.status, JSON.parse(answer.text).error]).toMatchObject([400, { code: 'ERR_BAD_MESSAGE', number: 40_003 }])
})
