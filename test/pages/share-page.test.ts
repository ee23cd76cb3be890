/** The page to share, in a real Chromium; who receives is another peer of the same network. */

import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { TAB_LIMITS } from '../../node/limits.ts'
import { createPeer } from '../../node/peer.ts'
import type { ReceivedShare, ShareEntry } from '../../node/sharing/types.ts'
import { listenForTrouble } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'
import { createMemoryStore } from '../helpers/share-store.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000
const MIB = 1_048_576
const MANY_FILES = TAB_LIMITS.maxHeldContents + 10

async function openShare(page: Page): Promise<void> {
  await page.goto(`${node.url}/share`)
  await page.getByTestId('page-file').waitFor({ state: 'attached', timeout: SEES_MS })
}

async function choose(page: Page, files: Record<string, Uint8Array>): Promise<string> {
  const given = Object.entries(files).map(([name, bytes]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) }))
  await page.getByTestId('page-file').setInputFiles(given)
  return linkOf(page)
}

async function linkOf(page: Page): Promise<string> {
  await page.getByTestId('page-link').waitFor({ timeout: SEES_MS })
  return page.getByTestId('page-link').inputValue()
}

/** Another peer of the network, which opens links. */
async function startReceiver() {
  const peer = await createPeer({ join: [node.url], sharing: true })
  onTestFinished(() => peer.stop())
  await peer.start()
  return (link: string, receiver = randomBytes(16)): ReceivedShare => {
    const received = peer.sharing?.receive(link, { label: 'Test on Linux', receiver })
    if (received === undefined) throw new Error('a peer without sharing')
    return received
  }
}

const isState = (received: ReceivedShare, state: ReceivedShare['state']) =>
  waitFor(
    () => received.state === state,
    SEES_MS,
    () => `${state}, and not ${received.state}`,
  )

const hasPaths = (received: ReceivedShare, paths: readonly string[]) =>
  waitFor(
    () => received.entries.map(({ path }) => path).join() === paths.join(),
    SEES_MS,
    () => `the paths ${paths}, and not ${received.entries.map(({ path }) => path)}`,
  )

const allReady = (received: ReceivedShare) =>
  waitFor(() => received.entries.length > 0 && received.entries.every(({ state }) => state === 'ready'), SEES_MS, 'all are read')

async function bytesOf(received: ReceivedShare, { id, text }: ShareEntry): Promise<Buffer> {
  if (text !== undefined) return Buffer.from(text)
  const parts: Uint8Array[] = []
  for await (const part of (await received.open(id)).read()) parts.push(part)
  return Buffer.concat(parts)
}

/** By the Tab key alone; what is reached is seen to be. */
async function tabTo(page: Page, testId: string): Promise<void> {
  const at = page.getByTestId(testId)
  await at.waitFor({ timeout: SEES_MS })
  const isThere = () => at.evaluate((element) => element === document.activeElement)
  for (let presses = 0; presses < 40 && !(await isThere()); presses++) await page.keyboard.press('Tab')
  expect(await isThere(), testId).toBe(true)
  expect(await at.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
}

const entryNames = (page: Page) => page.getByTestId('entries').locator('.name').allTextContents()
const seesReceiver = (page: Page, state: string) =>
  page.locator(`[data-testid="receivers"] [data-state="${state}"]`).waitFor({ timeout: SEES_MS })

describe('the page to share', () => {
  it('files and a pasted text get one link; they are renamed, removed and received while both watch', async () => {
    const page = await chromium.newPage()
    const trouble = listenForTrouble(page)
    await openShare(page)
    const large = randomBytes(3 * MIB + 1)
    const link = await choose(page, { 'large.bin': large, 'small.txt': Buffer.from('small') })
    expect(link).toMatch(/^http:\/\/[^/]+\/s\/[a-z2-7]{52}#[a-z2-7]+$/)
    await page.getByTestId('qr').waitFor()
    const received = (await startReceiver())(link)
    await isState(received, 'listed')
    await seesReceiver(page, 'looking')

    await page.evaluate(() => {
      const data = new DataTransfer()
      data.setData('text/plain', 'https://example.org/a')
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
    })
    await hasPaths(received, ['large.bin', 'small.txt', 'link.txt'])
    await choose(page, { 'small.txt': Buffer.from('other') })
    await page.getByTestId('share-notice').getByText('“small (2).txt”').waitFor()
    page.once('dialog', (dialog) => dialog.accept('better.bin'))
    await page.getByLabel('Rename large.bin').click()
    await page.getByLabel('Remove small.txt').click()
    await hasPaths(received, ['better.bin', 'link.txt', 'small (2).txt'])

    await allReady(received)
    await received.take()
    await seesReceiver(page, 'receiving')
    await page.getByTestId('share-close').getByText('Keep this tab open').waitFor()
    for (const [i, expected] of [large, Buffer.from('https://example.org/a'), Buffer.from('other')].entries()) {
      const entry = received.entries[i] as ShareEntry
      expect(Buffer.compare(await bytesOf(received, entry), expected), entry.path).toBe(0)
      received.saved(entry.id)
    }
    await seesReceiver(page, 'done')
    await expect(
      page
        .getByTestId('receivers')
        .locator('progress')
        .evaluate((bar: HTMLProgressElement) => bar.value),
    ).resolves.toBe(1)
    await received.close()
    expect(trouble).toEqual([])
  })

  it('a pasted picture is a share, and a folder that is dropped on the page keeps its folders', async () => {
    const page = await chromium.newPage()
    await openShare(page)
    await page.evaluate(() => {
      const data = new DataTransfer()
      data.items.add(new File(['a picture'], 'image.png', { type: 'image/png' }))
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
    })
    await linkOf(page)
    const folder = join(await createTemporaryDirectory(), 'trip')
    await mkdir(join(folder, 'inner'), { recursive: true })
    for (const path of ['a.txt', 'inner/b.txt']) await writeFile(join(folder, path), path)
    const devtools = await page.context().newCDPSession(page)
    const data = { items: [], files: [folder], dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, x: 99, y: 99, data })
    const received = (await startReceiver())(await linkOf(page))
    await isState(received, 'listed')
    const expected = ['image.png', 'trip/a.txt', 'trip/inner/b.txt']
    await waitFor(() => received.entries.length === expected.length, SEES_MS, 'the folder is in the list')
    expect(received.entries.map(({ path }) => path).toSorted()).toEqual(expected)
    expect(received.entries.find(({ path }) => path === 'image.png')?.mediaType).toBe('image/png')
    await allReady(received)
    await received.take()
    for (const entry of received.entries)
      expect((await bytesOf(received, entry)).toString()).toBe(entry.path === 'image.png' ? 'a picture' : entry.path.slice(5))
  })

  it('a receiver on its way: how much, how fast and how long it takes, for each', async () => {
    const page = await chromium.newPage()
    await openShare(page)
    const received = (await startReceiver())(await choose(page, { 'large.bin': randomBytes(3 * MIB) }))
    await allReady(received)
    await received.take()
    const more = Promise.withResolvers<void>()
    let pieces = 0
    const fetching = received.fetch(received.entries[0]?.id ?? 0, async (shape) => {
      const store = createMemoryStore(shape)
      const write: typeof store.write = async (index, bytes) => {
        if (++pieces > 4) await more.promise
        else await delay(300)
        await store.write(index, bytes)
      }
      return { ...store, have: store.have, write }
    })
    await seesReceiver(page, 'receiving')
    const row = page.locator('[data-testid="receivers"] [data-state="receiving"]')
    await row.getByText(/ of 3 MiB \(\d+ %\), .+ per second, \d+ .+ left/).waitFor({ timeout: SEES_MS })
    more.resolve()
    await fetching
  })

  it('a share for one, with a password, that asks: admitted, ended, and over for the next', async () => {
    const page = await chromium.newPage()
    await openShare(page)
    await page.getByTestId('rules').locator('summary').click()
    await page.getByTestId('rule-receivers').fill('1')
    await page.getByTestId('rule-password').fill('sesame')
    await page.getByTestId('rule-ask').check()
    const link = await choose(page, { 'one.txt': Buffer.from('one') })
    await page.getByTestId('share-rules').getByText('One receiver can have it, once.').waitFor()
    const receive = await startReceiver()
    const received = receive(link)
    await isState(received, 'password')
    await expect(received.enter('wrong')).rejects.toMatchObject({ code: 'ERR_SHARE_PASSWORD' })
    await received.enter('sesame')
    const taking = received.take()
    await page.getByTestId('admit').click()
    await taking
    await allReady(received)
    const [entry] = received.entries
    if (entry) received.saved(entry.id)
    await seesReceiver(page, 'done')
    await page.getByTestId('share-close').getByText('You can close this tab').waitFor()
    const late = receive(link)
    await isState(late, 'ended')
    expect(late.endCode).toBe('ERR_SHARE_USED')
    await page.getByTestId('share-end').click()
    await page.getByTestId('share-ended').waitFor()
    await page.getByTestId('share-again').click()
    await page.getByTestId('rules').waitFor()
  })

  it('a share comes back after a reload with its link; a large file once it is chosen again', async () => {
    const page = await chromium.newPage()
    await openShare(page)
    const large = randomBytes(2 * MIB)
    const link = await choose(page, { 'large.bin': large, 'small.txt': Buffer.from('small') })
    const received = (await startReceiver())(link)
    await isState(received, 'listed')
    await allReady(received)
    const hash = received.entries.find(({ path }) => path === 'large.bin')?.hash
    await page.reload()
    await page.getByTestId('missing').getByText('large.bin').waitFor({ timeout: SEES_MS })
    expect(await linkOf(page)).toBe(link)
    expect(await entryNames(page)).toEqual(['small.txt'])
    await choose(page, { 'large.bin': large })
    await page.getByTestId('missing').waitFor({ state: 'detached' })
    await hasPaths(received, ['small.txt', 'large.bin'])
    await allReady(received)
    expect(received.entries[1]?.hash).toBe(hash)
    await received.take()
    for (const entry of received.entries) {
      expect(Buffer.compare(await bytesOf(received, entry), entry.path === 'large.bin' ? large : Buffer.from('small')), entry.path).toBe(0)
    }
  })

  it('a folder of more files than a tab may announce is received whole', async () => {
    const folder = await createTemporaryDirectory()
    const texts = new Map(Array.from({ length: MANY_FILES }, (_, i) => [`${i}.txt`, `text ${i}`]))
    for (const [name, text] of texts) await writeFile(join(folder, name), text)
    const page = await chromium.newPage()
    await openShare(page)
    await page.getByTestId('page-folder').setInputFiles(folder)
    const received = (await startReceiver())(await linkOf(page))
    await waitFor(() => received.entries.length === MANY_FILES, SEES_MS, 'all are in the list')
    await allReady(received)
    await received.take()
    for (const entry of received.entries) {
      expect(String(await bytesOf(received, entry))).toBe(texts.get(basename(entry.path)))
      received.saved(entry.id)
    }
    await seesReceiver(page, 'done')
  })

  it('a code of two words and a number leads to the share, once; all of it by keyboard', async () => {
    const page = await chromium.newPage()
    await openShare(page)
    await tabTo(page, 'share-text')
    await page.keyboard.type('a few words')
    await page.keyboard.press('Control+Enter')
    const link = await linkOf(page)
    const shown = page.getByTestId('share-code')
    await shown.waitFor({ timeout: SEES_MS })
    const code = (await shown.textContent()) ?? ''
    expect(code).toMatch(/^[a-z]+-[a-z]+-\d{4}$/)
    const peer = await createPeer({ join: [node.url], sharing: true })
    onTestFinished(() => peer.stop())
    await peer.start()
    expect(link.endsWith((await peer.sharing?.claimCode(code)) ?? 'no code')).toBe(true)
    await page.getByTestId('code-outcome').getByText('was used').waitFor({ timeout: SEES_MS })
    await tabTo(page, 'make-code')
    await page.keyboard.press('Enter')
    await shown.waitFor({ timeout: SEES_MS })
    expect(await shown.textContent()).not.toBe(code)
    await tabTo(page, 'share-end')
    await page.keyboard.press('Enter')
    await page.getByTestId('share-ended').waitFor()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
    await tabTo(page, 'share-again')
    await page.keyboard.press('Enter')
    await page.getByTestId('rules').waitFor()
  })
})
