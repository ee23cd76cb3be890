/** The people page as people use it: accounts, contacts by link and by code, and another browser of one's own, in a real Chromium. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listenForTrouble } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'

let node: NodeProcess
beforeAll(async () => {
  node = await startNodeProcess()
})
afterAll(() => node?.kill('SIGKILL'))
const chromium = useChromium()

const SEES_MS = 60_000

async function openPeople(page: Page): Promise<void> {
  await page.goto(`${node.url}/people`)
  await page.getByTestId('make-account').click()
  await page.getByTestId('add-alias').waitFor({ timeout: SEES_MS })
}

/** Makes a token. @returns its link and its code */
async function makeToken(page: Page, alias: string, button: 'add-contact' | 'add-place' = 'add-contact') {
  await page.getByTestId('add-alias').fill(alias)
  await page.getByTestId(button).click()
  const link = page.getByTestId('add-link')
  await link.waitFor({ timeout: SEES_MS })
  return { link: (await link.getAttribute('href')) ?? '', code: (await page.getByTestId('code').textContent()) ?? '' }
}

async function claim(page: Page, text: string | undefined, alias: string): Promise<string> {
  if (text !== undefined) await page.getByTestId('claim-text').fill(text)
  await page.getByTestId('claim-alias').fill(alias)
  await page.getByTestId('claim').click()
  return wordsOf(page)
}

async function wordsOf(page: Page): Promise<string> {
  const words = page.getByTestId('words').locator('strong')
  await words.waitFor({ timeout: SEES_MS })
  return (await words.textContent()) ?? ''
}

const seesContact = (page: Page, alias: string, instances: number) =>
  page.locator(`[data-testid="contacts"] [data-instances="${instances}"]`, { hasText: alias }).waitFor({ timeout: SEES_MS })

describe('the people page', () => {
  it('two people become contacts by a code, compare the same words, and see each other come and go', async () => {
    const [ann, ben] = [await chromium.newPage(), await chromium.newPage()]
    const trouble = [listenForTrouble(ann), listenForTrouble(ben)]
    await openPeople(ann)
    await openPeople(ben)
    const { code } = await makeToken(ann, 'Ben')
    expect(code).toMatch(/^[a-z]+-[a-z]+-\d{4}$/)
    const words = await claim(ben, code.replaceAll('-', ' ').toUpperCase(), 'Ann')
    expect(words.split(' ')).toHaveLength(4)
    expect(await wordsOf(ann)).toBe(words)
    await seesContact(ann, 'Ben', 1)
    await seesContact(ben, 'Ann', 1)
    await ben.close()
    await seesContact(ann, 'Ben', 0)
    await ann.reload()
    await seesContact(ann, 'Ben', 0)
    expect(trouble).toEqual([[], []])
  })

  it('a link opens the page with its token, and a second use of it is told', async () => {
    const [ann, ben, cid] = [await chromium.newPage(), await chromium.newPage(), await chromium.newPage()]
    await openPeople(ann)
    const { link } = await makeToken(ann, 'a friend')
    for (const page of [ben, cid]) await openPeople(page)
    await ben.goto(link)
    await claim(ben, undefined, 'Ann')
    await cid.goto(link)
    await cid.getByTestId('claim-alias').fill('Ann')
    await cid.getByTestId('claim').click()
    await cid.getByTestId('claim-problem').getByText('used').waitFor({ timeout: SEES_MS })
    await seesContact(ann, 'a friend', 1)
  })

  it('another browser becomes a place of the account, and has its contacts', async () => {
    const [laptop, phone] = [await chromium.newPage(), await chromium.newPage()]
    await openPeople(laptop)
    await laptop.getByTestId('one-place').waitFor()
    const { link } = await makeToken(laptop, 'My phone', 'add-place')
    await phone.goto(link)
    await phone.getByTestId('claim').click()
    await phone.getByTestId('places').getByText('this browser').waitFor({ timeout: SEES_MS })
    await laptop.getByTestId('places').getByText('My phone').waitFor({ timeout: SEES_MS })
    await laptop.getByTestId('show-words').click()
    await phone.getByTestId('show-words').click()
    const wordsOn = (page: Page) => page.getByTestId('recovery-words').locator('li').allTextContents()
    for (const page of [phone, laptop]) await page.getByTestId('recovery-words').locator('li').nth(11).waitFor()
    expect(await wordsOn(phone)).toHaveLength(12)
    expect(await wordsOn(phone)).toEqual(await wordsOn(laptop))
  })

  it('an account is brought back by its words, once they are right, and its contact is found again', async () => {
    const [ann, ben, again] = [await chromium.newPage(), await chromium.newPage(), await chromium.newPage()]
    await openPeople(ann)
    await openPeople(ben)
    const { link } = await makeToken(ann, 'Ben')
    await ben.goto(link)
    await claim(ben, undefined, 'Ann')
    await ann.getByTestId('show-words').click()
    const items = ann.getByTestId('recovery-words').locator('li')
    await items.nth(11).waitFor()
    const words = await items.allTextContents()
    await again.goto(`${node.url}/people`)
    await again.getByTestId('recover-words').fill([...words.slice(0, 11), 'mayfly'].join(' '))
    await again.getByTestId('recover').click()
    await again.getByTestId('recover-problem').getByText('12').waitFor({ timeout: SEES_MS })
    await again.getByTestId('recover-words').fill(words.join(' ').toUpperCase())
    await again.getByTestId('recover').click()
    await again.getByTestId('places').waitFor({ timeout: SEES_MS })
    await again.locator('[data-testid="contacts"] [data-instances="1"]').waitFor({ timeout: SEES_MS })
    await seesContact(ben, 'Ann', 2)
  })
})
