/** Files of any size that a tab shares with another node and another tab, in a real Chromium on real nodes. */

import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { decodeBundle, encodeKeyHex } from '../../node/index.ts'
import { chooseFile, makeFile, makeText, openHome, pressMake, seesCount, seesVisit, sha256Hex } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { randomBytes, wavBytes } from '../helpers/sample-files.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576

let a: NodeProcess
let b: NodeProcess
beforeAll(async () => {
  a = await startNodeProcess()
  b = await startNodeProcess({ join: [a.url] })
})
afterAll(() => Promise.all([a?.kill('SIGKILL'), b?.kill('SIGKILL')]))
const chromium = useChromium()

const linkOf = async (page: Page) => new URL(await page.getByTestId('page-link').inputValue())

/** The same link at another gateway, as bytes. */
function rawAt(node: NodeProcess, link: URL, inside = ''): string {
  return `${node.url}/raw${link.pathname}${inside}${link.search}`
}

async function bytesAt(url: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
  const response = await fetch(url, { headers })
  expect([200, 206]).toContain(response.status)
  return new Uint8Array(await response.arrayBuffer())
}

/** A folder on disk with the files, gone when the test ends. */
async function makeFolder(files: Record<string, Uint8Array | string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'mayfly-share-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, 'folder', path)), { recursive: true })
    await writeFile(join(root, 'folder', path), bytes)
  }
  return join(root, 'folder')
}

async function changeInPlace(path: string): Promise<void> {
  const { atime, mtime } = await stat(path)
  await writeFile(path, 'CHANGED-LATER', { flag: 'r+' })
  await utimes(path, atime, mtime)
}

describe('sharing from a tab', () => {
  it('makes a link with an outline for a file of many pieces, and another node streams all or any part of it', async () => {
    const page = await chromium.newPage()
    await openHome(page, a.url)
    const bytes = randomBytes(5 * MIB + 3)
    expect(await makeFile(page, bytes, 'möbius \u{1f30d}.bin')).toBe(sha256Hex(bytes))
    const link = await linkOf(page)
    expect(link.searchParams.get('o')).toMatch(/^[0-9a-f]{64}$/)
    expect(link.searchParams.get('filename')).toBe('möbius \u{1f30d}.bin')
    expect(sha256Hex(await bytesAt(rawAt(b, link)))).toBe(sha256Hex(bytes))
    expect(await bytesAt(rawAt(b, link), { range: `bytes=${3 * MIB}-${3 * MIB + 99}` })).toEqual(bytes.subarray(3 * MIB, 3 * MIB + 100))
    await page.getByTestId('receivers').locator('li[data-phase="done"]').waitFor()
  })

  it('makes a link at localhost that leads other machines here', async () => {
    const open = await startNodeProcess({ args: ['--host', '0.0.0.0'] })
    const { url } = (await (await fetch(`${open.url}/api/v1/status`)).json()) as { url: string }
    expect(new URL(url).hostname).not.toBe('localhost')
    const page = await chromium.newPage()
    await openHome(page, open.url)
    await makeText(page, 'for the whole house')
    await waitFor(async () => (await linkOf(page)).origin === url, 30_000, 'the link names this machine')
    expect(await (await fetch((await linkOf(page)).href)).text()).toBe('for the whole house')
  })

  it('reports that a deleted file cannot be read', async () => {
    const page = await chromium.newPage()
    await openHome(page, a.url)
    const folder = await makeFolder({ 'file.bin': randomBytes(MIB) })
    await page.getByTestId('page-file').setInputFiles(join(folder, 'file.bin'))
    await page.getByTestId('chosen-file').waitFor()
    await rm(join(folder, 'file.bin'))
    await page.getByTestId('make').click()
    expect(await page.getByTestId('problem').textContent()).toContain('could not be read')
    expect(new URL(page.url()).pathname).toBe('/')
  })

  it.each<[string, (path: string) => Promise<void>]>([
    ['changes and gets its old time back', changeInPlace],
    ['is deleted', (path) => rm(path)],
  ])('stops holding a file that %s as soon as somebody asks for it, and says so', async (_, change) => {
    const page = await chromium.newPage()
    await openHome(page, a.url)
    const folder = await makeFolder({ 'file.bin': randomBytes(MIB) })
    await page.getByTestId('page-file').setInputFiles(join(folder, 'file.bin'))
    await pressMake(page)
    const link = await linkOf(page)
    await change(join(folder, 'file.bin'))
    await fetch(rawAt(b, link))
      .then(
        (response) => response.arrayBuffer(),
        () => {},
      )
      .catch(() => {})
    await seesVisit(page, 'changed')
    expect(await page.getByTestId('lost').textContent()).toContain('file.bin')
    expect(await page.getByTestId('held').locator('li').count()).toBe(0)
    const gone = async () => (await fetch(rawAt(b, link))).status === 404
    await waitFor(gone, 10_000, 'nobody holds it')
  })

  it('makes one link of a folder: equal names, empty files and any Unicode name, each file its own content', async () => {
    const files = {
      'a/same.txt': 'one',
      'b/same.txt': 'two',
      'empty.dat': '',
      'naïve 漢字 \u{1f98b} #%?.txt': 'unicode',
      'large.bin': randomBytes(MIB + 1),
    }
    const page = await chromium.newPage()
    await openHome(page, a.url)
    await page.getByTestId('page-folder').setInputFiles(await makeFolder(files))
    await page.getByTestId('chosen-file').waitFor()
    const hash = await pressMake(page)
    const entries = decodeBundle(await bytesAt(`${b.url}/raw/${hash}`))
    expect(entries.map(({ path }) => path).toSorted()).toEqual(Object.keys(files).toSorted())
    for (const { path, key } of entries) {
      const bytes = files[path as keyof typeof files]
      expect(encodeKeyHex(key)).toBe(sha256Hex(bytes))
      expect(sha256Hex(await bytesAt(`${b.url}/raw/${encodeKeyHex(key)}`))).toBe(sha256Hex(bytes))
    }
    expect(await page.getByTestId('bundle').locator('li').count()).toBe(5)
    expect(await page.getByTestId('held').locator('li').count()).toBe(1)
    await page.getByTestId('stop').click()
    await waitFor(async () => (await fetch(`${a.url}/raw/${sha256Hex('one')}`)).status === 404, 40_000, 'its files go with it')
  })

  it('makes the same site of a folder as the command does, with the same hash', async () => {
    const folder = await makeFolder({
      'index.html': '<!doctype html><link rel="stylesheet" href="css/site.css"><h1>the site</h1>',
      'css/site.css': 'h1 { color: rgb(1, 2, 3) }',
      'zebra.txt': 'z',
      'Ärger/large.bin': randomBytes(MIB),
      '.hidden': 'also',
    })
    const holder = spawnMayfly(['hold', folder, '--json', '--join', b.url])
    const held = JSON.parse(await holder.stdout.waitFor((line) => line.includes('"hash"'))) as { hash: string }
    await holder.kill('SIGINT')
    const page = await chromium.newPage()
    await openHome(page, a.url)
    await page.getByTestId('page-folder').setInputFiles(folder)
    expect(await pressMake(page)).toBe(held.hash)
    await page.frameLocator('#content').getByRole('heading', { name: 'the site' }).waitFor()
    expect(await page.getByTestId('held').locator('li').first().textContent()).toContain('folder')
  })

  it('shares two files of one name, and removing one makes another link', async () => {
    const page = await chromium.newPage()
    await openHome(page, a.url)
    await chooseFile(page, randomBytes(10), 'same.txt')
    await chooseFile(page, randomBytes(11), 'same.txt')
    const first = await pressMake(page)
    const paths = async (hash: string) => decodeBundle(await bytesAt(`${a.url}/raw/${hash}`)).map(({ path }) => path)
    expect(await paths(first)).toEqual(['same (2).txt', 'same.txt'])
    await page.getByTestId('choose-again').click()
    await chooseFile(page, randomBytes(12), 'third.txt')
    const second = await pressMake(page)
    expect(second).not.toBe(first)
    expect(await paths(second)).toEqual(['same (2).txt', 'same.txt', 'third.txt'])
    expect(await page.getByTestId('held').locator('li').count()).toBe(2)
  })

  it('refuses more files than a tab may hold, and names the limit', async () => {
    const page = await chromium.newPage()
    await openHome(page, a.url)
    const many = Array.from({ length: 256 }, (_, i) => ({ name: `${i}.txt`, mimeType: 'text/plain', buffer: Buffer.from(`${i}`) }))
    await page.getByTestId('page-file').setInputFiles(many)
    await page.getByTestId('make').click()
    const problem = await page.getByTestId('problem').textContent()
    expect(problem).toContain('256')
    expect(problem).toContain('257 contents')
    expect(await page.getByTestId('held').count()).toBe(0)
  })
})

describe('a visitor of large content', () => {
  it('sees it from the gateway, and becomes a holder on request; then the first holder may leave', async () => {
    const author = await chromium.newPage()
    await openHome(author, a.url)
    const bytes = randomBytes(3 * MIB)
    const hash = await makeFile(author, bytes, 'file.bin')
    const link = await linkOf(author)
    const visitor = await chromium.newPage()
    await visitor.goto(`${b.url}${link.pathname}${link.search}`)
    await seesVisit(visitor, 'streamed')
    expect(await visitor.getByTestId('facts').textContent()).toContain('file.bin, 3 MiB')
    await seesCount(visitor, 1)
    await visitor.getByTestId('hold-too').click()
    await seesVisit(visitor, 'holding')
    await seesCount(author, 2)
    await author.close()
    await seesCount(visitor, 1)
    expect(sha256Hex(await bytesAt(`${b.url}/raw/${hash}`))).toBe(sha256Hex(bytes))
  })

  it('plays sound, and seeks, without holding it', async () => {
    const author = await chromium.newPage()
    await openHome(author, a.url)
    await makeFile(author, wavBytes(60), 'minute.wav')
    const link = await linkOf(author)
    const visitor = await chromium.newPage()
    await visitor.goto(`${b.url}${link.pathname}${link.search}`)
    await seesVisit(visitor, 'streamed')
    const audio = visitor.locator('audio#content')
    await waitFor(() => audio.evaluate((element: HTMLAudioElement) => element.duration > 59), 40_000, 'its length is known')
    await audio.evaluate((element: HTMLAudioElement) => {
      element.currentTime = 45
    })
    await waitFor(
      () => audio.evaluate((element: HTMLAudioElement) => !element.seeking && element.readyState >= 2 && element.currentTime === 45),
      40_000,
      'it has what comes after the place sought',
    )
  })
})
