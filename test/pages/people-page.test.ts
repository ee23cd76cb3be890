/** The people page as people use it: accounts, contacts by link and by code, notes, and another browser of one's own, in a real Chromium. */

import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { listenForTrouble } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { useNode } from '../helpers/one-node.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000

async function openPeople(page: Page, { url }: { url: string } = node): Promise<void> {
  await page.goto(`${url}/people`)
  await page.getByTestId('make-account').click()
  await page.getByTestId('add-alias').waitFor({ timeout: SEES_MS })
}

/** Makes a token. @returns its link and its code */
async function makeToken(page: Page, alias: string, button: 'add-contact' | 'add-place' = 'add-contact') {
  await page.getByTestId('add-alias').fill(alias)
  await page.getByTestId(button).click()
  const link = page.getByTestId('token').getByTestId('page-link')
  await link.waitFor({ timeout: SEES_MS })
  return { link: await link.inputValue(), code: (await page.getByTestId('code').textContent()) ?? '' }
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

/** Two people in browsers of their own, who are here and each other's contacts. */
async function openContacts(at: readonly { url: string }[] = [node, node]): Promise<[ann: Page, ben: Page]> {
  const [ann, ben] = [await chromium.newPage(), await chromium.newPage()]
  await openPeople(ann, at[0])
  await openPeople(ben, at[1])
  const { code } = await makeToken(ann, 'Ben')
  await claim(ben, code, 'Ann')
  await seesContact(ann, 'Ben', 1)
  await seesContact(ben, 'Ann', 1)
  return [ann, ben]
}

async function wordsIn(page: Page): Promise<string> {
  await page.getByTestId('show-words').click()
  const items = page.getByTestId('recovery-words').locator('li')
  await items.nth(11).waitFor()
  return (await items.allTextContents()).join(' ')
}

async function bringBack(page: Page, words: string): Promise<void> {
  await page.getByTestId('recover-words').fill(words)
  await page.getByTestId('recover').click()
  await page.getByTestId('places').waitFor({ timeout: SEES_MS })
}

/** The rows of the account's database in this browser. */
const storedRows = (page: Page) =>
  page.evaluate(async () => {
    const done = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: reject }))
    const database = await done(indexedDB.open('mayfly-account'))
    const stores = database.transaction(['records', 'keys'])
    const counts = ['records', 'keys'].map((name) => done(stores.objectStore(name).count()))
    const rows = await Promise.all(counts)
    database.close()
    return rows
  })

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
    const browserOfBen = ben.context()
    await ben.close()
    await seesContact(ann, 'Ben', 0)
    await ann.reload()
    await seesContact(ann, 'Ben', 0)
    const again = await browserOfBen.newPage()
    await again.goto(`${node.url}/`) // any page of the app brings him back
    await seesContact(ann, 'Ben', 1)
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

  it('another browser becomes a place of the account, goes on by itself, and sees the contacts', async () => {
    const [laptop] = await openContacts()
    const phone = await chromium.newPage()
    await laptop.getByTestId('one-place').waitFor()
    const { link } = await makeToken(laptop, 'My phone', 'add-place')
    await phone.goto(link)
    await phone.getByTestId('claim').click()
    await phone.getByTestId('places').getByText('this browser').waitFor({ timeout: SEES_MS })
    await seesContact(phone, 'Ben', 1)
    await laptop.getByTestId('places').getByText('My phone').waitFor({ timeout: SEES_MS })
    expect(await wordsIn(phone)).toBe(await wordsIn(laptop))
    // The account lives on in the other place when this one forgets it.
    await phone.getByTestId('forget-account').locator('summary').click()
    await phone.getByTestId('forget-account').getByText('Browser on').waitFor()
  })

  it('an account is brought back by its words, once they are right', async () => {
    const [ann, again] = [await chromium.newPage(), await chromium.newPage()]
    await openPeople(ann)
    const words = await wordsIn(ann)
    await again.goto(`${node.url}/people`)
    await again.getByTestId('recover-words').fill([...words.split(' ').slice(0, 11), 'mayfly'].join(' '))
    await again.getByTestId('recover').click()
    await again.getByTestId('recover-problem').getByText('12').waitFor({ timeout: SEES_MS })
    await bringBack(again, words.toUpperCase())
  })

  it('an account is saved as a file, forgotten in all tabs with all that was stored, and brought back by the file', async () => {
    const [ann, ben] = await openContacts()
    const promise = ann.getByTestId('storage-promise').locator('[role="status"]:not(:empty)')
    await promise.waitFor({ timeout: SEES_MS })
    await ann.getByTestId('save-account').locator('summary').click()
    await ann.getByTestId('export-pass-phrase').fill('correct horse battery')
    await ann.getByTestId('export-again').fill('correct horse')
    await ann.getByTestId('export').click()
    await ann.getByTestId('export-problem').waitFor()
    await ann.getByTestId('export-again').fill('correct horse battery')
    const [download] = await Promise.all([ann.waitForEvent('download', { timeout: SEES_MS }), ann.getByTestId('export').click()])
    expect(download.suggestedFilename()).toMatch(/^mayfly-account-[a-z2-7]{8}\.sealed$/)
    const file = await download.path()

    const other = await ann.context().newPage()
    await other.goto(`${node.url}/people`)
    await seesContact(other, 'Ben', 1)
    await seesContact(ben, 'Ann', 2)
    await ann.getByTestId('forget-account').locator('summary').click()
    await ann.getByTestId('forget-account').getByText('only place').waitFor()
    expect(await ann.getByTestId('forget').isDisabled()).toBe(true)
    await ann.getByTestId('sure').check()
    await ann.getByTestId('forget').click()
    for (const page of [ann, other]) await page.getByTestId('forgotten').waitFor({ timeout: SEES_MS })
    await seesContact(ben, 'Ann', 0)
    expect(await storedRows(ann)).toEqual([0, 0])
    await ann.reload()
    await ann.getByTestId('make-account').waitFor({ timeout: SEES_MS })
    expect(await storedRows(ann)).toEqual([0, 0])

    await ann.getByTestId('import-file').setInputFiles(file)
    await ann.getByTestId('import-pass-phrase').fill('wrong horse battery')
    await ann.getByTestId('import').click()
    await ann.getByTestId('import-problem').getByText('pass phrase').waitFor({ timeout: SEES_MS })
    await ann.getByTestId('import-pass-phrase').fill('correct horse battery')
    await ann.getByTestId('import').click()
    await seesContact(ann, 'Ben', 1)
    await seesContact(ben, 'Ann', 1)
  })

  it('a note is shown on whatever page its reader is, once they agree; refused and taken back ones are not', async () => {
    const [ann, first] = await openContacts()
    /** Another page of his browser, in the place of this one. */
    const moveTo = async (page: Page, path: string) => {
      const opened = await page.context().newPage()
      await opened.goto(`${node.url}${path}`)
      await seesContact(ann, 'Ben', 2)
      await page.close()
      await seesContact(ann, 'Ben', 1)
      return opened
    }
    const ben = await moveTo(first, '/messages')
    const outcome = (text: string) => ann.getByTestId('note-outcome').getByText(text).waitFor({ timeout: SEES_MS })
    const send = async (text: string) => {
      await ann.getByTestId('note-text').fill(text)
      await ann.getByTestId('send-note').click()
    }
    await ann.getByTestId('write-note').click()
    await send('nothing for you')
    await ben.getByTestId('consent-refused').click({ timeout: SEES_MS })
    await outcome('did not want it')
    expect(await ben.getByTestId('note').count()).toBe(0)

    await send('too late')
    await ben.getByTestId('question').locator('strong', { hasText: 'Ann' }).waitFor({ timeout: SEES_MS })
    expect(await ben.title()).toMatch(/^\(1\) /)
    await ann.getByTestId('take-back-note').click()
    await ben.getByTestId('question').waitFor({ state: 'detached', timeout: SEES_MS })

    await send(`look: ${node.url}/healthz`)
    await ben.getByTestId('consent-always').click({ timeout: SEES_MS })
    await outcome('has it')
    const link = ben.getByTestId('note').locator('a')
    expect([await link.getAttribute('href'), await link.getAttribute('rel')]).toEqual([`${node.url}/healthz`, 'noopener noreferrer'])
    await ben.getByTestId('close-note').click()
    const home = await moveTo(ben, '/')
    await send('no question any more')
    await home.getByTestId('note').getByText('no question any more').waitFor({ timeout: SEES_MS })
    await outcome('has it')
  })

  it('an account outlives a restart of every node, and the end of the gateway where it was made: its contact trusts it on another', async () => {
    const data = await createTemporaryDirectory()
    const start = async (ports: readonly (number | undefined)[]) => {
      const first = await startNodeProcess({ data: join(data, 'a'), ...(ports[0] && { port: ports[0] }) })
      return [first, await startNodeProcess({ data: join(data, 'b'), join: [first.url], ...(ports[1] && { port: ports[1] }) })] as const
    }
    const before = await start([])
    const [ann, ben] = await openContacts(before)
    const words = await wordsIn(ann)
    for (const { kill } of before) await kill('SIGKILL')
    await seesContact(ann, 'Ben', 0)
    const [first] = await start(before.map(({ port }) => port))
    // No page was touched: they come back, and are the same.
    await seesContact(ann, 'Ben', 1)
    await seesContact(ben, 'Ann', 1)
    await first.kill('SIGKILL')
    await ann.context().close()
    await seesContact(ben, 'Ann', 0)
    const again = await chromium.newPage()
    await again.goto(`${before[1].url}/people`)
    await bringBack(again, words)
    await seesContact(ben, 'Ann', 1)
    await again.locator('[data-testid="contacts"] [data-instances="1"]').waitFor({ timeout: SEES_MS })
  })
})
