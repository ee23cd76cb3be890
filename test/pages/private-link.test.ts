/** Private links in the tab, in a real Chromium on real nodes: made in one tab, and opened in another only by the whole link. */

import { readFile, writeFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createLinkKey, decodeLinkKey, encodeLinkKey, isSealed } from '../../node/index.ts'
import {
  chooseFile,
  hashOf,
  makeFile,
  makeText,
  openHome,
  pressMake,
  seesContent,
  seesCount,
  seesVisit,
  sha256Hex,
} from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { runMayfly, spawnMayfly } from '../helpers/mayfly-process.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { startRecordingProxy } from '../helpers/recording-proxy.ts'
import { reloadAnyway } from '../helpers/reloading.ts'
import { pngBytes, randomBytes, wavBytes } from '../helpers/sample-files.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const MIB = 1_048_576

let a: NodeProcess
let b: NodeProcess
beforeAll(async () => {
  a = await startNodeProcess({ args: ['--log-level', 'debug'] })
  b = await startNodeProcess({ join: [a.url], args: ['--log-level', 'debug'] })
})
afterAll(() => Promise.all([a?.kill('SIGKILL'), b?.kill('SIGKILL')]))
const chromium = useChromium()

async function openPrivateHome(): Promise<Page> {
  const page = await chromium.newPage()
  await openHome(page, a.url)
  await page.getByTestId('private').check()
  return page
}

const linkOf = async (page: Page) => new URL(await page.getByTestId('page-link').inputValue())
/** The same link at the other gateway, with another fragment if one is given. */
const elsewhere = ({ pathname, search, hash }: URL, fragment = hash) => `${b.url}${pathname}${search}${fragment}`

async function visit(address: string): Promise<Page> {
  const page = await chromium.newPage()
  await page.goto(address)
  return page
}

const imageWidth = (page: Page) => page.locator('img#content').evaluate((image: HTMLImageElement) => image.naturalWidth)

async function saved(page: Page): Promise<{ name: string; bytes: Uint8Array }> {
  const coming = page.waitForEvent('download')
  await page.getByTestId('save').click()
  const download = await coming
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) }
}

describe('a private page', () => {
  it('is readable with the whole link, held as cipher text, and no node on the way sees it', async () => {
    const author = await openPrivateHome()
    const hash = await makeText(author, 'canary-c4e1 <b>text</b>')
    await seesVisit(author, 'holding')
    await seesContent(author, 'canary-c4e1')
    const link = await linkOf(author)
    expect(link.hash).toMatch(/^#k=[A-Za-z0-9_-]{43}$/)
    expect([link.search, link.href]).toEqual(['', author.url()])
    expect(await author.getByTestId('private').count()).toBe(0)

    const cipher = new Uint8Array(await (await fetch(`${b.url}/raw/${hash}`)).arrayBuffer())
    expect([isSealed(cipher), sha256Hex(cipher)]).toEqual([true, hash])

    const proxy = await startRecordingProxy(b.port)
    onTestFinished(() => proxy.stop())
    const reader = await visit(proxy.url + link.pathname + link.hash)
    await seesVisit(reader, 'holding')
    await seesContent(reader, 'canary-c4e1')
    await seesCount(author, 2)
    expect(await reader.getByTestId('raw').count()).toBe(0)

    const secret = link.hash.slice('#k='.length)
    expect(proxy.bytes().includes(`GET /${hash} `)).toBe(true)
    for (const word of [secret, Buffer.from(decodeLinkKey(secret)), 'canary-c4e1']) expect(proxy.bytes().includes(word)).toBe(false)
    for (const node of [a, b]) for (const word of [secret, 'canary-c4e1']) expect(JSON.stringify(node.log()).includes(word)).toBe(false)

    await author.close()
    await seesCount(reader, 1)
    const next = await visit(elsewhere(link))
    await seesContent(next, 'canary-c4e1')
  })

  it('shows nothing without the key, with another key or with half of it, and says which', async () => {
    const author = await openPrivateHome()
    const hash = await makeText(author, 'nobody sees this')
    const link = await linkOf(author)
    for (const [fragment, state] of [
      ['', 'locked'],
      [`#k=${encodeLinkKey(createLinkKey())}`, 'wrong-key'],
      [link.hash.slice(0, -4), 'wrong-key'],
    ] as const) {
      const page = await visit(elsewhere(link, fragment))
      await seesVisit(page, state)
      expect(await page.getByTestId('visit-status').textContent()).toContain('private')
      expect(await page.locator('#frame iframe').count()).toBe(0)
      // The whole link opens it in the address bar of the same tab.
      await page.goto(elsewhere(link))
      await seesContent(page, 'nobody sees this')
      await page.close()
    }
    const script = await (await fetch(`${b.url}/${hash}`, { headers: { accept: 'text/html', 'sec-fetch-dest': 'document' } })).text()
    expect(script).toContain('#k=')
    expect(script).not.toContain('<iframe')
  })

  it('reports a link with a key to public content as wrong', async () => {
    const author = await chromium.newPage()
    await openHome(author, a.url)
    await makeText(author, 'a public page')
    const page = await visit(elsewhere(await linkOf(author), `#k=${encodeLinkKey(createLinkKey())}`))
    await seesVisit(page, 'damaged')
  })

  it('shows nothing in its author’s own tab without the key', async () => {
    const author = await openPrivateHome()
    await makeFile(author, pngBytes(900), 'large.png')
    await waitFor(async () => (await imageWidth(author)) === 900, 40_000, 'it is shown')
    await author.evaluate(() => history.pushState(null, '', location.pathname + location.search))
    await author.evaluate(() => dispatchEvent(new PopStateEvent('popstate')))
    await seesVisit(author, 'locked')
    expect(await author.locator('img#content, #frame iframe').count()).toBe(0)
    await author.goBack()
    await waitFor(async () => (await imageWidth(author)) === 900, 40_000, 'it is shown again')
  })

  it('is held again after a reload, opened by its address, and its name is not in the tab’s storage', async () => {
    const author = await openPrivateHome()
    await makeText(author, 'kept canary-77a0')
    await seesVisit(author, 'holding')
    const link = await linkOf(author)
    await reloadAnyway(author)
    await seesVisit(author, 'holding')
    await seesContent(author, 'kept canary-77a0')
    const stored = await author.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))
    expect(stored).toContain(hashOf(author))
    for (const word of ['canary-77a0', link.hash.slice(3)]) expect(stored.includes(word)).toBe(false)
    const reader = await visit(elsewhere(link))
    await seesContent(reader, 'kept canary-77a0')
  })

  it('is public by default, also after a private one', async () => {
    const author = await openPrivateHome()
    await makeText(author, 'private first')
    await author.getByText('Make another page').click()
    expect(await author.getByTestId('private').isChecked()).toBe(false)
    const hash = await makeText(author, 'public second')
    expect(hash).toBe(sha256Hex('public second'))
  })
})

describe('private files', () => {
  it('shows an image, small or of many pieces, and saves it under its own name', async () => {
    for (const [side, state] of [
      [20, 'holding'],
      [900, 'opened'],
    ] as const) {
      const author = await openPrivateHome()
      const bytes = pngBytes(side)
      await makeFile(author, bytes, 'möwe.png')
      const link = await linkOf(author)
      expect(link.searchParams.has('filename')).toBe(false)
      await waitFor(async () => (await imageWidth(author)) === side, 40_000, 'its author sees it')
      const reader = await visit(elsewhere(link))
      await seesVisit(reader, state)
      await waitFor(async () => (await imageWidth(reader)) === side, 40_000, 'its reader sees it')
      expect(await reader.getByTestId('facts').textContent()).toContain('möwe.png')
      expect(await saved(reader)).toEqual({ name: 'möwe.png', bytes: Buffer.from(bytes) })
      await Promise.all([author.close(), reader.close()])
    }
  })

  it('plays a sound of some MiB and seeks in it; held by a second tab, the first may leave', async () => {
    const author = await openPrivateHome()
    await makeFile(author, wavBytes(90), 'minute.wav')
    const link = await linkOf(author)
    const reader = await visit(elsewhere(link))
    await seesVisit(reader, 'opened')
    const keyless = await visit(elsewhere(link, ''))
    await seesVisit(keyless, 'locked')
    expect(await keyless.locator('audio, iframe').count()).toBe(0)
    await keyless.close()
    const audio = reader.locator('audio#content')
    await waitFor(() => audio.evaluate((element: HTMLAudioElement) => element.duration > 89), 20_000, 'its length is known')
    await audio.evaluate((element: HTMLAudioElement) => {
      element.currentTime = 75
    })
    await waitFor(
      () => audio.evaluate((element: HTMLAudioElement) => !element.seeking && element.currentTime === 75),
      40_000,
      'it is there',
    )
    await reader.getByTestId('hold-too').click()
    await seesVisit(reader, 'holding', 20_000)
    await author.close()
    await seesCount(reader, 1)
    expect((await saved(reader)).bytes.byteLength).toBe(wavBytes(90).byteLength)
    const later = await visit(elsewhere(link))
    await seesVisit(later, 'opened')
  })

  it('offers to save a file that no browser shows, and streams a large one to the chosen file', async () => {
    const author = await openPrivateHome()
    const bytes = randomBytes(66 * MIB)
    const directory = await createTemporaryDirectory()
    await writeFile(`${directory}/large.bin`, bytes)
    await author.getByTestId('page-file').setInputFiles(`${directory}/large.bin`)
    await pressMake(author)
    const link = await linkOf(author)
    const reader = await chromium.newPage()
    // The file dialog is the browser's own window, which a test cannot operate: a file of the site's storage replaces it.
    await reader.addInitScript(() => {
      Object.assign(globalThis, {
        showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) =>
          (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true }),
      })
    })
    await reader.goto(elsewhere(link))
    await seesVisit(reader, 'opened')
    await reader.getByTestId('save').click()
    const digest = () =>
      reader.evaluate(async () => {
        const file = await (await (await navigator.storage.getDirectory()).getFileHandle('large.bin')).getFile()
        const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
        return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
      })
    await reader.getByRole('button', { name: 'Save', exact: true }).waitFor({ timeout: 50_000 })
    expect(await digest()).toBe(sha256Hex(bytes))
  })

  it('makes one private link of several files; a reader can open each and hold all, and the command fetches them', async () => {
    const author = await openPrivateHome()
    const files = { 'one.txt': new TextEncoder().encode('first canary-91'), 'two.png': pngBytes(30), 'three.bin': randomBytes(MIB) }
    for (const [name, bytes] of Object.entries(files)) await chooseFile(author, bytes, name)
    await pressMake(author)
    const link = await linkOf(author)
    const reader = await visit(elsewhere(link))
    await seesVisit(reader, 'listed')
    expect(await reader.getByTestId('bundle').locator('li').count()).toBe(3)
    await reader.getByTestId('hold-too').click()
    await seesVisit(reader, 'holding', 20_000)
    await seesCount(author, 2)
    await author.close()
    await seesCount(reader, 1)
    await reader.getByText('one.txt').click()
    await seesContent(reader, 'first canary-91')
    expect(new URL(reader.url()).hash).toBe(link.hash)

    const directory = await createTemporaryDirectory()
    expect(await runMayfly(['get', link.href, '-o', `${directory}/all`])).toMatchObject({ code: 0 })
    for (const [name, bytes] of Object.entries(files)) expect(sha256Hex(await readFile(`${directory}/all/${name}`))).toBe(sha256Hex(bytes))
  })

  it('are asked for again after a reload: the same ones have the same link, and of others nothing is held', async () => {
    const author = await openPrivateHome()
    const files = { 'b.bin': randomBytes(MIB), 'a.txt': new TextEncoder().encode('canary-a') }
    for (const [name, bytes] of Object.entries(files)) await chooseFile(author, bytes, name)
    await pressMake(author)
    const link = await linkOf(author)
    await reloadAnyway(author)
    const question = author.getByTestId('choose-missing')
    await question.waitFor()
    expect(await question.textContent()).not.toMatch(/a\.txt|b\.bin/)
    const stored = await author.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))
    for (const word of ['a.txt', 'b.bin', link.hash.slice(3)]) expect(stored.includes(word)).toBe(false)

    const choose = (chosen: Record<string, Uint8Array>) =>
      question
        .getByTestId('page-file')
        .setInputFiles(Object.entries(chosen).map(([name, bytes]) => ({ name, mimeType: '', buffer: Buffer.from(bytes) })))
    await choose({ ...files, 'b.bin': randomBytes(MIB) })
    await author.getByTestId('choose-problem').waitFor()
    expect(await author.getByTestId('held').locator('li').count()).toBe(0)
    await choose({ 'a.txt': files['a.txt'], 'b.bin': files['b.bin'] })
    await seesVisit(author, 'holding')
    expect(await question.count()).toBe(0)
    expect((await linkOf(author)).href).toBe(link.href)
    const directory = await createTemporaryDirectory()
    expect(await runMayfly(['get', link.href, '-o', `${directory}/all`])).toMatchObject({ code: 0 })
    for (const [name, bytes] of Object.entries(files)) expect(sha256Hex(await readFile(`${directory}/all/${name}`))).toBe(sha256Hex(bytes))
  })

  it('stays private when files are added to a private bundle', async () => {
    const author = await openPrivateHome()
    for (const name of ['a.txt', 'b.txt']) await chooseFile(author, randomBytes(10), name)
    await pressMake(author)
    await author.getByTestId('choose-again').click()
    expect(await author.getByTestId('private').isChecked()).toBe(true)
  })

  it('opens what the command holds', async () => {
    const holding = spawnMayfly(['hold', '--private', '-', '--join', a.url], { stdin: 'from the command' })
    const link = new URL(await holding.stdout.waitFor(() => true))
    const reader = await visit(elsewhere(link))
    await seesContent(reader, 'from the command')
  })
})
