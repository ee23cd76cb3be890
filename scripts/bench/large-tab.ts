/** A browser with a profile on disk, for shows of large content: one shares a file, others receive it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { findChromium } from '../chromium.ts'
import { familyOf, rssOf } from './process-stat.ts'

/** Large content takes its time, in ms. */
export const LONG_MS = 3_600_000

export interface Browser {
  context: BrowserContext
  page: Page
  /** Memory of all its processes together, in bytes. */
  rss(): number
}

/** Directory for profiles and files; removed with the process. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mayfly-large-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/**
 * Starts a browser with a profile on disk: a private window would keep received bytes in memory.
 *
 * @throws when there is no Chromium on this machine
 */
export async function openBrowser(directory: string): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('There is no Chromium: npm test says how to install one')
  const before = new Set(familyOf(process.pid))
  const context = await chromium.launchPersistentContext(directory, {
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns'],
  })
  const own = familyOf(process.pid).find((pid) => !before.has(pid)) as number
  return {
    context,
    page: context.pages()[0] ?? (await context.newPage()),
    rss: () => familyOf(own).reduce((sum, pid) => sum + rssOf(pid), 0),
  }
}

/** The page, which shows the app, shares the file. Resolves with the link. */
export async function shareFile(page: Page, path: string): Promise<string> {
  await page.getByTestId('page-file').setInputFiles(path)
  await page.getByTestId('chosen-file').waitFor()
  await page.getByTestId('make').click()
  await page.getByTestId('page-link').waitFor({ timeout: LONG_MS })
  return page.getByTestId('page-link').inputValue()
}

export async function seesState(page: Page, state: string): Promise<void> {
  await page.locator(`[data-testid="visit-status"][data-state="${state}"]`).waitFor({ timeout: LONG_MS })
}
