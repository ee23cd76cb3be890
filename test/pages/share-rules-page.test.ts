/** The rules of a share as people meet them: the pages of sharer and receivers, each in a browser of its own. */

import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { saveAsDownloads } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000

/** Shares a file under rules. @returns the sharer's page, and the link */
async function share(choose: (page: Page) => Promise<unknown> = async () => {}): Promise<{ page: Page; link: string }> {
  const page = await chromium.newPage()
  await page.goto(`${node.url}/share`)
  await page.getByTestId('rules').locator('summary').click()
  await choose(page)
  await page.getByTestId('page-file').setInputFiles({ name: 'bread.txt', mimeType: 'text/plain', buffer: Buffer.from('bread') })
  return { page, link: await page.getByTestId('page-link').inputValue({ timeout: SEES_MS }) }
}

/** Opens the link in a browser without the pickers of File System Access. */
async function look(link: string): Promise<Page> {
  const page = await chromium.newPage()
  await saveAsDownloads(page)
  await page.goto(link)
  await page.getByTestId('receive').waitFor({ timeout: SEES_MS })
  return page
}

const isComplete = (page: Page) => page.locator('[data-testid="receive-progress"][data-complete="true"]').waitFor({ timeout: SEES_MS })
const hasEnded = (page: Page, words: string) =>
  page.locator('[data-testid="share-state"][data-state="ended"]').getByText(words).waitFor({ timeout: SEES_MS })

it('two press Receive at the same instant for a share for one: one has it, and the other reads that it was for one', async () => {
  const { page, link } = await share((page) => page.getByTestId('rule-receivers').fill('1'))
  const both = [await look(link), await look(link)]
  for (const each of both) await each.getByTestId('share-rules').getByText('This share is for one person').waitFor()
  await Promise.all(both.map((each) => each.getByTestId('receive').click()))
  const outcomes = await Promise.all(
    both.map((each) =>
      Promise.any([
        isComplete(each).then(() => 'has it'),
        hasEnded(each, 'This share was for a number of people').then(() => 'is too late'),
      ]),
    ),
  )
  expect(outcomes.toSorted()).toEqual(['has it', 'is too late'])
  await page.getByTestId('share-close').getByText('You can close this tab').waitFor({ timeout: SEES_MS })
})

it('three wrong codes of a guesser burn a code: both sides read so, the right words open nothing, and the link does', async () => {
  const { page, link } = await share()
  const code = (await page.getByTestId('share-code').textContent({ timeout: SEES_MS })) ?? ''
  const wrong = `${code.startsWith('abandon-') ? 'zone-zoo' : 'abandon-ability'}-${code.split('-').at(-1)}`
  const guesser = await chromium.newPage()
  const guess = async (words: string, answer: string) => {
    await guesser.goto(`${node.url}/s`)
    await guesser.getByTestId('share-code').fill(words)
    await guesser.getByTestId('share-code').press('Enter')
    await guesser.getByTestId('code-problem').getByText(answer).waitFor({ timeout: SEES_MS })
  }
  for (const answer of ['not the right words', 'not the right words', 'guessed wrongly three times']) await guess(wrong, answer)
  await page.getByTestId('code-outcome').getByText('Somebody entered three wrong codes').waitFor({ timeout: SEES_MS })
  await guess(code, 'This code has ended')
  const receiver = await look(link)
  await receiver.getByTestId('receive').click()
  await isComplete(receiver)
})

it('a share that stops after the first, with a time: both sides read so, and it ends when one has everything', async () => {
  const { page, link } = await share(async (page) => {
    await page.getByTestId('rule-time').selectOption({ label: '1 hour' })
    await page.getByTestId('rule-stop').check()
  })
  await page.getByTestId('share-rules').getByText('It ends when the first receiver has everything.').waitFor()
  await page.getByTestId('share-rules').getByText('or with this tab').waitFor()
  const [first, second] = [await look(link), await look(link)]
  await first.getByTestId('share-rules').getByText('It ends on').waitFor()
  await first.getByTestId('receive').click()
  await isComplete(first)
  await page.getByTestId('share-ended').waitFor({ timeout: SEES_MS })
  await hasEnded(second, 'This share has ended')
  await first.locator('.notice[data-testid="share-state"]').getByText('You have what you took').waitFor({ timeout: SEES_MS }) // no problem
})
