/** Each limit of content: what is over it is refused by name and number, and the tables of limits say the number that the code has. */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGateway, createGatewayServer } from '../../gateway/index.ts'
import { GATEWAY_DEFAULTS } from '../../gateway/types.ts'
import { parseByteRate } from '../../node/cli/values/plain-values.ts'
import { MAX_OUTLINED_BYTES } from '../../node/content/format/outline.ts'
import {
  type BundleEntry,
  encodeBundle,
  encodeKeyCid,
  encodeKeyHex,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  MayflyError,
} from '../../node/index.ts'
import { NODE_LIMITS } from '../../node/limits.ts'
import { ask } from '../helpers/gateway.ts'
import { generatedBytes, generatedContent } from '../helpers/generated-content.ts'
import { type Network, startNetwork, type TestNode } from '../helpers/network.ts'

/** Small ones, so that they are soon met. */
const LIMITS = { maxHeldContents: 5, maxHeldBytes: 1_000_000 }
const HTTP_LIMITS = { maxBlockBytes: 262_144, maxFetchesPerAddress: 1, maxOpenPerAddress: 1, searchBurst: 200 }
const OTHERS = { 'x-forwarded-for': '192.0.2.1' }

let network: Network
let node: TestNode
let server: ReturnType<typeof createGatewayServer>
let port: number
/** Larger than one piece. */
let large: { hash: string; cid: string }

beforeAll(async () => {
  network = await startNetwork({ nodes: 1, limits: LIMITS })
  node = network.nodes[0] as TestNode
  server = createGatewayServer({ trustProxy: true })
  server.serve(createGateway({ peer: node.peer, version: '0.0.0-test', limits: HTTP_LIMITS, token: 'secret' }))
  port = (await server.listen({ port: 0, host: '127.0.0.1' })).port
  const { key } = await node.peer.content.hold(generatedContent(300_000))
  large = { hash: encodeKeyHex(key), cid: encodeKeyCid(key) }
})
afterAll(async () => {
  await server.stop()
  await network.stop()
})

const entry = (path: string): BundleEntry => ({ path, size: 0, type: '', key: new Uint8Array(32) })

async function refusedBy(action: () => unknown): Promise<string> {
  try {
    await action()
  } catch (error) {
    if (error instanceof MayflyError) return `${error.code} ${error.message}`
    throw error
  }
  return 'no refusal'
}

async function refusedOver(path: string, options?: Parameters<typeof ask>[2]): Promise<string> {
  const { status, text, headers } = await ask(port, path, options)
  const { code, message } = status < 400 ? { code: 'no refusal', message: '' } : JSON.parse(text).error
  return `${status} ${code} ${message}${status === 429 ? ` retry-after ${headers['retry-after']}` : ''}`
}

/** The refusal of a request while another one of the same client is under way. */
async function refusedBeside(path: string): Promise<string> {
  const first = ask(port, path, { headers: OTHERS })
  const second = await refusedOver(path, { headers: OTHERS })
  await first
  return second
}

/** Holds as many contents, and lets them go again, so that the tests may run in any order. */
async function holdMany(count: number): Promise<void> {
  const keys: Uint8Array[] = []
  try {
    for (let i = 0; i < count; i++) keys.push((await node.peer.content.hold(Uint8Array.of(i, i))).key)
  } finally {
    for (const key of keys) await node.peer.content.release(key)
  }
}

test.each<[what: string, refusal: string, refuse: () => Promise<string>]>([
  [
    'one content',
    `ERR_TOO_LARGE ${NODE_LIMITS.maxContentBytes}`,
    () => refusedBy(() => node.peer.content.hold(generatedContent(2 ** 36 + 1))),
  ],
  ['content that travels whole', 'ERR_TOO_LARGE 262144', () => refusedBy(() => node.peer.content.get(Buffer.from(large.hash, 'hex')))],
  ['a block', '413 ERR_TOO_LARGE 262144', () => refusedOver(`/ipfs/${large.cid}?format=raw`)],
  ['memory for what is held', 'ERR_LIMIT 1000000', () => refusedBy(() => node.peer.content.hold(generatedBytes(0, 1_000_001)))],
  [
    'a body',
    '413 ERR_TOO_LARGE 1000000',
    () =>
      refusedOver('/api/v1/content', {
        method: 'PUT',
        body: new Uint8Array(1_000_001),
        headers: { authorization: 'Bearer secret' },
      }),
  ],
  ['contents held', 'ERR_LIMIT 5', () => refusedBy(() => holdMany(6))],
  ['files of a bundle', 'ERR_LIMIT 10000', () => refusedBy(() => encodeBundle(Array.from({ length: 10_001 }, (_, i) => entry(String(i)))))],
  [
    'a bundle',
    'ERR_TOO_LARGE 4194304',
    () => refusedBy(() => encodeBundle(Array.from({ length: 9_000 }, (_, i) => entry(`${'a'.repeat(250)}/${'b'.repeat(250)}/${i}`)))),
  ],
  ['a path', 'ERR_BAD_OPTION 1024', () => refusedBy(() => encodeBundle([entry(Array(8).fill('p'.repeat(200)).join('/'))]))],
  ['a part of a path', 'ERR_BAD_OPTION 255', () => refusedBy(() => encodeBundle([entry('p'.repeat(256))]))],
  ['mirrors', '400 ERR_BAD_OPTION 8', () => refusedOver(`/${large.hash}?format=metalink${'&mirror=http://a.example'.repeat(9)}`)],
  ['a wait', '400 ERR_BAD_OPTION 45s', () => refusedOver(`/${'0'.repeat(64)}?wait=46s`)],
  ['fetches at once', '429 ERR_LIMIT 1 fetches at once retry-after 10', () => refusedBeside(`/${'0'.repeat(64)}?wait=1s`)],
  ['a rate', 'ERR_BAD_OPTION 131072', () => refusedBy(() => parseByteRate('1kB'))],
])('a limit is named by who refuses: %s', async (_, refusal, refuse) => {
  const said = await refuse()
  for (const word of refusal.split(' ')) expect(said).toMatch(new RegExp(`(^|\\W)${word}(\\W|$)`))
})

test('a limit of ranges: those that read more than 512 pieces for single bytes are answered with the whole', async () => {
  const ranges = (count: number) => ({ range: `bytes=${Array.from({ length: count }, (_, i) => `${i * 4}-${i * 4}`).join(',')}` })
  expect((await ask(port, `/raw/${large.hash}`, { headers: ranges(512) })).status).toBe(206)
  const whole = await ask(port, `/raw/${large.hash}`, { headers: ranges(513) })
  expect([whole.status, whole.body.byteLength]).toEqual([200, 300_000])
})

test('the tables of limits say what the code has', () => {
  const peer = readFileSync(new URL('../../node/README.md', import.meta.url), 'utf8')
  const gateway = readFileSync(new URL('../../gateway/README.md', import.meta.url), 'utf8')
  const number = (value: number) => value.toLocaleString('en')
  const mib = (bytes: number) => `${bytes / 2 ** 20} MiB`
  expect(NODE_LIMITS.maxContentBytes).toBe(MAX_OUTLINED_BYTES)
  for (const text of [
    `| \`maxContentBytes\` | ${NODE_LIMITS.maxContentBytes / 2 ** 30} GiB |`,
    `| \`maxPieceBytes\` | ${NODE_LIMITS.maxPieceBytes / 2 ** 10} KiB |`,
    `| ${mib(MAX_BUNDLE_BYTES)} · ${number(MAX_BUNDLE_ENTRIES)} · 1 KiB · 255 bytes |`,
    `| \`maxHeldContents\` | ${number(NODE_LIMITS.maxHeldContents)} |`,
    `| \`maxHeldBytes\` | ${mib(NODE_LIMITS.maxHeldBytes)} |`,
    `| \`maxCacheBytes\` | ${mib(NODE_LIMITS.maxCacheBytes)} |`,
  ]) {
    expect(peer).toContain(text)
  }
  for (const name of ['maxFetchesPerAddress', 'maxFetches', 'maxOpenPerAddress', 'maxOpen', 'searchBurst', 'searchesPerSecond'] as const) {
    expect(gateway).toContain(`| \`${name}\` | ${number(GATEWAY_DEFAULTS[name])} |`)
  }
  expect(gateway).toContain(`| \`maxWaitMs\` | ${GATEWAY_DEFAULTS.maxWaitMs / 1_000} s |`)
  expect([NODE_LIMITS.maxPeerBytesPerSecond, GATEWAY_DEFAULTS.maxBytesPerSecondPerAddress]).toEqual([0, 0])
})
