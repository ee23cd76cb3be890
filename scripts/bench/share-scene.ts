/**
 * One tab shares with three receivers in two kinds of browsers: one is reloaded at half, one leaves, a file is removed and one added meanwhile.
 * Compares the bytes that are on disk in the end, and the words on each screen.
 */

import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Browser, launch, type Page } from 'puppeteer-core'
import { findChromium } from '../chromium.ts'
import { findFirefox } from '../engines.ts'
import { sha256Of } from './file-sum.ts'
import { writeSparse } from './sparse-file.ts'

interface SceneOptions {
  /** Of a node's gateway. */
  url: string
  /** For profiles, files and downloads. */
  directory: string
  /** Of all that is shared at first. */
  bytes: number
  /** How long one step may take, in ms. */
  stepMs: number
  say(line: string): void
  /** Where pictures of all screens go, under way and in the end. */
  pictures?: string | undefined
}

interface Screen {
  name: string
  page: Page
  downloads: string
}

const LOOK_MS = 100
/** Of a phone, and of a desktop. */
const WIDTHS = [390, 1_280]
/** Of all bytes. */
const FILES = { 'film.bin': 0.7, 'music.bin': 0.2, 'left out.bin': 0.1 } as const
const REMOVED = 'left out.bin'
const ADDED = 'added later.bin'
const CHROMIUM_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns']

/** Resolves with what is not as it should be: nothing, when all is well. @throws when a step does not end in time */
export async function playShareScene({ url, directory, bytes, stepMs, say, pictures }: SceneOptions): Promise<string[]> {
  await using stack = new AsyncDisposableStack()
  const open = async (name: string, engine: 'chrome' | 'firefox'): Promise<Screen> => {
    const downloads = join(directory, name)
    await mkdir(downloads)
    const browser = stack.adopt(await openBrowser(engine, downloads, stepMs), (opened) => opened.close())
    const page = await browser.newPage()
    await prepare(page, stepMs)
    return { name, page, downloads }
  }
  const faults: string[] = []
  const sees = (screen: Screen, selector: string, words = '') =>
    waitUntil(
      async () => (await textOf(screen.page, selector))?.includes(words) === true,
      stepMs,
      `${screen.name} sees ${selector} ${words}`,
    )
  const files = await makeFiles(directory, bytes)

  const sharer = await open('sharer', 'chrome')
  await sharer.page.goto(`${url}/share`)
  await sharer.page.waitForSelector('[data-testid="page-file"]')
  const chosenAtMs = performance.now()
  await choose(
    sharer.page,
    Object.keys(FILES).map((name) => join(directory, name)),
  )
  await sharer.page.waitForSelector('[data-testid="qr"]')
  await sees(sharer, '[data-testid="share-code"]')
  say(
    `the link, its QR code and a code to say aloud are there, ${Math.round(performance.now() - chosenAtMs)} ms after the files were chosen`,
  )
  await sees(sharer, '[data-testid="entries-state"][data-reading="0"]')
  const link = await sharer.page.$eval('[data-testid="page-link"]', (field) => (field as HTMLInputElement).value)
  const stayer = await open('stays', 'chrome')
  const reloader = await open('is reloaded', 'firefox')
  const leaver = await open('leaves', 'chrome')
  for (const screen of [stayer, reloader, leaver]) {
    await screen.page.goto(link)
    await sees(screen, '[data-testid="share-state"][data-state="listed"]', 'Nothing comes to this device before you press Receive')
    await press(screen.page, 'receive')
    await sees(screen, '[data-testid="receive-progress"]')
    say(`${screen.name}: has pressed Receive`)
  }

  await sharer.page.click(`[aria-label="Remove ${REMOVED}"]`)
  await choose(sharer.page, [join(directory, ADDED)])
  for (const screen of [stayer, reloader]) await sees(screen, '[data-testid="entries"]', ADDED)
  say(`removed ${REMOVED}, added ${ADDED}: the receivers see it`)
  const shared = await partOf(leaver.page)
  await leaver.page.close({ runBeforeUnload: false })
  say(`leaves at ${percent(shared)}`)
  if (shared < 1) await sees(sharer, '[data-testid="receivers"] [data-state="left"]', 'has left before it had everything')
  await waitUntil(async () => (await partOf(reloader.page)) >= 0.5, stepMs, 'half of it')
  say(`reloaded at ${percent(await partOf(reloader.page))}`)
  if (pictures !== undefined) await takePictures([sharer, stayer, reloader], pictures, 'under-way')
  await reloader.page.evaluate('void setTimeout(() => location.reload())')
  await waitUntil(
    () => reloader.page.evaluate('!document.querySelector(\'[data-testid="receive-progress"]\')').then(Boolean, () => true),
    stepMs,
    'reload',
  )

  for (const screen of [stayer, reloader]) {
    await sees(screen, '[data-testid="receive"]', '1 of 3')
    await press(screen.page, 'receive')
    await sees(screen, '[data-testid="receive-progress"][data-complete="true"]', 'Everything is checked')
    await sees(screen, '[data-testid="share-state"]', 'You have what you took')
    say(`${screen.name}: has everything`)
  }
  await waitUntil(async () => (await sharer.page.$$('[data-testid="receivers"] [data-state="done"]')).length === 2, stepMs, 'two are done')
  await sees(sharer, '[data-testid="receivers-total"]', 'have everything')
  await sees(sharer, '[data-testid="share-close"]', 'Those who have left can go on only while it is open')
  if (pictures !== undefined) await takePictures([sharer, stayer, reloader], pictures, 'done')
  for (const [name, sum] of files) {
    for (const { name: who, downloads } of [stayer, reloader]) {
      const path = join(downloads, name)
      if (name === REMOVED) continue
      await waitUntil(() => existsSync(path), stepMs, `${path} is there`)
      if ((await sha256Of(path)) !== sum) faults.push(`${who}: ${name} has other bytes`)
    }
  }
  await press(sharer.page, 'share-end')
  for (const screen of [stayer, reloader])
    await sees(screen, '[data-testid="share-state"][data-state="ended"]', 'This share has ended. You have what you took.')
  await sees(sharer, '[data-testid="share-ended"]', 'This share has ended')
  return faults
}

/** Looks at a browser take their time: few are enough. */
async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  for (const endMs = performance.now() + timeoutMs; !(await condition()); await delay(LOOK_MS))
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
}

/** By name, the SHA-256 of each, in hex. */
async function makeFiles(directory: string, bytes: number): Promise<Map<string, string>> {
  const sums = new Map<string, string>()
  // Of different sizes, so that no two have the same bytes.
  for (const [i, [name, part]] of Object.entries({ ...FILES, [ADDED]: 0.05 }).entries()) {
    await writeSparse(join(directory, name), Math.round(bytes * part) + i)
    sums.set(name, await sha256Of(join(directory, name)))
  }
  return sums
}

function openBrowser(engine: 'chrome' | 'firefox', downloads: string, stepMs: number): Promise<Browser> {
  return launch({
    browser: engine,
    executablePath: (engine === 'firefox' ? findFirefox() : findChromium()) ?? '',
    args: engine === 'firefox' ? [] : CHROMIUM_FLAGS,
    ...(engine === 'chrome' && { downloadBehavior: { policy: 'allow', downloadPath: downloads } }),
    extraPrefsFirefox: {
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'browser.download.folderList': 2,
      'browser.download.dir': downloads,
      'browser.download.useDownloadDir': true,
    },
    timeout: stepMs,
    protocolTimeout: stepMs,
  })
}

/** Files are saved as downloads: nobody is there to choose a folder. */
async function prepare(page: Page, stepMs: number): Promise<void> {
  page.setDefaultTimeout(stepMs)
  page.on('dialog', (dialog) => void dialog.accept())
  await page.evaluateOnNewDocument('delete globalThis.showSaveFilePicker; delete globalThis.showDirectoryPicker')
}

async function choose(page: Page, paths: string[]): Promise<void> {
  const field = await page.waitForSelector('[data-testid="page-file"]')
  await (field as NonNullable<Awaited<ReturnType<typeof page.$<'input'>>>>).uploadFile(...paths)
}

const press = (page: Page, testId: string) => page.locator(`[data-testid="${testId}"]`).click()

/** Undefined while it is not there, or the page is being replaced. */
const textOf = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).innerText || ' ').catch(() => undefined)

const percent = (part: number) => `${Math.floor(100 * part)} %`

/** How much has come, of 1. */
async function partOf(page: Page): Promise<number> {
  const read = (element: Element) => Number(element.getAttribute('data-done')) / Number(element.getAttribute('data-total'))
  return page.$eval('[data-testid="receive-progress"]', read).catch(() => 0)
}

/** In light, and in dark where the driver of the browser can ask for it: that of Firefox cannot. */
async function takePictures(screens: readonly Screen[], directory: string, when: string): Promise<void> {
  for (const { name, page } of screens) {
    for (const scheme of ['dark', 'light']) {
      const isShown = await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]).then(
        () => true,
        () => scheme === 'light',
      )
      for (const width of isShown ? WIDTHS : []) {
        await page.setViewport({ width, height: 900 })
        const path = join(directory, `${when}-${name.replaceAll(' ', '-')}-${width}-${scheme}.png`)
        await page.screenshot({ path: path as `${string}.png`, fullPage: true })
      }
    }
  }
}
