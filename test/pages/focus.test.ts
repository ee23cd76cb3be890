/** Where the keyboard goes on when the button that was pressed is disabled for a while, or is gone. */

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000

/** The test id or the class of what has the focus. */
const comesTo = (page: Page, name: string) =>
  expect
    .poll(() => page.evaluate(() => [document.activeElement?.getAttribute('data-testid'), document.activeElement?.className]), {
      timeout: SEES_MS,
    })
    .toContain(name)

it('a button that is disabled while it works has the focus again', async () => {
  const page = await chromium.newPage()
  await page.goto(`${node.url}/boxes`)
  await page.getByTestId('box-title').fill('Photos', { timeout: SEES_MS })
  await page.getByTestId('box-make').press('Enter')
  await page.getByTestId('box').waitFor({ timeout: SEES_MS })
  await comesTo(page, 'box-make')
})

it('when a pressed button goes, the part of the page around it has the focus; when all of it goes, the heading', async () => {
  const page = await chromium.newPage()
  page.on('dialog', (dialog) => void dialog.accept())
  await page.goto(`${node.url}/share`)
  for (const text of ['one', 'two']) {
    await page.getByTestId('share-text').fill(text, { timeout: SEES_MS })
    await page.getByTestId('share-text').press('Control+Enter')
    await page.getByTestId('entries').getByText(text).waitFor({ timeout: SEES_MS })
  }
  await page
    .getByRole('button', { name: /^Remove text/ })
    .first()
    .press('Enter')
  await comesTo(page, 'entries')
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/^Rename text/)
  await page.goto(`${node.url}/boxes`)
  await page.getByTestId('box-title').fill('Photos', { timeout: SEES_MS })
  await page.getByTestId('box-make').press('Enter')
  await page.getByTestId('box-end').press('Enter', { timeout: SEES_MS })
  await page.getByTestId('box').waitFor({ state: 'detached', timeout: SEES_MS })
  await comesTo(page, 'home boxes')
})

it('a person who has clicked beside everything is not brought back', async () => {
  const page = await chromium.newPage()
  await page.goto(`${node.url}/share`)
  await page.getByTestId('share-text').fill('one', { timeout: SEES_MS })
  await page.getByTestId('share-text').press('Control+Enter')
  await page.getByTestId('entries').getByText('one').waitFor({ timeout: SEES_MS })
  await page.getByTestId('share-text').focus()
  await page.mouse.click(2, 2)
  await page.evaluate(() => document.getElementById('below')?.append('a change'))
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))))
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BODY')
})
