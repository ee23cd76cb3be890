/**
 * Tabs that receive the same large file: they help each other, and fetch nothing twice but what was under way, however they were
 * interrupted. How little that is of 200 MiB is shown by `npm run show-large-tabs -- reload` and `-- crash`.
 */

import type { BrowserContext, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { crash } from '../../scripts/bench/interrupted-tab.ts'
import { seesConnection, seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { reloadAnyway } from '../helpers/reloading.ts'
import { bytesGiven, bytesGot, type SharedFile, seesBytes, shareFile, visitFile } from '../helpers/shared-file.ts'

const MIB = 1_048_576

// Chromium hides its local addresses behind mDNS names, which do not resolve without multicast.
const chromium = useChromium({ without: ['WebRtcHideLocalIpsWithMdns'] })

const SIZE = 48 * MIB
/**
 * Pieces under way are fetched again: 24 pieces of 256 KiB (node/content/swarm/receiving.ts), and those that a slow machine requests twice. They
 * are no more than half of those that had come.
 */
const MOST_TWICE = SIZE / 4

/** Fetches half of a file, is interrupted, and fetches the rest. @returns bytes that were fetched twice */
async function interruptAtHalf(interrupt: (page: Page, context: BrowserContext, url: string) => Promise<Page>): Promise<number> {
  const node = await startNodeProcess()
  const file: SharedFile = await shareFile(await chromium.newPage(), node.url, SIZE)
  const context = await chromium.newContext()
  const visitor = await visitFile(context, node.url, file.address)
  await visitor.getByTestId('hold-too').click()
  await seesBytes(visitor, file.size / 2, 120_000)
  const after = await interrupt(visitor, context, node.url + file.address)
  await seesVisit(after, 'holding', 240_000) // its SHA-256 matches the address
  return (await bytesGiven(file)) - file.size
}

it('a reload at half of a file costs about what was under way', async () => {
  const twice = await interruptAtHalf(async (page) => {
    await reloadAnyway(page)
    return page
  })
  expect(twice).toBeGreaterThanOrEqual(0)
  expect(twice).toBeLessThanOrEqual(MOST_TWICE)
}, 400_000)

it('so does a tab that crashes there and is opened again by the browser', async () => {
  const twice = await interruptAtHalf((page, context, url) => crash({ page, context }, url))
  expect(twice).toBeGreaterThanOrEqual(0)
  expect(twice).toBeLessThanOrEqual(MOST_TWICE)
}, 400_000)

it('five tabs that get it at the same time cost their sender about two copies', async () => {
  const node = await startNodeProcess()
  const file = await shareFile(await chromium.newPage(), node.url, 12 * MIB)
  const visitors = await Promise.all(Array.from({ length: 5 }, async () => visitFile(await chromium.newContext(), node.url, file.address)))
  await Promise.all(visitors.map((visitor) => visitor.getByTestId('hold-too').click()))
  await Promise.all(visitors.map((visitor) => seesVisit(visitor, 'holding', 120_000)))
  expect((await bytesGiven(file)) / file.size).toBeLessThan(2.5)
}, 200_000)

it('a transfer that loses the node, and nobody else gives it, waits, and goes on by itself when the node is back', async () => {
  const node = await startNodeProcess()
  const file = await shareFile(await chromium.newPage(), node.url, 24 * MIB)
  const context = await chromium.newContext()
  await context.addInitScript(() => {
    Reflect.deleteProperty(globalThis, 'RTCPeerConnection')
  })
  const visitor = await visitFile(context, node.url, file.address)
  await visitor.getByTestId('hold-too').click()
  await seesBytes(visitor, 1, 60_000)
  await node.kill('SIGKILL')
  await seesConnection(visitor, 'lost')
  await visitor.locator('[data-testid="transfer"][data-phase="waiting"]').waitFor({ timeout: 60_000 })
  expect(await bytesGot(visitor)).toBeLessThan(file.size)
  await startNodeProcess({ port: node.port })
  await seesVisit(visitor, 'holding', 120_000)
}, 200_000)
