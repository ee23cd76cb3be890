/**
 * Large files from tab to tab, in a real Chromium: its WebRTC, signalled through a real node. Chromium hides its local addresses behind
 * mDNS names, which nobody answers where there is no multicast: these tests, and nothing else, tell it not to. How little the node carries
 * of 200 MiB is shown by `npm run show-large-tabs`.
 */

import type { BrowserContext, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { seesConnection, seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { seesBytes, shareFile, visitFile } from '../helpers/shared-file.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576
/** Bytes that the node may still send because they were requested while the tabs were being connected: six pieces (node/content/swarm/swarm.ts). */
const ASKED_BEFORE = 6 * 262_144

const chromium = useChromium({ without: ['WebRtcHideLocalIpsWithMdns'] })

const share = async (node: NodeProcess, size: number) => shareFile(await chromium.newPage(), node.url, size)
const visit = (node: NodeProcess, address: string, context: BrowserContext) => visitFile(context, node.url, address)

const seesWay = (page: Page, way: 'direct' | 'node') =>
  page.locator(`[data-testid="transfer"][data-way="${way}"]`).waitFor({ timeout: 60_000 })
const seesReceiver = (page: Page, way: 'direct' | 'node') =>
  page.getByTestId('receivers').locator(`li[data-way="${way}"]`).waitFor({ timeout: 60_000 })

async function countsOf(node: NodeProcess): Promise<Record<string, number>> {
  const response = await fetch(`${node.url}/api/v1/status`)
  return ((await response.json()) as { counts: Record<string, number> }).counts
}
const portBytes = async (node: NodeProcess) => {
  const { bytesReceived = 0, bytesSent = 0 } = await countsOf(node)
  return bytesReceived + bytesSent
}
const isReachable = (node: NodeProcess, tabs = 1) =>
  waitFor(async () => (await countsOf(node)).reservations === tabs, 60_000, `${tabs} tabs that can be reached directly`)

it('two tabs exchange a file directly: once they are connected the node carries next to nothing, and both pages say "direct"', async () => {
  const node = await startNodeProcess()
  const { page: author, address, sha256, size } = await share(node, 32 * MIB)
  await isReachable(node)
  const visitor = await visit(node, address, await chromium.newContext())
  await visitor.getByTestId('hold-too').click()
  await seesWay(visitor, 'direct')
  const before = await portBytes(node)
  expect(await visitor.getByTestId('transfer').textContent()).toContain('direct')
  await seesReceiver(author, 'direct')
  await seesVisit(visitor, 'holding', 240_000) // its SHA-256 matches the address
  const carried = (await portBytes(node)) - before
  expect(address).toContain(sha256)
  expect(carried).toBeLessThan(ASKED_BEFORE + size / 100)
})

it('where a browser has no WebRTC, it comes through the node, and both pages say so', async () => {
  const node = await startNodeProcess()
  const { page: author, address, size } = await share(node, 12 * MIB)
  await isReachable(node)
  const context = await chromium.newContext()
  await context.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'RTCPeerConnection')
  })
  const visitor = await visit(node, address, context)
  const before = await portBytes(node)
  await visitor.getByTestId('hold-too').click()
  await seesWay(visitor, 'node')
  // A word joiner keeps the short peer id on one line.
  expect(await visitor.getByTestId('transfer').textContent()).toContain(`through node …\u2060${node.id.slice(-6)}`)
  await seesReceiver(author, 'node')
  await seesVisit(visitor, 'holding', 60_000)
  expect((await portBytes(node)) - before).toBeGreaterThan(size)
  expect((await countsOf(node)).circuits).toBe(0)
})

it('the home comes back after a restart, as another peer, and tabs exchange directly through it', async () => {
  const first = await startNodeProcess()
  const { page: author, address } = await share(first, 8 * MIB)
  await isReachable(first)
  await first.kill('SIGKILL')
  await seesConnection(author, 'lost')
  const second = await startNodeProcess({ port: first.port })
  await seesConnection(author, 'joined')
  await isReachable(second)
  const visitor = await visit(second, address, await chromium.newContext())
  await visitor.getByTestId('hold-too').click()
  await seesWay(visitor, 'direct')
  await seesVisit(visitor, 'holding', 60_000)
})

it('the tab that gives goes away in the middle, another that holds it goes on, and the node carries next to nothing', async () => {
  const node = await startNodeProcess()
  const { page: author, address, size } = await share(node, 32 * MIB)
  await isReachable(node)
  const other = await visit(node, address, await chromium.newContext())
  await other.getByTestId('hold-too').click()
  await seesVisit(other, 'holding', 120_000)
  await isReachable(node, 2)
  const visitor = await visit(node, address, await chromium.newContext())
  await visitor.getByTestId('hold-too').click()
  await seesWay(visitor, 'direct')
  const before = await portBytes(node)
  await seesBytes(visitor, 4 * MIB, 60_000)
  await author.close()
  await seesVisit(visitor, 'holding', 120_000)
  await seesReceiver(other, 'direct')
  expect((await portBytes(node)) - before).toBeLessThan(ASKED_BEFORE + size / 100)
})
