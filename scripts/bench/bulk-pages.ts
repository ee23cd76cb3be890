/** Pages of a benchmark: built from TypeScript at their first request, served on loopback, each opened in a browser of its own. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'
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
  const url = await serve(new Map([...files, ...(await bundle(module))]), stack)
  const open = async () => openPage<C>(`${url}/?${module}`, stack)
  return [await open(), await open()]
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
  const url = await serve(await bundle(module), stack)
  const { browser } = await openBrowser(stack)
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
        output: { entryFileNames: '[name].js' },
      },
    },
  })) as Rolldown.RolldownOutput
  return new Map(built.output.map((file) => [`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source]))
}

async function serve(files: ReadonlyMap<string, Uint8Array | string>, stack: AsyncDisposableStack): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const file = files.get(pathname)
    if (file !== undefined) response.writeHead(200, { 'content-type': 'text/javascript' }).end(file)
    else if (pathname === '/')
      response.writeHead(200, { 'content-type': 'text/html' }).end('<script type="module" src="/page.js"></script>')
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function openBrowser(stack: AsyncDisposableStack) {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium on this machine')
  const server = await chromium.launchServer({ executablePath, args: FLAGS })
  stack.defer(() => server.close())
  return { browser: await chromium.connect(server.wsEndpoint()), pid: server.process().pid as number }
}

async function openPage<C extends PageCalls>(url: string, stack: AsyncDisposableStack): Promise<BulkPage<C>> {
  const { browser, pid } = await openBrowser(stack)
  return { processes: () => familyOf(pid), ...(await showPage<C>(await browser.newPage(), url)) }
}

async function showPage<C extends PageCalls>(page: Page, url: string): Promise<Pick<BulkPage<C>, 'call'>> {
  await page.goto(url)
  await page.waitForFunction(() => window.benchCalls !== undefined)
  return {
    call: (name, ...[argument]) =>
      page.evaluate(({ name, argument }) => window.benchCalls?.[name]?.(argument as never), { name, argument } as never) as never,
  }
}
