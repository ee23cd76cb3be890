/** A real Chromium for the tests of one file: started once, a fresh context for each test, closed at the end. */

import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { findChromium } from '../../scripts/chromium.ts'

/** The browser connects to the tests' own nodes only. */
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']

/**
 * Features that are off: those that Playwright turns off, whose flag this one takes the place of, the two pages of the address bar, which no
 * test opens and Chromium 156 loads in each window, and the process that is started ahead for a site that may come next, which takes a tenth
 * of a test's processor time.
 */
export const DISABLED_FEATURES = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'msForceBrowserSignIn',
  'msEdgeUpdateLaunchServicesPreferredVersion',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'SpareRendererForSitePerProcess',
]

/** The app as nodes serve it, made by `scripts/setup.mjs`. */
const APP = new URL('../../browser/dist/index.html', import.meta.url)

/** How long a page may take to load, or a control to be there, in ms: Playwright's own 30 s have been too short on a slow machine. */
const TIMEOUT_MS = 60_000

export interface TestChromium {
  /** A profile of its own, as another person has; closed when the test ends. */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>
  /** One tab in a profile of its own. */
  newPage(options?: BrowserContextOptions): Promise<Page>
}

export interface ChromiumOptions {
  /** Further ones of its command line. */
  flags?: readonly string[]
  /** Features of Chromium to turn off. */
  without?: readonly string[]
  /** With the back/forward cache, which a person's browser has and Playwright turns off. */
  keepsPages?: boolean
}

/** @throws when there is no Chromium on this machine */
export function launchChromium({ flags = [], without = [], keepsPages = false }: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('No Chromium on this machine: `npm test` installs one, or set CHROMIUM_PATH')
  return chromium.launch({
    executablePath,
    args: [...FLAGS, `--disable-features=${[...DISABLED_FEATURES, ...without].join()}`, ...flags],
    ignoreDefaultArgs: keepsPages ? ['--disable-back-forward-cache'] : [],
  })
}

/** To be called once, at the top of a test file. */
export function useChromium(options?: ChromiumOptions): TestChromium {
  let browser: Browser
  beforeAll(async () => {
    if (!existsSync(APP)) throw new Error('The app is not built, and each page would wait for it: run `node scripts/setup.mjs` first')
    browser = await launchChromium(options)
  })
  afterAll(() => browser?.close())

  const newContext = async (options?: BrowserContextOptions) => {
    const context = await browser.newContext(options)
    context.setDefaultTimeout(TIMEOUT_MS)
    onTestFinished(() => context.close())
    return context
  }
  return { newContext, newPage: async (options) => (await newContext(options)).newPage() }
}
