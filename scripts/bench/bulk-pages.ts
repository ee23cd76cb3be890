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

const ROOT = fileURLToPath(new URL('pages', import.meta.url))
/** Pages find each other by address: hidden behind names of the local network, they do not where nobody answers for such names. */
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns']

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

async function openPage<C extends PageCalls>(url: string, stack: AsyncDisposableStack): Promise<BulkPage<C>> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium on this machine')
  const server = await chromium.launchServer({ executablePath, args: FLAGS })
  stack.defer(() => server.close())
  const browser = await chromium.connect(server.wsEndpoint())
  const page: Page = await browser.newPage()
  await page.goto(url)
  await page.waitForFunction(() => window.benchCalls !== undefined)
  const pid = server.process().pid as number
  return {
    processes: () => familyOf(pid),
    call: (name, ...[argument]) =>
      page.evaluate(({ name, argument }) => window.benchCalls?.[name]?.(argument as never), { name, argument } as never) as never,
  }
}
