/** Drop boxes in a real Chromium: the boxes of one browser, the page at which others send to them, the command, and curl. */

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listenForTrouble, sha256Hex } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNode } from '../helpers/one-node.ts'

const node = useNode()
const chromium = useChromium()

const SEES_MS = 60_000
const MIB = 1_048_576
/** Too much for this browser to keep a copy. */
const LARGE_BYTES = 64 * MIB + 1

interface BoxChoice {
  title?: string
  files?: string
  types?: string
  asks?: boolean
}

/** Makes a drop box in this browser. Returns its link. */
async function makeBox(page: Page, { title = 'Photos of Saturday', files, types, asks = false }: BoxChoice = {}): Promise<string> {
  await page.goto(`${node.url}/boxes`)
  await page.getByTestId('box-title').fill(title)
  if (files !== undefined || types !== undefined || asks) await page.getByTestId('box-limits').locator('summary').click()
  if (files !== undefined) await page.getByTestId('box-files').fill(files)
  if (types !== undefined) await page.getByTestId('box-types').fill(types)
  if (asks) await page.getByTestId('box-asks').check()
  await page.getByTestId('box-make').click()
  return page.getByTestId('box').getByTestId('page-link').inputValue({ timeout: SEES_MS })
}

type Files = Record<string, Uint8Array | string>

async function choose(page: Page, files: Files): Promise<void> {
  const given = Object.entries(files).map(([name, bytes]) => ({
    name,
    mimeType: typeof bytes === 'string' ? 'text/plain' : 'image/png',
    buffer: Buffer.from(bytes),
  }))
  await page.getByTestId('page-file').setInputFiles(given)
}

async function openDrop(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await page.getByTestId('drop-send').waitFor({ timeout: SEES_MS })
}

async function send(page: Page, files: Files, { words = '', from = '' } = {}): Promise<void> {
  if (Object.keys(files).length > 0) await choose(page, files)
  await page.getByTestId('drop-words').fill(words)
  await page.getByTestId('drop-from').fill(from)
  await page.getByTestId('drop-send').click()
}

const isSent = (page: Page) => page.getByTestId('drop-done').waitFor({ timeout: SEES_MS })

/** The received files of this browser: the SHA-256 of each, by path. */
async function received(page: Page): Promise<Record<string, string>> {
  const found = await page.evaluate(async () => {
    const files: [string, string][] = []
    const read = async (directory: FileSystemDirectoryHandle, before: string) => {
      for await (const [name, handle] of directory.entries()) {
        if (handle.kind === 'directory') await read(handle as FileSystemDirectoryHandle, `${before}${name}/`)
        else {
          const bytes = await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer()
          const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
          files.push([before + name, Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')])
        }
      }
    }
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('mayfly-boxes')
    for await (const [name, box] of root.entries()) if (!name.endsWith('-pieces')) await read(box as FileSystemDirectoryHandle, '')
    return files
  })
  // The name of a folder begins with a time.
  return Object.fromEntries(found.map(([path, hash]) => [path.replace(/^[\d-]+ [\d.]+ /, ''), hash]))
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mayfly-drop-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe('the page of a drop box', () => {
  it('from a browser without an account to the box of another: the terms, files, folders and words; then it may be closed', async () => {
    const owner = await chromium.newPage()
    const link = await makeBox(owner, { files: '3' })
    expect(link).toMatch(/^http:\/\/[^/]+\/d\/[a-z2-7]{52}#[a-z2-7]+$/)
    await owner.getByTestId('qr').waitFor()
    const sender = await chromium.newPage()
    const trouble = [listenForTrouble(sender), listenForTrouble(owner)]
    await openDrop(sender, link)
    expect(await sender.getByRole('heading', { level: 1 }).textContent()).toBe('Photos of Saturday')
    expect(await sender.getByTestId('drop-terms').locator('li').allTextContents()).toEqual([
      'At most 3 files at once.',
      'At most 1 GiB at once.',
      'Files of any kind.',
    ])
    const large = randomBytes(3 * MIB + 1)
    await send(sender, { 'large.png': large, 'small.txt': 'small', 'empty.txt': '' }, { words: 'Here they are', from: 'Anna' })
    await isSent(sender)
    expect(await sender.getByTestId('drop-done').textContent()).toBe(
      'They have 3 files and your words, checked and saved. You can close this tab.',
    )
    await owner.getByTestId('folder').getByText('4 files').waitFor({ timeout: SEES_MS })
    expect(await received(owner)).toEqual({
      'Anna/large.png': sha256Hex(large),
      'Anna/small.txt': sha256Hex('small'),
      'Anna/empty.txt': sha256Hex(''),
      'Anna/words.txt': sha256Hex('Here they are\n'),
    })
    await sender.getByTestId('drop-again').click()
    await send(sender, {}, { words: 'One thing more' })
    await isSent(sender)
    await sender.getByTestId('drop-again').click()
    const folder = join(await temporaryFolder(), 'trip')
    await mkdir(join(folder, 'inner'), { recursive: true })
    for (const path of ['a.txt', 'inner/b.txt']) await writeFile(join(folder, path), path)
    await sender.getByTestId('page-folder').setInputFiles(folder)
    await send(sender, {}, { from: 'Ben' })
    await isSent(sender)
    expect(await received(owner)).toMatchObject({
      'Ben/trip/a.txt': sha256Hex('a.txt'),
      'Ben/trip/inner/b.txt': sha256Hex('inner/b.txt'),
    })
    expect(trouble).toEqual([[], []])
  })

  it('to mayfly receive --files', async () => {
    const folder = await temporaryFolder()
    const data = await temporaryFolder()
    const box = spawnMayfly(['receive', '--files', folder, '--data', data, '--json', '--join', node.url])
    const { url } = JSON.parse(await box.stdout.waitFor(() => true)) as { url: string }
    const sender = await chromium.newPage()
    const { pathname, hash } = new URL(url)
    await openDrop(sender, node.url + pathname + hash)
    const bytes = randomBytes(MIB)
    await send(sender, { 'a.png': bytes }, { from: 'Anna' })
    await isSent(sender)
    const [name = ''] = await readdir(folder)
    expect(Buffer.compare(await readFile(join(folder, name, 'a.png')), bytes)).toBe(0)
  })

  it('what does not fit is refused in words before anything travels; the owner may be asked, and say no', async () => {
    const owner = await chromium.newPage()
    const link = await makeBox(owner, { files: '1', types: 'image/*', asks: true })
    const sender = await chromium.newPage()
    await openDrop(sender, link)
    const problem = sender.getByTestId('drop-problem')
    await choose(sender, { 'small.txt': 'small' })
    await problem.getByText('This box takes pictures only; small.txt is something else.').waitFor()
    expect(await sender.getByTestId('drop-send').isDisabled()).toBe(true)
    expect(await owner.getByTestId('submission').count()).toBe(0)
    await send(sender, { 'a.png': 'picture' }, { from: 'Anna' })
    await sender.getByTestId('drop-state').getByText('They are asked').waitFor({ timeout: SEES_MS })
    await owner.getByTestId('submission-refuse').click()
    await problem.getByText('The owner of this box does not take it.').waitFor({ timeout: SEES_MS })
    expect(await sender.getByTestId('drop-files').textContent()).toContain('a.png')
    expect(await sender.getByTestId('drop-from').inputValue()).toBe('Anna')
    await sender.goto(`${link.slice(0, -1)}${link.endsWith('a') ? 'b' : 'a'}`)
    await sender.reload()
    await sender.getByTestId('drop-none').getByText('cut or mistyped').waitFor({ timeout: SEES_MS })
  })

  it('closed in the middle: said on both sides, and the same browser goes on when it opens the link again', async () => {
    const owner = await chromium.newPage()
    const link = await makeBox(owner, { asks: true })
    const browser = await chromium.newContext()
    const first = await browser.newPage()
    await openDrop(first, link)
    // Playwright takes more than 50 MiB from a file only.
    const large = randomBytes(LARGE_BYTES)
    const path = join(await temporaryFolder(), 'large.png')
    await writeFile(path, large)
    await first.getByTestId('page-file').setInputFiles(path)
    await send(first, {}, { from: 'Anna' })
    await owner.getByTestId('submission-take').waitFor({ timeout: SEES_MS })
    await first.close({ runBeforeUnload: false })
    await owner.getByTestId('submission-take').click()
    await owner.getByTestId('submission-state').getByText('Its sender has left').waitFor({ timeout: SEES_MS })
    const second = await browser.newPage()
    await second.goto(link)
    const interrupted = second.getByTestId('interrupted')
    await interrupted.getByText('large.png').waitFor({ timeout: SEES_MS })
    await choose(second, { 'large.png': randomBytes(10) })
    await second.getByTestId('interrupted-problem').getByText('none of them').waitFor()
    await second.getByTestId('page-file').setInputFiles(path)
    await isSent(second)
    expect(await received(owner)).toEqual({ 'Anna/large.png': sha256Hex(large) })
  })

  it('the storage of the receiving browser is full: said on both sides, and it goes on once there is room; curl gets the status', async () => {
    const owner = await chromium.newPage()
    const link = await makeBox(owner)
    const cdp = await owner.context().newCDPSession(owner)
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: node.url, quotaSize: 4 * MIB })
    const sender = await chromium.newPage()
    await openDrop(sender, link)
    const large = randomBytes(5 * MIB)
    await send(sender, { 'a.png': large }, { from: 'Anna' })
    await sender.getByTestId('drop-state').getByText("The receiving browser's storage is full").waitFor({ timeout: SEES_MS })
    await owner.getByTestId('submission-state').getByText("The receiving browser's storage is full").waitFor({ timeout: SEES_MS })
    const { pathname, hash } = new URL(link)
    const putUrl = `${node.url}${pathname}/${hash.slice(1)}/from-curl.txt?from=curl`
    expect((await fetch(putUrl, { method: 'PUT', body: large })).status).toBe(507)
    await owner.getByTestId('submission-state').getByText('It goes on by itself once there is room').waitFor({ timeout: SEES_MS })
    await cdp.send('Storage.overrideQuotaForOrigin', { origin: node.url })
    // Nobody has pressed anything: it looks for room once a minute at least.
    await sender.getByTestId('drop-done').waitFor({ timeout: 2 * SEES_MS })
    expect((await fetch(putUrl, { method: 'PUT', body: 'by a gateway' })).status).toBe(201)
    expect(await received(owner)).toEqual({ 'Anna/a.png': sha256Hex(large), 'curl/from-curl.txt': sha256Hex('by a gateway') })
  })
})
