/** A large file that a tab shares from disk, as a person would, and the tabs that get it. */

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { openHome, pressMake, seesConnection, seesVisit } from './app-page.ts'
import { randomBytes } from './sample-files.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

const MIB = 1_048_576

export interface SharedFile {
  page: Page
  /** Path and query of the link. */
  address: string
  /** In hex. */
  sha256: string
  size: number
}

/** Leaves the page on the shared file, with the list of its receivers. */
export async function shareFile(page: Page, origin: string, size: number): Promise<SharedFile> {
  const path = join(await createTemporaryDirectory(), 'film.bin')
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  for (let left = size; left > 0; left -= 4 * MIB) {
    const bytes = randomBytes(Math.min(left, 4 * MIB))
    hash.update(bytes)
    await file.write(bytes)
  }
  await file.close()
  await openHome(page, origin)
  await page.getByTestId('page-file').setInputFiles(path)
  await page.getByTestId('chosen-file').waitFor()
  await pressMake(page)
  const { pathname, search } = new URL(await page.getByTestId('page-link').inputValue())
  return { page, address: pathname + search, sha256: hash.digest('hex'), size }
}

/** How many bytes the sharing tab has given, to all together. */
export async function bytesGiven({ page }: SharedFile): Promise<number> {
  const rows = await page.getByTestId('receivers').locator('li').all()
  const given = await Promise.all(rows.map((row) => row.getAttribute('data-bytes')))
  return given.reduce((sum, bytes) => sum + Number(bytes), 0)
}

/** A tab on the link's page, which does not have the file yet. */
export async function visitFile(context: BrowserContext, origin: string, address: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(origin + address)
  await seesConnection(page, 'joined')
  await seesVisit(page, 'streamed')
  return page
}

/** Waits until the tab's transfer has so many bytes, with little work for the page that does it. */
export async function seesBytes(page: Page, bytes: number, timeoutMs: number): Promise<void> {
  await page.waitForFunction(
    (least) => Number(document.querySelector<HTMLElement>('[data-testid="transfer"]')?.dataset.done ?? 0) >= least,
    bytes,
    { timeout: timeoutMs, polling: 50 },
  )
}

/** How far the tab's transfer is, in bytes. */
export async function bytesGot(page: Page): Promise<number> {
  const transfer = page.getByTestId('transfer')
  return (await transfer.count()) === 0 ? 0 : Number(await transfer.getAttribute('data-done'))
}
