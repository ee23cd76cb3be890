/** A large file from one engine to another: directly where both have WebRTC, else through the node. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type EnginePage, element, hashIn, linkAt, makeFiles, openEngine, openHome, sees, seesVisit } from '../helpers/engines.ts'
import { getRaw, hashOf } from '../helpers/gateway-client.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { randomBytes } from '../helpers/sample-files.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576
/** Bytes that the node may still send because they were requested while the tabs were being connected: six pieces (node/content/swarm/swarm.ts). */
const ASKED_BEFORE = 6 * 262_144

let node: NodeProcess
beforeEach(async () => {
  node = await startNodeProcess()
})
afterEach(() => node?.kill('SIGKILL'))

async function countsOf(): Promise<Record<string, number>> {
  const answer = await fetch(`${node.url}/api/v1/status`)
  return ((await answer.json()) as { counts: Record<string, number> }).counts
}
const portBytes = async () => {
  const { bytesReceived = 0, bytesSent = 0 } = await countsOf()
  return bytesReceived + bytesSent
}

/** Resolves with the link, the bytes' SHA-256 being its hash. */
async function share(author: EnginePage, size: number): Promise<string> {
  const bytes = randomBytes(size)
  const path = join(await createTemporaryDirectory(), 'film.bin')
  await writeFile(path, bytes)
  await openHome(author, node.url)
  await makeFiles(author, [path])
  expect(await hashIn(author)).toBe(hashOf(bytes))
  return linkAt(author, node.url)
}

async function visit(reader: EnginePage, link: string): Promise<void> {
  await reader.goto(link)
  await sees(reader, element('connection', 'data-state', 'joined'))
  await seesVisit(reader, 'streamed')
}

test.for([
  ['firefox', 'firefox'],
  ['firefox', 'chromium'],
  ['chromium', 'firefox'],
] as const)('engines: a large file in %s goes to %s directly, and both say so', async (engines, context) => {
  const [author, reader] = await Promise.all([openEngine(engines[0], context), openEngine(engines[1], context)])
  const size = 24 * MIB
  const link = await share(author, size)
  await waitFor(async () => (await countsOf()).reservations === 1, 60_000, 'the author can be reached directly')
  await visit(reader, link)
  const before = await portBytes()
  await reader.click('[data-testid="hold-too"]')
  await sees(reader, element('transfer', 'data-way', 'direct'))
  await sees(author, `document.querySelector('[data-testid="receivers"] li[data-way="direct"]')`)
  await seesVisit(reader, 'holding')
  expect((await portBytes()) - before).toBeLessThan(ASKED_BEFORE + size / 100)
})

test.for([
  ['firefox', 'webkit'],
  ['webkit', 'chromium'],
  ['chromium', 'firefox'],
] as const)('engines: a large file in %s goes to %s through the node without WebRTC, and both say so', async (engines, context) => {
  const withoutWebRTC = { hasWebRTC: false }
  const [author, reader] = await Promise.all([
    openEngine(engines[0], context, withoutWebRTC),
    openEngine(engines[1], context, withoutWebRTC),
  ])
  const size = 12 * MIB
  const link = await share(author, size)
  await visit(reader, link)
  for (const page of [author, reader]) expect(await page.evaluate('typeof RTCPeerConnection')).toBe('undefined')
  await reader.click('[data-testid="hold-too"]')
  await sees(reader, element('transfer', 'data-way', 'node'))
  await sees(author, `document.querySelector('[data-testid="receivers"] li[data-way="node"]')`)
  await seesVisit(reader, 'holding')
  await author.close()
  expect(hashOf((await getRaw(node.url, await hashIn(reader))).bytes)).toBe(await hashIn(reader))
})

test('engines: WebKitGTK has no WebRTC, so no file goes to it directly', async (context) => {
  const page = await openEngine('webkit', context)
  await page.goto(`${node.url}/`)
  expect(await page.evaluate('typeof RTCPeerConnection')).toBe('undefined')
})
