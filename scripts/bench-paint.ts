/**
 * From the opened link to the first paint of a page of 1,024 bytes, on a phone's profile: a small screen and, by the browser's own emulation, a
 * processor four times as slow. A tab holds the page, and its gateway has never seen it; beside it the same page from a bare Node.js http
 * server. Each reading is a first visit: a profile of its own, with nothing in its cache. Visits alternate, and the middle one counts.
 *
 *   npm run bench -- paint
 */

import { type Browser, type Frame, launch } from 'puppeteer-core'
import { startNode } from './bench/mayfly-network.ts'
import { type Bench, runBench } from './bench/report.ts'
import { ms, p50, p95, times } from './bench/samples.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker } from './bench/worker.ts'
import type { BareServerCalls } from './bench/workers/bare-server.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'
import { findChromium } from './chromium.ts'

const PAGE_BYTES = 1_024
const VISITS = 15
const SLOWDOWN = 4
const PHONE = { width: 412, height: 915, deviceScaleFactor: 2.625, isMobile: true, hasTouch: true }
/** The most that it may take, as a multiple of the bare server's. */
const BAR = 1.5
const PAINT_MS = 20_000
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']

interface Reading {
  /** From the opened link to the first paint of the page's own text, in ms. */
  pageMs: number
  /** The same of anything at all. */
  anythingMs: number
}

async function measurePaint(bench: Bench): Promise<void> {
  const { stack } = bench
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error('no Chromium on this machine')
  const node = stack.use(await startNode())
  const tab = stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url)))
  await tab.call('join', { count: 1, addresses: [node.address] })
  const bare = stack.use(await startWorker<BareServerCalls>(new URL('bench/workers/bare-server.ts', import.meta.url)))
  const bareHeaders: [string, string][] = [['content-type', 'text/html; charset=utf-8']]
  const barePort = await bare.call('start', { body: htmlPage(0), headers: bareHeaders })
  const browser = await launch({ executablePath, args: FLAGS })
  stack.defer(() => browser.close())

  const readings: { bare: Reading[]; mayfly: Reading[] } = { bare: [], mayfly: [] }
  for (let visit = 0; visit <= VISITS; visit++) {
    const bytes = htmlPage(visit)
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
    await tab.call('hold', { tab: 0, bytes })
    await waitUntil(async () => (await holdersAt(node.url, hash)) === 1, PAINT_MS, 'the tab holds the page')
    const found = {
      bare: await visitOnce(browser, `http://127.0.0.1:${barePort}/`, isOutermost),
      mayfly: await visitOnce(browser, `${node.url}/${hash}`, (frame) => new URL(frame.url()).pathname === `/raw/${hash}`),
    }
    if (visit === 0) continue // the first of each warms up the servers and the browser
    readings.bare.push(found.bare)
    readings.mayfly.push(found.mayfly)
    bench.step(`visit ${visit}: bare ${ms(found.bare.pageMs)}, mayfly ${ms(found.mayfly.pageMs)}`)
  }

  const middle = (of: Reading[], what: keyof Reading) => p50(of.map((reading) => reading[what]))
  const bareMs = middle(readings.bare, 'pageMs')
  const row = (name: string, of: Reading[], what: keyof Reading) => {
    const all = of.map((reading) => reading[what])
    return [name, ms(p50(all)), ms(p95(all)), times(p50(all) / bareMs)]
  }
  bench.table(
    `First paint of a ${PAGE_BYTES}-byte page after its link is opened, ${VISITS} first visits, a processor ${SLOWDOWN} times as slow`,
    ['what is painted', 'p50', 'p95', 'p50 of bare http'],
    [
      row('the page, from bare http', readings.bare, 'pageMs'),
      row('the page, in mayfly', readings.mayfly, 'pageMs'),
      row('anything, in mayfly', readings.mayfly, 'anythingMs'),
    ],
  )
  const ratio = middle(readings.mayfly, 'pageMs') / bareMs
  bench.judge({ what: 'first paint of a page, of bare http', value: times(ratio), bar: `≤ ${times(BAR)}`, met: ratio <= BAR })
}

const isOutermost = (frame: Frame) => frame.parentFrame() === null

/** Opens the link as a new visitor, in a profile of its own. */
async function visitOnce(browser: Browser, url: string, isPage: (frame: Frame) => boolean): Promise<Reading> {
  const context = await browser.createBrowserContext()
  try {
    const page = await context.newPage()
    await page.setViewport(PHONE)
    await page.emulateCPUThrottling(SLOWDOWN)
    await page.goto(url, { waitUntil: 'domcontentloaded' })
    const frame = await page.waitForFrame(isPage, { timeout: PAINT_MS })
    const [startedAtMs, anythingAtMs] = await paintOf(page.mainFrame())
    const [, pageAtMs] = await paintOf(frame)
    return { pageMs: Math.max(pageAtMs, anythingAtMs) - startedAtMs, anythingMs: anythingAtMs - startedAtMs }
  } finally {
    await context.close()
  }
}

/** When the document was asked for, and when something of it was first painted, both in ms since the epoch. */
function paintOf(frame: Frame): Promise<[startedAtMs: number, paintedAtMs: number]> {
  return frame.evaluate(
    () =>
      new Promise<[number, number]>((resolve) => {
        new PerformanceObserver((list) => {
          for (const { startTime } of list.getEntriesByName('first-contentful-paint'))
            resolve([performance.timeOrigin, performance.timeOrigin + startTime])
        }).observe({ type: 'paint', buffered: true })
      }),
  )
}

/** A page of words, as people write one. */
function htmlPage(number: number): Uint8Array<ArrayBuffer> {
  const head = `<!doctype html><meta charset="utf-8"><title>Bread ${number}</title><style>body { font: 18px serif }</style><h1>Bread</h1><p>`
  const words = 'Flour, water, salt and time. '.repeat(PAGE_BYTES)
  return new TextEncoder().encode((head + words).slice(0, PAGE_BYTES))
}

async function holdersAt(url: string, hash: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/holders/${hash}`, { headers: { accept: 'application/json' } })
  return ((await answer.json()) as { holders: number }).holders
}

if (import.meta.main) await runBench('paint', measurePaint)
