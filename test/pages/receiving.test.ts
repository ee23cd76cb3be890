/** Large content and bundles in a visitor's tab, in a real Chromium on a real node: shown, fetched in the background, kept over a reload. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import {
  chooseFile,
  contentText,
  makeFile,
  openHome,
  pressMake,
  seesConnection,
  seesCount,
  seesVisit,
  sha256Hex,
} from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'
import { reloadAnyway } from '../helpers/reloading.ts'
import { pngBytes, randomBytes } from '../helpers/sample-files.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><script>document.title = "it ran"</script><rect width="40" height="30"/></svg>'

const node = useNode()
const chromium = useChromium()

/** A tab that shares the file. Returns the link's path and query. */
async function share(bytes: Uint8Array, name: string): Promise<{ author: Page; address: string }> {
  const author = await chromium.newPage()
  await openHome(author, node.url)
  await makeFile(author, bytes, name)
  const { pathname, search } = new URL(await author.getByTestId('page-link').inputValue())
  return { author, address: pathname + search }
}

const transferState = async (page: Page) => {
  const transfer = page.getByTestId('transfer')
  if ((await transfer.count()) === 0) return undefined
  return { phase: await transfer.getAttribute('data-phase'), done: Number(await transfer.getAttribute('data-done')) }
}

/** The names of the directories that sessions have in the site's private storage. */
const sessionDirectories = (page: Page) =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const names: string[] = []
    for await (const name of (await root.getDirectoryHandle('mayfly', { create: true })).keys()) names.push(name)
    return names
  })

/** The names of the files in them. */
const receivedFiles = (page: Page) =>
  page.evaluate(async () => {
    const root = await navigator.storage.getDirectory()
    const names: string[] = []
    for await (const session of (await root.getDirectoryHandle('mayfly', { create: true })).values())
      for await (const name of (session as FileSystemDirectoryHandle).keys()) names.push(name)
    return names
  })

/** A PDF with a script that a browser would run if it treated the file as a page. */
function pdfText(padding: number): string {
  const content = 'BT /F1 24 Tf 40 100 Td (Bread) Tj ET'
  return [
    '%PDF-1.4',
    `%${'x'.repeat(padding)}<script>top.document.title = 'it ran'</script>`,
    '1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj',
    '2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj',
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj',
    `4 0 obj<</Length ${content.length}>>stream\n${content}\nendstream endobj`,
    '5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj',
    'trailer<</Root 1 0 R>>',
    '',
  ].join('\n')
}

describe('content by its type', () => {
  it('shows images in the page, small or large, and runs no script of an SVG', async () => {
    for (const [bytes, name, width] of [
      [pngBytes(400), 'large.png', 400],
      [pngBytes(20), 'small.png', 20],
      [new TextEncoder().encode(SVG), 'drawing.svg', 40],
    ] as const) {
      const { address } = await share(bytes, name)
      const visitor = await chromium.newPage()
      await visitor.goto(node.url + address)
      const image = visitor.locator('img#content')
      await waitFor(async () => (await image.count()) === 1, 40_000, `${name} is on screen`)
      await waitFor(() => image.evaluate((element: HTMLImageElement, expected) => element.naturalWidth === expected, width), 40_000, name)
      expect(await visitor.title()).not.toContain('it ran')
    }
  })

  it('shows a PDF, small or large, in the browser’s own viewer, which runs no script of it', async () => {
    for (const padding of [0, MIB]) {
      const { address } = await share(new TextEncoder().encode(pdfText(padding)), 'paper.pdf')
      const visitor = await chromium.newPage()
      await visitor.goto(node.url + address)
      const viewer = () => visitor.frames().some((frame) => frame.url().startsWith('chrome-extension://'))
      await waitFor(viewer, 40_000, 'the viewer is there')
      expect(await visitor.frameLocator('iframe#content').locator('iframe').getAttribute('src')).toMatch(/^blob:/)
      expect(await visitor.getByTestId('facts').textContent()).toContain('paper.pdf')
      expect(await visitor.title()).not.toContain('it ran')
    }
  })

  it('offers any other file to be saved, with its name, size and type', async () => {
    const { address } = await share(Buffer.concat([Buffer.from([0, 1, 2, 3]), randomBytes(MIB)]), 'paper.bin')
    const visitor = await chromium.newPage()
    await visitor.goto(node.url + address)
    await seesVisit(visitor, 'streamed')
    expect(await visitor.getByTestId('facts').textContent()).toBe('paper.bin, 1 MiB')
    const [download] = await Promise.all([visitor.waitForEvent('download'), visitor.getByTestId('save').click()])
    expect(download.suggestedFilename()).toBe('paper.bin')
  })
})

describe('a large file that somebody was sent', () => {
  it('has its name and size as the title; saving it makes its visitor a holder, and the file survives its author', async () => {
    const bytes = randomBytes(5 * MIB)
    const { author, address } = await share(bytes, 'film.bin')
    const visitor = await chromium.newPage()
    await visitor.goto(node.url + address)
    await visitor.getByRole('heading', { name: 'film.bin, 5 MiB' }).waitFor()
    expect(await visitor.title()).toContain('film.bin')
    await seesVisit(visitor, 'streamed')
    const [download] = await Promise.all([visitor.waitForEvent('download'), visitor.getByRole('button', { name: 'Save' }).click()])
    expect(download.suggestedFilename()).toBe('film.bin')
    expect(sha256Hex(await readFile(await download.path()))).toBe(sha256Hex(bytes))
    await seesVisit(visitor, 'holding')
    await seesCount(author, 2)
    await author.getByTestId('receivers').locator('li[data-phase="done"]').first().waitFor()
    await author.close()
    await seesCount(visitor, 1)
    const [again] = await Promise.all([visitor.waitForEvent('download'), visitor.getByTestId('save').click()])
    expect(sha256Hex(await readFile(await again.path()))).toBe(sha256Hex(bytes))
  })

  it('offers nothing that needs a holder when the last has left, and saves it when somebody holds it again', async () => {
    const bytes = randomBytes(3 * MIB)
    const { author, address } = await share(bytes, 'film.bin')
    const visitor = await chromium.newPage()
    await visitor.goto(node.url + address)
    await seesVisit(visitor, 'streamed')
    await author.close()
    await seesCount(visitor, 0)
    expect(await visitor.getByTestId('visit-status').textContent()).toContain('has left')
    for (const id of ['save', 'raw']) expect(await visitor.getByTestId(id).count()).toBe(0)
    await visitor.getByTestId('save-later').click()
    await visitor.locator('[data-testid="transfer"][data-phase="waiting"]').waitFor()
    const coming = visitor.waitForEvent('download', { timeout: 90_000 })
    await share(bytes, 'film.bin')
    expect(sha256Hex(await readFile(await (await coming).path()))).toBe(sha256Hex(bytes))
  })

  it('is asked for again when its author reloads, by its name; the same file has the same link, and another is refused', async () => {
    const bytes = randomBytes(2 * MIB)
    const { author, address } = await share(bytes, 'film.bin')
    await seesCount(author, 1)
    await reloadAnyway(author)
    const question = author.getByTestId('choose-missing')
    await question.waitFor()
    expect(await question.textContent()).toContain('film.bin')
    const choose = (name: string, buffer: Uint8Array) =>
      question.getByTestId('page-file').setInputFiles({ name, mimeType: '', buffer: Buffer.from(buffer) })
    await choose('film.bin', randomBytes(2 * MIB))
    await author.getByTestId('choose-problem').waitFor()
    expect(await author.getByTestId('held').locator('li').count()).toBe(0)
    await choose('film.bin', bytes)
    await seesVisit(author, 'holding')
    await seesCount(author, 1)
    expect(await question.count()).toBe(0)
    const { pathname, search } = new URL(await author.getByTestId('page-link').inputValue())
    expect(pathname + search).toBe(address)
    const raw = await fetch(`${node.url}/raw${address}`)
    expect(sha256Hex(new Uint8Array(await raw.arrayBuffer()))).toBe(sha256Hex(bytes))
    await author.getByTestId('stop').click()
    await reloadAnyway(author)
    await seesVisit(author, 'gone')
    expect(await question.count()).toBe(0)
  })
})

describe('holding large content too', () => {
  it('can be paused, resumes after a reload without fetching pieces again, and is held again after another reload', async () => {
    const bytes = randomBytes(24 * MIB)
    const { author, address } = await share(bytes, 'film.bin')
    const visitor = await chromium.newPage()
    await visitor.goto(node.url + address)
    await seesVisit(visitor, 'streamed')
    await visitor.getByTestId('hold-too').click()
    await waitFor(async () => ((await transferState(visitor))?.done ?? 0) >= 2 * MIB, 20_000, 'some of it is there')
    await visitor.getByTestId('transfer-pause').click()
    await waitFor(async () => (await transferState(visitor))?.phase === 'paused', 40_000, 'it is paused')
    expect((await transferState(visitor))?.done).toBeLessThan(bytes.byteLength)

    await reloadAnyway(visitor)
    await seesConnection(visitor, 'joined')
    await visitor.getByTestId('transfer').waitFor()
    expect((await transferState(visitor))?.phase).toBe('paused')
    await visitor.getByTestId('transfer-go-on').click()
    await seesVisit(visitor, 'holding', 60_000)
    await seesCount(author, 2)
    const given = Number(await author.getByTestId('receivers').locator('li').first().getAttribute('data-bytes'))
    expect(given).toBeLessThan(bytes.byteLength + 10 * MIB)

    await reloadAnyway(visitor)
    await seesVisit(visitor, 'holding', 60_000)
    await author.close()
    await seesCount(visitor, 1)
    const raw = await fetch(`${node.url}/raw${address}`)
    expect(sha256Hex(new Uint8Array(await raw.arrayBuffer()))).toBe(sha256Hex(bytes))
  })

  it('leaves no files when it is cancelled, or when the tab is closed', async () => {
    const { address } = await share(randomBytes(24 * MIB), 'film.bin')
    const context = await chromium.newContext()
    const visitor = await context.newPage()
    await visitor.goto(node.url + address)
    await seesVisit(visitor, 'streamed')
    await visitor.getByTestId('hold-too').click()
    await waitFor(async () => ((await transferState(visitor))?.done ?? 0) > 0, 20_000, 'some of it is there')
    await visitor.getByTestId('transfer-cancel').click()
    await visitor.getByTestId('hold-too').waitFor()
    await waitFor(async () => (await receivedFiles(visitor)).length === 0, 40_000, 'what had come is removed')
    await visitor.getByTestId('hold-too').click()
    await seesVisit(visitor, 'holding', 60_000)
    expect(await receivedFiles(visitor)).toHaveLength(1)
    const [session = ''] = await sessionDirectories(visitor)
    await visitor.close()
    const next = await context.newPage()
    await openHome(next, node.url)
    await waitFor(async () => !(await sessionDirectories(next)).includes(session), 20_000, 'what the ended tab left is removed')
  })
})

describe('a bundle', () => {
  it('with an index.html is shown as a site, with its styles and links, and apart from the app', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const encode = (text: string) => new TextEncoder().encode(text)
    const page = '<!doctype html><link rel="stylesheet" href="look.css"><h1>the site</h1><a href="other.html">other</a>'
    await chooseFile(author, encode(page), 'index.html')
    await chooseFile(author, encode('h1 { color: rgb(4, 5, 6) }'), 'look.css')
    await chooseFile(author, encode('<!doctype html><p>the other page</p>'), 'other.html')
    const hash = await pressMake(author)
    await seesCount(author, 1)
    const visitor = await chromium.newPage()
    await visitor.goto(`${node.url}/${hash}`)
    const site = visitor.frameLocator('#content')
    const heading = site.getByRole('heading', { name: 'the site' })
    await heading.waitFor()
    expect(await heading.evaluate((element) => getComputedStyle(element).color)).toBe('rgb(4, 5, 6)')
    expect(await heading.evaluate(() => self.origin)).toBe('null')
    await site.getByRole('link', { name: 'other' }).click()
    await site.getByText('the other page').waitFor()
  })

  it('of no more than 256 KiB is held by whoever opens it: its author may leave, and its files stay', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const files = { 'one.txt': randomBytes(100), 'two.bin': randomBytes(200_000) }
    for (const [name, bytes] of Object.entries(files)) await chooseFile(author, bytes, name)
    const hash = await pressMake(author)
    await seesCount(author, 1)
    const visitor = await chromium.newPage()
    await visitor.goto(`${node.url}/${hash}`)
    await seesVisit(visitor, 'holding')
    await seesCount(author, 2)
    await author.close()
    await seesCount(visitor, 1)
    for (const [name, bytes] of Object.entries(files)) {
      const raw = await fetch(`${node.url}/raw/${hash}/${name}`)
      expect(sha256Hex(new Uint8Array(await raw.arrayBuffer()))).toBe(sha256Hex(bytes))
    }
    await visitor.getByTestId('stop').click()
    await seesVisit(visitor, 'listed')
  })

  it('opens a page at its path, with its style and pictures, and any other file by itself', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const folder = await createTemporaryDirectory()
    await mkdir(`${folder}/album/pages`, { recursive: true })
    await writeFile(`${folder}/album/look.css`, 'h1 { color: rgb(7, 8, 9) }')
    await writeFile(`${folder}/album/dot.png`, pngBytes(12))
    await writeFile(
      `${folder}/album/pages/first.html`,
      '<!doctype html><link rel="stylesheet" href="../look.css"><h1>first</h1><img src="../dot.png">',
    )
    await author.getByTestId('page-folder').setInputFiles(`${folder}/album`)
    const hash = await pressMake(author)
    await seesCount(author, 1)
    const visitor = await chromium.newPage()
    await visitor.goto(`${node.url}/${hash}`)
    const rows = visitor.getByTestId('bundle').locator('li')
    await rows.getByRole('link', { name: 'pages/first.html', exact: true }).click()
    expect(new URL(visitor.url()).pathname).toBe(`/${hash}/pages/first.html`)
    const heading = visitor.frameLocator('#content').getByRole('heading', { name: 'first' })
    await heading.waitFor()
    expect(await heading.evaluate((element) => getComputedStyle(element).color)).toBe('rgb(7, 8, 9)')
    const width = () => heading.evaluate(() => document.images[0]?.naturalWidth)
    await waitFor(async () => (await width()) === 12, 40_000, 'its picture is there')
    // The same address opened by itself, without the app's history.
    const second = await chromium.newPage()
    await second.goto(visitor.url())
    await second.frameLocator('#content').getByRole('heading', { name: 'first' }).waitFor()
    await second.locator('summary', { hasText: '3 files' }).click()
    await second.getByTestId('bundle').getByRole('link', { name: 'dot.png', exact: true }).click()
    await second.locator('img#content').waitFor()
  })

  it('is a list of files to open and to save, and is held as a whole on request', async () => {
    const author = await chromium.newPage()
    await openHome(author, node.url)
    const files = { 'one.txt': new TextEncoder().encode('first words'), 'two.bin': randomBytes(2 * MIB) }
    for (const [name, bytes] of Object.entries(files)) await chooseFile(author, bytes, name)
    const hash = await pressMake(author)
    await seesCount(author, 1)

    const visitor = await chromium.newPage()
    await visitor.goto(`${node.url}/${hash}`)
    await seesVisit(visitor, 'listed')
    const rows = visitor.getByTestId('bundle').locator('li')
    expect(await rows.allTextContents()).toEqual(['one.txt11 bytesSave', 'two.bin2 MiBSave'])
    const [zip] = await Promise.all([visitor.waitForEvent('download'), visitor.getByTestId('zip').click()])
    expect(zip.suggestedFilename()).toMatch(/[.]zip$/)
    await visitor.getByTestId('hold-too').click()
    await seesVisit(visitor, 'holding', 30_000)
    await seesCount(author, 2)
    await author.close()
    await seesCount(visitor, 1)
    for (const bytes of Object.values(files)) {
      const raw = await fetch(`${node.url}/raw/${sha256Hex(bytes)}`)
      expect(sha256Hex(new Uint8Array(await raw.arrayBuffer()))).toBe(sha256Hex(bytes))
    }
    await rows.first().getByRole('link', { name: 'one.txt', exact: true }).click()
    await contentText(visitor).getByText('first words').waitFor()
  })
})
