/** A gateway whose node has not joined yet: requests wait for it, for a bounded time, and then say that there is no network. */

import { expect, onTestFinished, test } from 'vitest'
import { createPeer, encodeKeyCid, encodeKeyHex, type Peer } from '../../../node/index.ts'
import { type Asked, ask, codeOf, createTestGateway } from '../../helpers/gateway.ts'
import { createNetwork } from '../../helpers/network.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const STRAY = '0'.repeat(64)
/** Nothing listens at the discard port. */
const NOBODY = '/ip4/127.0.0.1/tcp/9/ws'

/** A peer that is not started, and so has not joined. */
async function createAbsentPeer(join: string): Promise<Peer> {
  const peer = await createPeer({ join: [join] })
  onTestFinished(() => peer.stop())
  return peer
}

test('what is asked before the node has joined is answered once it has', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const [node] = nodes
  const { key } = await node.peer.content.hold(new TextEncoder().encode('early'))
  const hash = encodeKeyHex(key)
  const late = await createAbsentPeer(node.address)
  const { port } = await createTestGateway(late)
  const asked: [string, Asked?][] = [
    [`/${hash}`],
    [`/raw/${hash}`],
    [`/ipfs/${encodeKeyCid(key)}?format=raw`],
    [`/api/v1/holders/${hash}`],
    [`/routing/v1/providers/${encodeKeyCid(key)}`],
    ['/to/wall', { method: 'POST', body: 'hello' }],
  ]
  const answers = asked.map(([path, how]) => ask(port, path, how))
  await waitFor(async () => (await ask(port, '/metrics')).text.includes('mayfly_joined 0'), 5_000, 'the node has not joined')
  expect([(await ask(port, '/healthz')).status, (await ask(port, '/readyz')).status]).toEqual([200, 503])
  await late.start()
  const [viewed, raw, block, holders, providers, posted] = await Promise.all(answers)
  expect([viewed?.text, raw?.text, block?.text]).toEqual(['early', 'early', 'early'])
  expect(JSON.parse(holders?.text ?? '')).toMatchObject({ holders: 1, people: 1 })
  expect(JSON.parse(providers?.text ?? '').Providers).toHaveLength(1)
  expect([posted?.status, JSON.parse(posted?.text ?? '').reason]).toEqual([202, undefined])
})

test('the wait for the first join is over after a while, for all requests, and no longer than ?wait= says', async () => {
  const peer = await createAbsentPeer(NOBODY)
  await peer.start()
  const short = await createTestGateway(peer, { limits: { firstJoinMs: 300 } })
  const startedAtMs = performance.now()
  const first = await ask(short.port, `/${STRAY}`)
  expect([first.status, codeOf(first)]).toEqual([503, 'ERR_NO_NETWORK'])
  expect(performance.now() - startedAtMs).toBeGreaterThan(200)
  const long = await createTestGateway(peer, { limits: { firstJoinMs: 3_600_000 } })
  const waited = await ask(long.port, `/${STRAY}?wait=200ms`)
  expect([waited.status, codeOf(waited)]).toEqual([503, 'ERR_NO_NETWORK'])
  const post = await ask(long.port, '/to/wall?wait=200ms', { method: 'POST', body: 'hello' })
  expect([post.status, JSON.parse(post.text).state]).toEqual([202, 'queued'])
})

test('?wait= covers the search that comes before the wait', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const [{ peer }] = nodes
  /** A search that takes for ever: its answer is due when the client's time is over, not when the gateway's is. */
  const content: Peer['content'] = Object.create(peer.content, {
    open: {
      value: (_: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
  })
  const { port } = await createTestGateway(Object.create(peer, { content: { value: content } }), { limits: { searchTimeoutMs: 3_600_000 } })
  const answer = await ask(port, `/${STRAY}?wait=200ms`)
  expect([answer.status, codeOf(answer)]).toEqual([504, 'ERR_UNAVAILABLE'])
})
