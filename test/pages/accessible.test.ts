/** Accessibility of every page of the app in a real Chromium: axe-core's rules, on a phone and a desktop, in light and dark. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { BrowserContext, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { memorySource } from '../../node/index.ts'
import { makeText, openHome, saveAsDownloads, seesConnection, seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startTab } from '../helpers/early-receiver.ts'
import { useNode } from '../helpers/one-node.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** All of them in light; in dark, only colours differ. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']
const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
]
const SCHEMES = ['light', 'dark'] as const
const SEES_MS = 60_000

const node = useNode()
const chromium = useChromium()

/** The serious faults of the page as it is shown now, each with its rule and its nodes; what a stranger wrote, in a frame, is not the app's. */
async function faultsOf(page: Page, name: string): Promise<string[]> {
  await page.evaluate(AXE)
  const faults: string[] = []
  for (const size of SIZES) {
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme })
      const { violations, passes } = await page.evaluate(
        (runOnly) => (window as unknown as { axe: typeof axe }).axe.run({ runOnly, resultTypes: ['violations'], iframes: false }),
        colorScheme === 'light' ? TAGS : { type: 'rule' as const, values: ['color-contrast'] },
      )
      expect(passes, `rules that ${name} keeps`).not.toEqual([])
      for (const { id, impact, nodes } of violations) {
        if (impact !== 'serious' && impact !== 'critical') continue
        for (const { html, failureSummary } of nodes) {
          faults.push(`${name}, ${size.width} px, ${colorScheme}: ${id}: ${html}\n${failureSummary}`)
        }
      }
    }
  }
  return faults
}

/** No animation: a colour is measured when it has arrived. */
const newContext = () => chromium.newContext({ bypassCSP: true, reducedMotion: 'reduce' })

async function open(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(node.url + path)
  return page
}

const sees = (page: Page, testId: string) => page.getByTestId(testId).first().waitFor({ timeout: SEES_MS })

const seesShare = (page: Page, state: string) =>
  page.locator(`[data-testid="share-state"][data-state="${state}"]`).waitFor({ timeout: SEES_MS })

/** Shares a text. @returns the link's path and fragment */
async function shareText(page: Page): Promise<string> {
  await page.getByTestId('share-text').fill('https://example.org/a')
  await page.getByTestId('share-text-button').click()
  await sees(page, 'share-code')
  await page.getByTestId('qr').waitFor({ timeout: SEES_MS })
  return pathIn(await page.getByTestId('page-link').inputValue())
}

function pathIn(link: string): string {
  const { pathname, hash } = new URL(link)
  return pathname + hash
}

describe('axe-core finds no serious fault', () => {
  it('on the home page, under /app/ too, with all that folds open', async () => {
    for (const path of ['/', '/app/']) {
      const page = await open(await newContext(), path)
      await seesConnection(page, 'joined')
      await unfold(page)
      expect(await faultsOf(page, path)).toEqual([])
    }
  })

  it('on the page to share, before and after, and on the one to receive', async () => {
    const page = await open(await newContext(), '/share')
    await sees(page, 'rules')
    await unfold(page)
    expect(await faultsOf(page, '/share')).toEqual([])
    const path = await shareText(page)
    const receiver = await open(await newContext(), path)
    await sees(receiver, 'entry')
    await page.locator('[data-testid="receivers"] li').first().waitFor({ timeout: SEES_MS })
    expect(await faultsOf(page, '/share with a share')).toEqual([])
    expect(await faultsOf(receiver, '/s/<id>')).toEqual([])
    await page.getByTestId('share-end').click()
    await sees(page, 'share-ended')
    expect(await faultsOf(page, '/share that has ended')).toEqual([])
    const code = await open(receiver.context(), '/s')
    await sees(code, 'open-share')
    expect(await faultsOf(code, '/s')).toEqual([])
  })

  it('on each way in which a share is received, or is not', async () => {
    const [sharer, slow] = [await startTab(node.url), await startTab(node.url, { maxPeerBytesPerSecond: 500_000 })]
    const share = await slow.sharing.share([
      { kind: 'file', path: 'large.bin', source: memorySource(new Uint8Array(8_000_000)) },
      { kind: 'file', path: 'CON.txt', source: memorySource(new Uint8Array(9)) },
      { kind: 'text', path: 'words', text: 'see https://example.org/a' },
    ])
    const context = await newContext()
    await saveAsDownloads(context)
    const page = await open(context, share.path)
    await page.getByTestId('save-zip').check()
    await page.getByTestId('receive').click()
    await sees(page, 'receive-pause')
    await page.getByTestId('receive-progress').getByText('left').waitFor({ timeout: SEES_MS })
    expect(await faultsOf(page, '/s/<id> under way')).toEqual([])
    await slow.stop()
    await seesShare(page, 'away')
    expect(await faultsOf(page, '/s/<id> whose sharer has gone')).toEqual([])
    const words = { kind: 'text', path: 'words', text: 'x' } as const
    const locked = await sharer.sharing.share([words], { password: 'sesame' })
    const asked = await open(await newContext(), locked.path)
    await seesShare(asked, 'password')
    await asked.getByTestId('share-password').fill('wrong')
    await asked.getByTestId('enter-password').click()
    await sees(asked, 'password-problem')
    expect(await faultsOf(asked, '/s/<id> with a password')).toEqual([])
    await locked.end()
    await seesShare(asked, 'ended')
    expect(await faultsOf(asked, '/s/<id> that has ended')).toEqual([])
    const wrong = await open(asked.context(), locked.path.slice(0, -1))
    await seesShare(wrong, 'wrong')
    expect(await faultsOf(wrong, '/s/<id> of a wrong link')).toEqual([])
  })

  it('on the boxes, and where others send to one', async () => {
    const owner = await open(await newContext(), '/boxes')
    await sees(owner, 'box-title')
    await unfold(owner)
    expect(await faultsOf(owner, '/boxes')).toEqual([])
    await owner.getByTestId('box-title').fill('Photos')
    await owner.getByTestId('box-asks').check()
    await owner.getByTestId('box-make').click()
    const sender = await open(await newContext(), pathIn(await owner.getByTestId('box').getByTestId('page-link').inputValue()))
    await sees(sender, 'drop-send')
    await sender.getByTestId('page-file').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') })
    await sees(sender, 'drop-files')
    expect(await faultsOf(sender, '/d/<id>')).toEqual([])
    await sender.getByTestId('drop-send').click()
    await sees(owner, 'submission-take')
    expect(await faultsOf(owner, '/boxes with a question')).toEqual([])
    expect(await faultsOf(sender, '/d/<id> that waits')).toEqual([])
    await owner.getByTestId('submission-take').click()
    await sees(sender, 'drop-done')
    await sees(owner, 'folder')
    await unfold(owner)
    expect(await faultsOf(owner, '/boxes with a file')).toEqual([])
    expect(await faultsOf(sender, '/d/<id> that was sent')).toEqual([])
    owner.once('dialog', (dialog) => void dialog.accept())
    await owner.getByTestId('box-end').click()
    const late = await open(sender.context(), new URL(sender.url()).pathname + new URL(sender.url()).hash)
    await sees(late, 'drop-none')
    expect(await faultsOf(late, '/d/<id> that is closed')).toEqual([])
  })

  it('on the people page, without an account and with one', async () => {
    const page = await open(await newContext(), '/people')
    await sees(page, 'make-account')
    await unfold(page)
    expect(await faultsOf(page, '/people')).toEqual([])
    await page.getByTestId('make-account').click()
    await sees(page, 'add-alias')
    await page.getByTestId('add-alias').fill('Ben')
    await page.getByTestId('add-contact').click()
    await sees(page, 'code')
    await page.getByTestId('show-words').click()
    await sees(page, 'recovery-words')
    await unfold(page)
    expect(await faultsOf(page, '/people with an account')).toEqual([])
    const { hash } = new URL(await page.getByTestId('token').getByTestId('page-link').inputValue())
    const other = await open(await newContext(), `/people${hash}`)
    await other.getByTestId('make-account').click()
    await other.getByTestId('claim-alias').fill('Ann')
    await other.getByTestId('claim').click()
    await sees(other, 'words')
    await other.getByTestId('write-note').click()
    await other.getByTestId('note-text').fill('a note')
    await other.getByTestId('send-note').click()
    await sees(page, 'question')
    expect(await faultsOf(page, '/people with a question')).toEqual([])
    await page.getByTestId('consent-always').click()
    await sees(page, 'note')
    expect(await faultsOf(page, '/people with a note')).toEqual([])
    expect(await faultsOf(other, '/people with a contact')).toEqual([])
    await other.getByTestId('send-files').click()
    await other
      .locator('.note-form [data-testid="page-file"]')
      .setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') })
    await sees(other, 'made-offer')
    await sees(page, 'offered')
    expect(await faultsOf(other, '/people that offers a file')).toEqual([])
    expect(await faultsOf(page, '/people with an offer')).toEqual([])
  })

  it('on the messages page', async () => {
    const page = await open(await newContext(), '/messages')
    await sees(page, 'my-address')
    await unfold(page)
    expect(await faultsOf(page, '/messages')).toEqual([])
  })

  it('on a text, on HTML, and where nobody holds the page', async () => {
    const context = await newContext()
    for (const [name, text] of [
      ['a text', 'A letter, and https://example.org/a.'],
      ['HTML', '<!doctype html><html lang="en"><title>Greeting</title><h1>hello there</h1>'],
    ] as const) {
      const author = await context.newPage()
      await openHome(author, node.url)
      const hash = await makeText(author, text)
      expect(await faultsOf(author, `${name}, at its author`)).toEqual([])
      const reader = await open(await newContext(), `/${hash}`)
      await seesVisit(reader, 'holding')
      await unfold(reader)
      expect(await faultsOf(reader, `${name}, at a reader`)).toEqual([])
    }
    const nobody = await open(context, `/${'0'.repeat(64)}`)
    await seesVisit(nobody, 'gone')
    expect(await faultsOf(nobody, 'nobody holds it')).toEqual([])
  })
})

const unfold = (page: Page) =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true
  })
