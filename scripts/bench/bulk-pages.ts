/** Pages of a benchmark: built from TypeScript at their first request, served on loopback, each opened in a browser of its own. */

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { LIBRARY_CHUNKS } from '../../vite.module.config.ts'
import { findChromium } from '../chromium.ts'
import type { PageCalls } from './pages/bulk-page.ts'
import { familyOf } from './process-stat.ts'
import { mapParallel } from './wait.ts'

const ROOT = fileURLToPath(new URL('pages', import.meta.url))
/** Pages find each other by address: hidden behind names of the local network, they do not where nobody answers for such names. */
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns']

/** Tabs that are opened at once. */
const OPENING = 4

export interface BulkPage<C extends PageCalls> {
  /** Process ids of its browser. */
  processes(): number[]
  /** @throws what the function threw */
  call<Name extends keyof C & string>(name: Name, ...argument: Parameters<C[Name]>): Promise<Awaited<ReturnType<C[Name]>>>
}

/** The page of a module, served, to be opened in browsers. */
export interface BulkSite<C extends PageCalls> {
  /** Where the page is. @param link see `readPageLink` */
  addressOf(link?: object): string
  /** @throws when there is no Chromium */
  openBrowser(options?: BrowserOptions): Promise<BulkBrowser<C>>
}

export interface BulkBrowser<C extends PageCalls> {
  /** Process ids. */
  processes(): number[]
  /** Opens the page as somebody else than in the browser's other tabs. @param link see `readPageLink` */
  open(link?: object): Promise<BulkTab<C>>
}

export interface BulkTab<C extends PageCalls> extends Pick<BulkPage<C>, 'call'> {
  /** Opens it again by the same address. */
  reload(): Promise<void>
  /** Shows it, and hides the other tabs of its window. */
  show(): Promise<void>
  close(): Promise<void>
}

export interface BrowserOptions {
  /** A program that starts Chromium, with Chromium's arguments. */
  program?: string
  /** False for a browser with a window, which hides tabs as a person's browser does. */
  isHeadless?: boolean
  /** Runs in each page before its scripts. */
  prepare?(): void
}

/**
 * Opens the page of that module (a file of `pages/`) twice.
 *
 * @param files further ones that the pages may load, by path
 * @throws when there is no Chromium
 */
export async function openPages<C extends PageCalls>(
  module: string,
  stack: AsyncDisposableStack,
  files: ReadonlyMap<string, Uint8Array | string> = new Map(),
): Promise<[BulkPage<C>, BulkPage<C>]> {
  const site = await openSite<C>(module, stack, files)
  const open = async () => {
    const browser = await site.openBrowser()
    return { ...(await browser.open()), processes: browser.processes }
  }
  return [await open(), await open()]
}

/**
 * @param host the address of this machine at which browsers find it
 * @param gateway it is asked for the document of a share before the page is given, as if it had served the page itself
 */
export async function openSite<C extends PageCalls>(
  module: string,
  stack: AsyncDisposableStack,
  files: ReadonlyMap<string, Uint8Array | string> = new Map(),
  host: string = '127.0.0.1',
  gateway?: string,
): Promise<BulkSite<C>> {
  const url = await serve(new Map([...files, ...(await bundle(module))]), stack, host, gateway)
  const addressOf = (link?: { reference?: string }) =>
    `${url}${pathOf(link)}?${module}${link === undefined ? '' : `#${encodeURIComponent(JSON.stringify(link))}`}`
  return {
    addressOf,
    async openBrowser(options = {}) {
      const { browser, pid } = await launch(stack, url, options)
      return {
        processes: () => familyOf(pid),
        async open(link) {
          const context = await browser.newContext()
          if (options.prepare !== undefined) await context.addInitScript(options.prepare)
          const page = await context.newPage()
          const shown = await showPage<C>(page, addressOf(link))
          return {
            ...shown,
            reload: async () => void (await page.reload()),
            show: () => page.bringToFront(),
            close: () => context.close(),
          }
        },
      }
    },
  }
}

/**
 * Opens the page of that module so often, in tabs of one browser, as different people.
 *
 * @param prepare runs in each page before its script
 * @throws when there is no Chromium
 */
export async function openTabs<C extends PageCalls>(
  module: string,
  count: number,
  stack: AsyncDisposableStack,
  prepare: () => void,
): Promise<Pick<BulkPage<C>, 'call'>[]> {
  const url = await serve(await bundle(module), stack, '127.0.0.1')
  const { browser } = await launch(stack, url, {})
  const open = async () => {
    const context = await browser.newContext()
    await context.addInitScript(prepare)
    return showPage<C>(await context.newPage(), `${url}/?${module}`)
  }
  return mapParallel(Array.from({ length: count }), OPENING, open)
}

async function bundle(module: string): Promise<Map<string, Uint8Array | string>> {
  const built = (await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      rolldownOptions: {
        input: { page: `${ROOT}/${module}.ts` },
        output: { entryFileNames: '[name].js', codeSplitting: { groups: LIBRARY_CHUNKS } },
      },
    },
  })) as Rolldown.RolldownOutput
  const files = new Map(built.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
  const needed = built.output.flatMap((file) => (file.type === 'chunk' && file.isEntry ? file.imports : []))
  return files.set('/', documentOf(needed, await buildFirst(module)))
}

/** The script that stands in the document of that page: `x-first.ts` beside `x-page.ts`, where there is one. */
async function buildFirst(module: string): Promise<string | undefined> {
  const input = `${ROOT}/${module.replace(/-page$/, '-first')}.ts`
  if (!existsSync(input)) return undefined
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, target: 'es2023', modulePreload: false, rolldownOptions: { input, output: { format: 'iife' } } },
  })) as Rolldown.RolldownOutput
  return built.output[0].code
}

/** @param needed files that the script imports: announced as Vite announces them in the documents that it builds */
function documentOf(needed: readonly string[], first: string | undefined): string {
  const links = needed.map((file) => `<link rel="modulepreload" href="/${file}">`)
  const inline = first === undefined ? '' : `<script>${first}</script>`
  return `<!doctype html>${inline}<script type="module" src="/page.js"></script>${links.join('')}`
}

const SHARE_PATH = /^\/s\/[a-z2-7]{52}$/

/** That of a share, whose secret stays behind the number sign. */
function pathOf({ reference = '' }: { reference?: string } = {}): string {
  const [path = ''] = reference.split('#', 1)
  return SHARE_PATH.test(path) ? path : '/'
}

async function serve(
  files: ReadonlyMap<string, Uint8Array | string>,
  stack: AsyncDisposableStack,
  host: string,
  gateway?: string,
): Promise<string> {
  const server = createServer(async (incoming, response) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://localhost')
    const isShare = SHARE_PATH.test(pathname)
    if (isShare && gateway !== undefined) await askFor(`${gateway}${pathname}`, incoming.headers)
    const file = files.get(isShare ? '/' : pathname)
    const type = pathname === '/' || isShare ? 'text/html' : 'text/javascript'
    if (file !== undefined) response.writeHead(200, { 'content-type': type }).end(file)
    else response.writeHead(404).end()
  })
  server.listen(0, host)
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

/** The answer is read, and dropped. */
async function askFor(url: string, { host: _, ...headers }: IncomingHttpHeaders): Promise<void> {
  const [answer] = (await once(request(url, { headers }).end(), 'response')) as [IncomingMessage]
  await once(answer.resume(), 'end')
}

async function launch(stack: AsyncDisposableStack, url: string, { program, isHeadless = true }: BrowserOptions) {
  const executablePath = program ?? findChromium()
  if (executablePath === undefined) throw new Error('no Chromium on this machine')
  // A page by plain http has encryption only from this machine, or where it is said to be safe.
  const args = [...FLAGS, `--unsafely-treat-insecure-origin-as-secure=${url}`]
  const server = await chromium.launchServer({ executablePath, args, headless: isHeadless })
  stack.defer(() => server.close())
  return { browser: await chromium.connect(server.wsEndpoint()), pid: server.process().pid as number }
}

/**
 * Its script has run once it is loaded. Its functions are called by the browser's own protocol: the first call by Playwright would load all of
 * Playwright's code for pages into this one, in the middle of what is measured.
 */
async function showPage<C extends PageCalls>(page: Page, url: string): Promise<Pick<BulkPage<C>, 'call'>> {
  const devtools = await page.context().newCDPSession(page)
  await page.goto(url)
  return {
    async call(name, ...[argument]) {
      const { result, exceptionDetails } = await devtools.send('Runtime.evaluate', {
        expression: `window.benchCalls[${JSON.stringify(name)}](${JSON.stringify(argument) ?? ''})`,
        ...{ awaitPromise: true, returnByValue: true },
      })
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      return result.value as never
    },
  }
}
