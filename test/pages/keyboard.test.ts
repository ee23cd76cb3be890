/** The app by keyboard alone, in a real Chromium: each stop is seen to have the focus, and nothing that is done loses it. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'

let node: NodeProcess
beforeAll(async () => {
  node = await startNodeProcess()
})
afterAll(() => node?.kill('SIGKILL'))
const chromium = useChromium()

const SEES_MS = 60_000

const sees = (page: Page, testId: string) => page.getByTestId(testId).first().waitFor({ timeout: SEES_MS })

/** The element that has the focus (its test id, spoken name or tag), and whether that is seen, by an outline of it or of the label around it. */
const focusOf = (page: Page) =>
  page.evaluate(() => {
    const at = document.activeElement ?? document.body
    const name = at.getAttribute('data-testid') ?? at.getAttribute('aria-label') ?? at.tagName
    const around = [at, at.closest('label')].filter((element) => element !== null)
    const isSeen = around.some((element) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(element)
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
    })
    return { name, isSeen }
  })

/** By the Tab key alone; every stop on the way is seen. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  const stops: string[] = []
  for (let presses = 0; presses < 40; presses++) {
    const { name } = await focusOf(page)
    if (name === wanted) return
    await page.keyboard.press('Tab')
    const stop = await focusOf(page)
    stops.push(stop.name)
    if (stop.name !== 'BODY') expect(stop, `a stop after ${stops.join(', ')}`).toMatchObject({ isSeen: true })
  }
  throw new Error(`No ${wanted} among the stops: ${stops.join(', ')}`)
}

async function press(page: Page, wanted: string, key = 'Enter'): Promise<void> {
  await tabTo(page, wanted)
  await page.keyboard.press(key)
}

/** Where the focus comes to, once it is there. */
const comesTo = (page: Page, name: string) => expect.poll(async () => (await focusOf(page)).name, { timeout: SEES_MS }).toBe(name)

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
