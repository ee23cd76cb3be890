/** Messages, and files for a contact, by keyboard alone, in a real Chromium. */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { saveAsDownloads } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { comesTo, focusOf, press, tabTo } from '../helpers/keyboard.ts'
import { openMessages, seesMessage, seesSent } from '../helpers/messages-page.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000

const sees = (page: Page, testId: string) => page.getByTestId(testId).first().waitFor({ timeout: SEES_MS })

/** The tab key starts anew from the heading, where a reader of the page is. */
const fromTheTop = (page: Page) => page.evaluate(() => document.querySelector('h1')?.focus())

async function typeIn(page: Page, field: string, text: string): Promise<void> {
  await tabTo(page, field)
  await page.keyboard.type(text)
}

it('a name is listened to, and a message is written, read, answered and removed', async () => {
  const [ann, bob] = [await chromium.newPage(), await chromium.newPage()]
  const end = `#keys-${crypto.randomUUID().slice(0, 8)}`
  const bobs = await openMessages(bob, node.url)
  await openMessages(ann, node.url)
  await typeIn(bob, 'end-name', end)
  await press(bob, 'listen')
  await bob.getByTestId('ends').getByText(end).waitFor({ timeout: SEES_MS })

  await typeIn(ann, 'message-to', bobs)
  await typeIn(ann, 'message-text', 'fresh bread today')
  await ann.keyboard.press('Control+Enter')
  await seesMessage(bob, 'fresh bread today')
  await seesSent(ann, 'stored')
  await fromTheTop(bob)
  await press(bob, 'answer')
  await comesTo(bob, 'message-text')
  await bob.keyboard.type('two loaves, please')
  await press(bob, 'send')
  await seesMessage(ann, 'two loaves, please')
  expect((await focusOf(bob)).name).not.toBe('BODY')

  await fromTheTop(ann)
  await press(ann, 'remove-message')
  await ann.locator('[data-testid="inbox"] > li').waitFor({ state: 'detached', timeout: SEES_MS })
  await expect.poll(async () => (await focusOf(ann)).name).not.toBe('BODY')
})

it('two become contacts; files are offered, received, offered again and declined', async () => {
  const [ann, ben] = [await chromium.newPage(), await chromium.newPage()]
  await saveAsDownloads(ben)
  for (const page of [ann, ben]) {
    await page.goto(`${node.url}/people`)
    await sees(page, 'make-account')
    await press(page, 'make-account')
    await sees(page, 'add-alias')
  }
  await typeIn(ann, 'add-alias', 'Ben')
  await press(ann, 'add-contact')
  const code = (await ann.getByTestId('code').textContent({ timeout: SEES_MS })) ?? ''
  await typeIn(ben, 'claim-text', code)
  await typeIn(ben, 'claim-alias', 'Ann')
  await press(ben, 'claim')
  await ann.locator('[data-testid="contacts"] [data-instances="1"]').waitFor({ timeout: SEES_MS })

  await fromTheTop(ann)
  await press(ann, 'send-files')
  await typeIn(ann, 'offer-words', 'For you')
  const bytes = randomBytes(100_000)
  const offer = async (name: string) => {
    const choosing = ann.waitForEvent('filechooser', { timeout: SEES_MS })
    await press(ann, 'page-file')
    await (await choosing).setFiles({ name, mimeType: 'application/octet-stream', buffer: bytes })
    await ben.getByTestId('offered').filter({ hasText: name }).waitFor({ timeout: SEES_MS })
  }
  await offer('bread.bin')
  const download = ben.waitForEvent('download', { timeout: SEES_MS })
  await press(ben, 'receive-offer')
  expect(Buffer.compare(await readFile((await (await download).path()) ?? ''), bytes)).toBe(0)
  await ann.locator('[data-testid="made-offer"][data-state="done"]').waitFor({ timeout: SEES_MS })
  await press(ben, 'dismiss-offer')
  await ben.getByTestId('offered').waitFor({ state: 'detached', timeout: SEES_MS })
  await expect.poll(async () => (await focusOf(ben)).name).not.toBe('BODY')

  await offer('cake.bin')
  await press(ben, 'refuse-offer')
  await ann.locator('[data-testid="made-offer"][data-state="refused"]').waitFor({ timeout: SEES_MS })
  await press(ann, 'close-offer')
  await expect.poll(() => ann.getByTestId('made-offer').count(), { timeout: SEES_MS }).toBe(1)
  await expect.poll(async () => (await focusOf(ann)).name).not.toBe('BODY')
})
