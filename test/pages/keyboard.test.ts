/** The app by keyboard alone, in a real Chromium: each stop is seen to have the focus, and nothing that is done loses it. */

import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { memorySource } from '../../node/index.ts'
import type { ShareItem } from '../../node/sharing/types.ts'
import { saveAsDownloads } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startTab } from '../helpers/early-receiver.ts'
import { comesTo, focusOf, press, tabTo } from '../helpers/keyboard.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000

const sees = (page: Page, testId: string) => page.getByTestId(testId).first().waitFor({ timeout: SEES_MS })

it('a text is shared, renamed and no longer shared', async () => {
  const page = await chromium.newPage()
  await page.goto(`${node.url}/share`)
  await sees(page, 'share-text')
  await tabTo(page, 'page-file')
  await tabTo(page, 'share-text')
  await page.keyboard.type('a few words')
  await press(page, 'share-text-button')
  await sees(page, 'share-code')
  await comesTo(page, 'share-text-button')

  const name = await page
    .getByTestId('entries')
    .locator('.name')
    .first()
    .evaluate((element) => element.firstChild?.textContent)
  page.once('dialog', (dialog) => void dialog.accept('words.txt'))
  await page.evaluate(() => document.querySelector('h1')?.focus())
  await press(page, `Rename ${name}`)
  await page.getByTestId('entries').getByText('words.txt').waitFor({ timeout: SEES_MS })
  await comesTo(page, 'Rename words.txt')

  await press(page, 'share-end')
  await sees(page, 'share-ended')
  await comesTo(page, 'H1')
  await press(page, 'share-again')
  await sees(page, 'rules')
  await comesTo(page, 'H1')
})

it('an account is made, its words are shown and hidden, and a link for a contact is made and taken back', async () => {
  const page = await chromium.newPage()
  await page.goto(`${node.url}/people`)
  await sees(page, 'make-account')
  await press(page, 'make-account')
  await sees(page, 'add-alias')
  await comesTo(page, 'H1')
  await tabTo(page, 'add-alias')
  await page.keyboard.type('Ben')
  await press(page, 'add-contact')
  await sees(page, 'code')
  await comesTo(page, 'add-contact')
  await press(page, 'cancel-token')
  await page.getByTestId('code').waitFor({ state: 'detached', timeout: SEES_MS })
  await comesTo(page, 'H2')
  await press(page, 'show-words')
  await sees(page, 'recovery-words')
  await page.keyboard.press('Enter')
  await page.getByTestId('recovery-words').waitFor({ state: 'detached', timeout: SEES_MS })
  await comesTo(page, 'show-words')
})

it('a share is received: its code, its password, some of its files, a pause, and the end', async () => {
  const sharer = await startTab(node.url)
  const items = ['large.bin', 'small.txt', 'left out.txt'].map(
    (path): ShareItem => ({ kind: 'file', path, source: memorySource(randomBytes(path === 'large.bin' ? 6_000_000 : 9)) }),
  )
  const share = await sharer.sharing.share(items, { password: 'sesame' })
  const { code } = await share.code()
  const page = await chromium.newPage()
  await saveAsDownloads(page)
  await page.goto(`${node.url}/s`)
  await sees(page, 'share-code')
  await tabTo(page, 'share-code')
  await page.keyboard.type(code)
  await page.keyboard.press('Enter')
  await sees(page, 'share-password')
  await tabTo(page, 'share-password')
  await page.keyboard.type('wrong')
  await page.keyboard.press('Enter')
  await sees(page, 'password-problem')
  await comesTo(page, 'share-password')
  await page.keyboard.type('sesame')
  await page.keyboard.press('Enter')
  await sees(page, 'receive')
  // A box inside its label is named by it.
  await page.getByLabel('left out.txt').focus()
  await page.keyboard.press('Space')
  await page.getByTestId('receive').getByText('Receive 2 of 3').waitFor({ timeout: SEES_MS })
  await page.evaluate(() => document.querySelector('h1')?.focus())
  await press(page, 'receive')
  await sees(page, 'receive-pause')
  await press(page, 'receive-pause')
  await sees(page, 'receive-resume')
  await press(page, 'receive-resume')
  await page.locator('[data-testid="receive-progress"][data-complete="true"]').waitFor({ timeout: SEES_MS })
  await expect.poll(async () => (await focusOf(page)).name).not.toBe('BODY')
  await press(page, 'help-others', 'Space')
  expect(await page.getByTestId('help-others').isChecked()).toBe(false)
})

it('a box is made and ended; somebody sends to it, and its owner says yes and saves', async () => {
  const owner = await chromium.newPage()
  await saveAsDownloads(owner)
  await owner.goto(`${node.url}/boxes`)
  await sees(owner, 'box-title')
  await tabTo(owner, 'box-title')
  await owner.keyboard.type('Photos')
  await press(owner, 'SUMMARY')
  await press(owner, 'box-asks', 'Space')
  await press(owner, 'box-make')
  await sees(owner, 'box')
  const link = await owner.getByTestId('box').getByTestId('page-link').inputValue()

  const sender = await chromium.newPage()
  await sender.goto(link)
  await sees(sender, 'drop-send')
  await tabTo(sender, 'page-file')
  await tabTo(sender, 'drop-words')
  await sender.keyboard.type('a few words')
  await press(sender, 'drop-send')
  await sees(owner, 'submission-take')
  await press(owner, 'submission-take')
  await sees(sender, 'drop-done')
  await press(sender, 'drop-again')
  await sees(sender, 'drop-send')
  await comesTo(sender, 'drop') // the part of the page that has come

  await sees(owner, 'folder-save')
  const download = owner.waitForEvent('download', { timeout: SEES_MS })
  await press(owner, 'folder-save')
  await download
  await sees(owner, 'folder-saved')
  await press(owner, 'folder-remove')
  await owner.getByTestId('folder').waitFor({ state: 'detached', timeout: SEES_MS })
  owner.once('dialog', (dialog) => void dialog.accept())
  await press(owner, 'box-end')
  await owner.getByTestId('box').waitFor({ state: 'detached', timeout: SEES_MS })
  await expect.poll(async () => (await focusOf(owner)).name).not.toBe('BODY')
})
