/** Files for a contact in the app, in a real Chromium: one who is away, a question, a rule, and a sender that reloads. */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Download, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000

async function openPeople(page: Page): Promise<void> {
  await page.goto(`${node.url}/people`)
  await page.getByTestId('make-account').click()
  await page.getByTestId('add-alias').waitFor({ timeout: SEES_MS })
}

const seesContact = (page: Page, alias: string, instances: number) =>
  page.locator(`[data-testid="contacts"] [data-instances="${instances}"]`, { hasText: alias }).waitFor({ timeout: SEES_MS })

async function openContacts(): Promise<[ann: Page, ben: Page]> {
  const [ann, ben] = [await chromium.newPage(), await chromium.newPage()]
  await openPeople(ann)
  await openPeople(ben)
  await ann.getByTestId('add-alias').fill('Ben')
  await ann.getByTestId('add-contact').click()
  const code = (await ann.getByTestId('code').textContent({ timeout: SEES_MS })) ?? ''
  await ben.getByTestId('claim-text').fill(code)
  await ben.getByTestId('claim-alias').fill('Ann')
  await ben.getByTestId('claim').click()
  await seesContact(ann, 'Ben', 1)
  await seesContact(ben, 'Ann', 1)
  return [ann, ben]
}

async function offer(page: Page, name: string, buffer: Buffer, words = ''): Promise<void> {
  await page.getByTestId('offer-words').fill(words)
  await page.locator('.note-form [data-testid="page-file"]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
}

const made = (page: Page, name: string) => page.getByTestId('made-offer').filter({ hasText: name })
const sees = (page: Page, name: string, words: string | RegExp) => made(page, name).filter({ hasText: words }).waitFor({ timeout: SEES_MS })

const bytesOf = async (download: Download) => readFile((await download.path()) ?? '')

it('files go to a contact who was away, when asked, by a rule, and after the sender has reloaded', async () => {
  const [ann, ben] = await openContacts()
  const bytes = randomBytes(300_000)
  await ben.goto('about:blank')
  await seesContact(ann, 'Ben', 0)
  await ann.getByTestId('send-files').click()
  await offer(ann, 'bread.bin', bytes, 'For you')
  await sees(ann, 'bread.bin', 'Ben is away')

  await ben.goto(node.url)
  const asked = ben.getByTestId('offered').filter({ hasText: 'bread.bin' })
  await asked.waitFor({ timeout: SEES_MS })
  expect(await asked.textContent()).toMatch(/Ann offers you bread\.bin \(.+\)For you/)
  await sees(ann, 'bread.bin', 'Ben is asked')
  for (const width of [390, 1_280]) {
    await ann.setViewportSize({ width, height: 844 })
    expect(await ann.evaluate(() => document.documentElement.scrollWidth), 'nothing is wider than the page').toBe(width)
  }
  const [download] = await Promise.all([ben.waitForEvent('download', { timeout: SEES_MS }), asked.getByTestId('receive-offer').click()])
  expect(download.suggestedFilename()).toBe('bread.bin')
  expect(Buffer.compare(await bytesOf(download), bytes)).toBe(0)
  await sees(ann, 'bread.bin', 'Ben has everything')
  await asked.filter({ hasText: 'among your downloads' }).waitFor({ timeout: SEES_MS })

  await ben.goto(`${node.url}/people`)
  await seesContact(ben, 'Ann', 1)
  await ben.getByTestId('send-files').click()
  await ben.getByTestId('offer-rule').selectOption({ label: 'Receive up to 10 MB without asking' })
  const small = randomBytes(1_000)
  const [second] = await Promise.all([ben.waitForEvent('download', { timeout: SEES_MS }), offer(ann, 'small.bin', small)])
  expect(Buffer.compare(await bytesOf(second), small)).toBe(0)
  await sees(ann, 'small.bin', 'Ben has everything')

  await ben.goto('about:blank')
  await seesContact(ann, 'Ben', 0)
  await offer(ann, 'late.bin', small)
  await sees(ann, 'late.bin', 'Ben is away')
  await ann.reload()
  await sees(ann, 'late.bin', 'Choose the same files again')
  await made(ann, 'late.bin')
    .getByTestId('page-file')
    .setInputFiles({ name: 'late.bin', mimeType: 'application/octet-stream', buffer: small })
  await sees(ann, 'late.bin', 'Ben is away')
  const third = ben.waitForEvent('download', { timeout: SEES_MS })
  await ben.goto(node.url)
  expect(Buffer.compare(await bytesOf(await third), small)).toBe(0)
  await sees(ann, 'late.bin', 'Ben has everything')
})
