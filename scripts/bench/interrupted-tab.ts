/** A tab that is interrupted at half of a large file, and gets the rest: how much is fetched twice. */

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { type Browser, LONG_MS, openBrowser, seesState, shareFile, temporaryDirectory } from './large-tab.ts'
import { startNode } from './mayfly-network.ts'
import { writeSparse } from './sparse-file.ts'

/** Reloaded by its user; or its process ends, and the browser opens the tab again as it does after a crash. */
export const INTERRUPTIONS = ['reload', 'crash'] as const
export type Interruption = (typeof INTERRUPTIONS)[number]

/** Of the whole. */
const MAX_TWICE = 0.05

/** Prints the bytes that were fetched again. Resolves with whether they were few. */
export async function showInterrupted(interruption: Interruption, bytes: number): Promise<boolean> {
  const directory = temporaryDirectory()
  const path = join(directory, 'large.bin')
  await writeSparse(path, bytes)
  await using node = await startNode()
  const sender = await openBrowser(join(directory, 'sender'))
  const reader = await openBrowser(join(directory, 'reader'))
  try {
    await sender.page.goto(node.url)
    const link = await shareFile(sender.page, path)
    await reader.page.goto(link)
    await seesState(reader.page, 'streamed')
    await reader.page.getByTestId('hold-too').click()
    await reader.page.waitForFunction(
      (half) => Number(document.querySelector<HTMLElement>('[data-testid="transfer"]')?.dataset.done ?? 0) >= half,
      bytes / 2,
      { timeout: LONG_MS },
    )
    const after = await (interruption === 'reload' ? reload(reader.page) : crash(reader, link))
    await seesState(after, 'holding')
    const twice = (await bytesGiven(sender.page)) / bytes - 1
    console.log(`bytes      ${bytes.toLocaleString('en')}, a ${interruption} at half of them, checked as a whole`)
    console.log(`fetched twice: ${(100 * twice).toFixed(2)} % of them, at most ${100 * MAX_TWICE} % is right`)
    return twice >= 0 && twice <= MAX_TWICE
  } finally {
    await sender.context.close()
    await reader.context.close()
  }
}

async function reload(page: Page): Promise<Page> {
  await page.reload({ timeout: LONG_MS })
  return page
}

/** Crashes the tab and opens it again, with its session storage. */
export async function crash({ page, context }: Pick<Browser, 'page' | 'context'>, link: string): Promise<Page> {
  const kept = await page.evaluate(() => ({ ...sessionStorage }))
  const crashed = page.waitForEvent('crash')
  await Promise.race([page.goto('chrome://crash').catch(() => {}), crashed])
  await crashed
  const again = await context.newPage()
  await again.addInitScript((items: Record<string, string>) => {
    if (window.top !== window || sessionStorage.length > 0) return
    for (const [name, value] of Object.entries(items)) sessionStorage.setItem(name, value)
  }, kept)
  await again.goto(link)
  return again
}

async function bytesGiven(page: Page): Promise<number> {
  const rows = await page.getByTestId('receivers').locator('li').all()
  const given = await Promise.all(rows.map((row) => row.getAttribute('data-bytes')))
  return given.reduce((sum, bytes) => sum + Number(bytes), 0)
}
