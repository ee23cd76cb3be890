/**
 * A page in any engine: Chromium as a person has it (with its back/forward cache), Firefox, WebKitGTK. One window of a profile of its own,
 * driven from outside by what each browser offers for that: no engine is patched.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Browser, launch, type Page } from 'puppeteer-core'
import { Builder, By, type WebDriver } from 'selenium-webdriver'
import { onTestFinished } from 'vitest'
import type { VisitState } from '../../browser/visit/types.ts'
import { findChromium } from '../../scripts/chromium.ts'
import { type EngineName, findFirefox, findMiniBrowser, missingFor } from '../../scripts/engines.ts'
import { freePort } from './free-port.ts'
import { waitFor } from './wait-for.ts'

export const ENGINES = ['firefox', 'webkit', 'chromium'] as const satisfies EngineName[]

/** How long a page may take to show something, in ms. */
const SEES_MS = 60_000
// Chromium and Firefox hide their local addresses behind mDNS names, which nobody answers where there is no multicast.
const CHROMIUM_FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns']
const FIREFOX_SETTINGS = { 'media.peerconnection.ice.obfuscate_host_addresses': false }

export interface EngineOptions {
  /** Turned off where false: in Firefox as its user does, in Chromium by taking the interface away. WebKitGTK has none. */
  hasWebRTC?: boolean
}

export interface EnginePage {
  goto(url: string): Promise<void>
  /** The value of a JavaScript expression in the page; of a promise, its result. */
  evaluate<T>(expression: string): Promise<T>
  click(selector: string): Promise<void>
  fill(selector: string, text: string): Promise<void>
  choose(selector: string, paths: string[]): Promise<void>
  /** The text in the frame with the content, or in another one. */
  contentText(frame?: string): Promise<string>
  reload(): Promise<void>
  back(): Promise<void>
  /** Closes its window, as its user would. */
  close(): Promise<void>
}

/** Opens a window of the engine; closed when the test ends. Skips the test, and says why, where the engine is not on this machine. */
export async function openEngine(
  engine: EngineName,
  context: { skip(note?: string): never },
  { hasWebRTC = true }: EngineOptions = {},
): Promise<EnginePage> {
  const missing = missingFor(engine)
  if (missing.length > 0) context.skip(`no ${engine} on this machine; on Debian, as root: apt-get install ${missing.join(' ')}`)
  return engine === 'webkit' ? openWebKit() : openByPuppeteer(engine, hasWebRTC)
}

/** Waits until the expression is true in the page. */
export async function sees(page: EnginePage, expression: string, timeoutMs = SEES_MS): Promise<void> {
  // A page that is being replaced can answer nothing.
  await waitFor(() => page.evaluate<boolean>(`Boolean(${expression})`).catch(() => false), timeoutMs, expression)
}

/** Opens the home page and waits until the tab is in the network. */
export async function openHome(page: EnginePage, url: string): Promise<void> {
  await page.goto(url)
  await sees(page, element('connection', 'data-state', 'joined'))
}

/** Makes a page of typed text. */
export async function makeText(page: EnginePage, text: string): Promise<void> {
  await page.fill('[data-testid="page-text"]', text)
  await pressMake(page)
}

/** Makes a page of files on disk: of several, a bundle. */
export async function makeFiles(page: EnginePage, paths: string[]): Promise<void> {
  await page.choose('[data-testid="page-file"]', paths)
  await sees(page, `document.querySelector('[data-testid="chosen-file"]')`)
  await pressMake(page)
}

export async function pressMake(page: EnginePage): Promise<void> {
  await page.click('[data-testid="make"]')
  await sees(page, `document.querySelector('[data-testid="page-link"]')`)
}

/** The link to the page that was made, at another gateway. */
export async function linkAt(page: EnginePage, origin: string): Promise<string> {
  const { pathname, search, hash } = new URL(await page.evaluate<string>(`document.querySelector('[data-testid="page-link"]').value`))
  return origin + pathname + search + hash
}

/** Waits until the frame with the content, or another one, has the text. */
export async function seesText(page: EnginePage, text: string, frame?: string): Promise<void> {
  const hasText = async () => (await page.contentText(frame).catch(() => '')).includes(text)
  await waitFor(hasText, SEES_MS, `the frame says: ${text}`)
}

export const hashIn = (page: EnginePage) => page.evaluate<string>('location.pathname.slice(1, 65)')
export const seesCount = (page: EnginePage, count: number) => sees(page, element('count', 'data-count', String(count)))
export const seesVisit = (page: EnginePage, state: VisitState) => sees(page, element('visit-status', 'data-state', state))

export const element = (testId: string, attribute: string, value: string) =>
  `document.querySelector('[data-testid="${testId}"][${attribute}="${value}"]')`

async function openByPuppeteer(engine: 'chromium' | 'firefox', hasWebRTC: boolean): Promise<EnginePage> {
  const browser: Browser = await launch({
    browser: engine === 'firefox' ? 'firefox' : 'chrome',
    executablePath: (engine === 'firefox' ? findFirefox() : findChromium()) ?? '',
    args: engine === 'firefox' ? [] : CHROMIUM_FLAGS,
    extraPrefsFirefox: { ...FIREFOX_SETTINGS, 'media.peerconnection.enabled': hasWebRTC },
    timeout: SEES_MS,
  })
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  if (!hasWebRTC && engine === 'chromium') await page.evaluateOnNewDocument('delete globalThis.RTCPeerConnection')
  return puppeteerPage(page)
}

function puppeteerPage(page: Page): EnginePage {
  page.setDefaultTimeout(SEES_MS)
  // Its user leaves, whatever the page asks.
  page.on('dialog', (dialog) => void dialog.accept())
  /** Puppeteer's own ways wait for ever in Firefox, where a page has asked its user whether to leave (puppeteer-core 25.16, Firefox 153). */
  async function leaveBy(step: string): Promise<void> {
    const before = await page.evaluate('performance.timeOrigin')
    await page.evaluate(`void setTimeout(() => ${step})`)
    const hasArrived = `performance.timeOrigin !== ${before} && document.readyState === 'complete'`
    await waitFor(() => page.evaluate(hasArrived).then(Boolean, () => false), SEES_MS, step)
  }
  return {
    goto: (url) => leaveBy(`location.assign(${JSON.stringify(url)})`),
    evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
    click: (selector) => page.locator(selector).click(),
    fill: (selector, text) => page.locator(selector).fill(text),
    async choose(selector, paths) {
      const input = await page.waitForSelector(selector)
      await (input as NonNullable<Awaited<ReturnType<typeof page.$<'input'>>>>).uploadFile(...paths)
    },
    async contentText(selector = '#content') {
      const text = await page.$(`section${selector}`)
      if (text !== null) return text.evaluate((element) => (element as HTMLElement).innerText)
      const frame = await (await page.$(selector))?.contentFrame()
      return (await frame?.evaluate(() => document.body?.innerText)) ?? ''
    },
    reload: () => leaveBy('location.reload()'),
    back: () => leaveBy('history.back()'),
    close: () => page.close({ runBeforeUnload: false }),
  }
}

async function openWebKit(): Promise<EnginePage> {
  const display = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp', '-screen', '0', '1280x1024x24'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  endWithTest(display)
  const [number] = (await once(display.stdio[3] as NodeJS.ReadableStream, 'data')) as [Buffer]
  const port = await freePort()
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: `:${String(number).trim()}`, NO_AT_BRIDGE: '1' },
  })
  endWithTest(driver)
  const server = `http://127.0.0.1:${port}`
  await waitFor(
    () =>
      fetch(`${server}/status`).then(
        (answer) => answer.ok,
        () => false,
      ),
    SEES_MS,
    'WebKitWebDriver',
  )
  const browserOptions = { binary: findMiniBrowser(), args: ['--automation'] }
  const session = await new Builder()
    .usingServer(server)
    .withCapabilities({ browserName: 'MiniBrowser', 'webkitgtk:browserOptions': browserOptions })
    .build()
  onTestFinished(() => session.quit().catch(() => {})) // a page that has closed its window has ended the session
  await session.manage().setTimeouts({ pageLoad: SEES_MS, script: SEES_MS, implicit: SEES_MS })
  return seleniumPage(session)
}

function seleniumPage(driver: WebDriver): EnginePage {
  const find = (selector: string) => driver.findElement(By.css(selector))
  return {
    goto: (url) => driver.get(url),
    evaluate: <T>(expression: string) => driver.executeScript<T>(`return (${expression})`),
    click: (selector) => find(selector).click(),
    async fill(selector, text) {
      // The driver's own clear() is no input event: an app that draws the field again in that moment would put the old text back.
      await driver.executeScript(
        `arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input', { bubbles: true }))`,
        find(selector),
      )
      await find(selector).sendKeys(text)
    },
    choose: (selector, paths) => find(selector).sendKeys(paths.join('\n')),
    async contentText(selector = '#content') {
      // Not found by the driver, which waits for an element that is not there as long as for one that is late.
      const text = await driver.executeScript<string | null>(`return document.querySelector('section${selector}')?.innerText ?? null`)
      if (text !== null) return text
      await driver.switchTo().frame(find(selector))
      try {
        return await driver.executeScript<string>('return document.body ? document.body.innerText : ""')
      } finally {
        await driver.switchTo().defaultContent()
      }
    },
    reload: () => driver.navigate().refresh(),
    back: () => driver.navigate().back(),
    close: () => driver.close(),
  }
}

function endWithTest(process: ChildProcess): void {
  const exited = once(process, 'exit')
  onTestFinished(async () => {
    process.kill()
    await exited
  })
}
