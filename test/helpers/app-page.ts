/** The app in a real browser, as a person uses it. A wait ends as soon as the page shows the expected state; time limits are for slow machines. */

import { createHash } from 'node:crypto'
import type { BrowserContext, Page } from 'playwright-core'
import type { VisitState } from '../../browser/visit/types.ts'

/** Time limit for a page to show something, in ms. */
const SEES_MS = 40_000

/** As a browser without the pickers of File System Access: files are saved as downloads, and no dialog waits for a person. */
export function saveAsDownloads(to: Page | BrowserContext): Promise<unknown> {
  return to.addInitScript(() => {
    for (const name of ['showSaveFilePicker', 'showDirectoryPicker']) Reflect.deleteProperty(globalThis, name)
  })
}

/** Opens the home page and waits until the tab is in the network. */
export async function openHome(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await seesConnection(page, 'joined')
}

/** Makes a page of typed text. Returns its hash, from the address bar. */
export async function makeText(page: Page, text: string): Promise<string> {
  await page.getByLabel('Your page').fill(text)
  return pressMake(page)
}

/** Makes a page of a chosen file. Returns its hash, from the address bar. */
export async function makeFile(page: Page, bytes: Uint8Array, name = 'file.bin'): Promise<string> {
  await chooseFile(page, bytes, name)
  await page.getByTestId('chosen-file').waitFor()
  return pressMake(page)
}

export async function chooseFile(page: Page, bytes: Uint8Array, name = 'file.bin'): Promise<void> {
  await page.getByTestId('page-file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) })
}

export async function pressMake(page: Page): Promise<string> {
  await page.getByTestId('make').click()
  await page.getByTestId('page-link').waitFor()
  return hashOf(page)
}

/** The hash in the address bar. */
export function hashOf(page: Page): string {
  return new URL(page.url()).pathname.slice(1, 65)
}

/** Waits until the page shows this number of holders. */
export async function seesCount(page: Page, count: number, timeoutMs = SEES_MS): Promise<void> {
  await page.locator(`[data-testid="count"][data-count="${count}"]`).waitFor({ timeout: timeoutMs })
}

export async function seesVisit(page: Page, state: VisitState, timeoutMs = SEES_MS): Promise<void> {
  await page.locator(`[data-testid="visit-status"][data-state="${state}"]`).waitFor({ timeout: timeoutMs })
}

export async function seesConnection(page: Page, state: string, timeoutMs = SEES_MS): Promise<void> {
  await page.locator(`[data-testid="connection"][data-state="${state}"]`).waitFor({ timeout: timeoutMs })
}

/** Waits until the content has the text: in its frame, or, of a text, in the page itself. */
export async function seesContent(page: Page, text: string, timeoutMs = SEES_MS): Promise<void> {
  // The author's preview and the frame that takes its place stand there together for a moment: each is looked at by itself.
  const places = [page.frameLocator('iframe#content'), page.frameLocator('iframe[data-testid="frame-local"]'), contentText(page)]
  await Promise.any(places.map((place) => place.getByText(text).first().waitFor({ timeout: timeoutMs })))
}

/** The place of a text. */
export const contentText = (page: Page) => page.locator('section#content')

export function sha256Hex(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Collects violations of the page's policy, and errors of its scripts. */
export function listenForTrouble(page: Page): string[] {
  const trouble: string[] = []
  page.on('pageerror', (error) => trouble.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/i.test(message.text())) trouble.push(message.text())
  })
  return trouble
}
