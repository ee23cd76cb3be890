/** The page of a received share between its first stage and its own peer, in a real Chromium: the sharer's tab closes, and the gateway fails. */

import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { saveAsDownloads } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000
const MIB = 1_048_576
/** More than a first stage brings. */
const LARGE = randomBytes(4 * MIB)

const seesState = (page: Page, state: string, words: string) =>
  page.locator(`[data-testid="share-state"][data-state="${state}"]`).getByText(words).waitFor({ timeout: SEES_MS })
const seesPhase = (page: Page, name: string, phase: string) =>
  page.locator(`[data-testid="entry"][data-phase="${phase}"]`).getByText(name, { exact: true }).waitFor({ timeout: SEES_MS })

/** A tab that shares a small and a large file, and the page of who receives them, which has taken both and has no peer before `leave`. */
async function openBoth() {
  const sharer = await chromium.newPage()
  await sharer.goto(`${node.url}/share`)
  await sharer.getByTestId('page-file').setInputFiles([
    { name: 'first.txt', mimeType: 'text/plain', buffer: Buffer.from('first') },
    { name: 'large.bin', mimeType: 'application/octet-stream', buffer: LARGE },
  ])
  const link = await sharer.getByTestId('page-link').inputValue({ timeout: SEES_MS })
  await sharer.locator('[data-testid="entries-state"][data-reading="0"]').waitFor({ timeout: SEES_MS })
  const page = await chromium.newPage()
  await saveAsDownloads(page)
  const downloads: string[] = []
  page.on('download', (download) => downloads.push(download.suggestedFilename()))
  const leave = Promise.withResolvers<void>()
  let isBroken = false
  await page.route(/\/assets\/tab-peer-/, async (route) => {
    if (isBroken) return route.abort()
    await leave.promise
    await route.continue()
  })
  return {
    ...{ sharer, page, downloads, letPeerCome: leave.resolve },
    /** The code of the peer cannot be loaded, or can again. */
    setBroken(is: boolean) {
      isBroken = is
    },
    /** Opens the link, and takes both. */
    async receive() {
      await page.goto(link)
      await page.getByTestId('receive').click({ timeout: SEES_MS })
    },
  }
}

describe('the page of a received share that has no peer yet', () => {
  it('says at once that the sharer’s tab was closed: what is complete stays, what is not waits, and so it stays with its peer', async () => {
    const { sharer, page, downloads, receive, letPeerCome } = await openBoth()
    await receive()
    await seesPhase(page, 'first.txt', 'saved')
    await expect
      .poll(async () => Number(await page.getByTestId('receive-progress').getAttribute('data-done')), { timeout: SEES_MS })
      .toBeGreaterThan(MIB)
    await sharer.close()
    await seesState(page, 'away', 'Keep this page open: it goes on by itself when they are back')
    await seesPhase(page, 'large.bin', 'stalled')
    const joined = page.waitForEvent('websocket')
    letPeerCome()
    await joined
    await seesPhase(page, 'large.bin', 'stalled')
    await seesState(page, 'away', 'The sharer is not here now')
    expect(downloads).toEqual(['first.txt'])
  })

  it('says that its code cannot be loaded, tries again by itself, and goes on', async () => {
    const { page, receive, letPeerCome, setBroken } = await openBoth()
    letPeerCome()
    setBroken(true)
    await receive()
    await page.getByTestId('opening-problem').getByText('It tries again by itself').waitFor({ timeout: SEES_MS })
    setBroken(false)
    await page.locator('[data-testid="receive-progress"][data-complete="true"]').waitFor({ timeout: SEES_MS })
    expect(await page.getByTestId('opening-problem').count()).toBe(0)
  })
})
