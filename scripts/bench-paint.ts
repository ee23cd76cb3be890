/**
 * From the opened link to the first paint of a page of 1,024 bytes, HTML and plain text, on a phone's profile: a small screen and, by the
 * browser's own emulation, a processor four times as slow. A tab holds the page, and its gateway has never seen it; beside it the same page from
 * a bare Node.js http server. Each reading is a first visit: a profile of its own, with nothing in its cache, and the link is opened from a page
 * of another site, as links are, so that the browser takes another process for it, whoever serves it. Visits alternate, and the middle one
 * counts. An HTML page itself tells when it was painted, so that no tool stops its frame to look into it; for a text, a script that the browser
 * adds to the document around it does.
 *
 *   npm run bench -- paint
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Devtools, startChromium } from './bench/devtools.ts'
import { startNode } from './bench/mayfly-network.ts'
import { type Bench, runBench } from './bench/report.ts'
import { ms, p50, p95, times } from './bench/samples.ts'
import { waitUntil } from './bench/wait.ts'
import { startWorker } from './bench/worker.ts'
import type { BareServerCalls } from './bench/workers/bare-server.ts'
import type { TabSwarmCalls } from './bench/workers/tab-swarm.ts'

const PAGE_BYTES = 1_024
const VISITS = 15
const SLOWDOWN = 4
/** The most that it may take, as a multiple of the bare server's. */
const BAR = 1.5
const PAINT_MS = 20_000
const WORDS = 'Flour, water, salt and time. '.repeat(PAGE_BYTES)
/** How long a page is read before its link is opened, in ms: the browser has a process ready by then. */
const READING_MS = 500

interface Reading {
  /** From the opened link to the first paint of the page's own text, in ms. */
  pageMs: number
  /** The same of the words around it, which mayfly adds. */
  wordsMs: number
}

async function measurePaint(bench: Bench): Promise<void> {
  const { stack } = bench
  const node = stack.use(await startNode())
  const tab = stack.use(await startWorker<TabSwarmCalls>(new URL('bench/workers/tab-swarm.ts', import.meta.url)))
  await tab.call('join', { count: 1, addresses: [node.address] })
  const bare = stack.use(await startWorker<BareServerCalls>(new URL('bench/workers/bare-server.ts', import.meta.url)))
  const browser = stack.use(await startChromium())
  const reports = await listen(stack)

  const readings: Record<'bare' | 'framed' | 'sharing' | 'mayfly', Reading[]> = { bare: [], framed: [], sharing: [], mayfly: [] }
  const texts: { bare: number[]; mayfly: number[] } = { bare: [], mayfly: [] }
  for (let visit = 0; visit <= VISITS; visit++) {
    const bytes = htmlPage(visit, reports.port)
    const heldUrl = await hold(bytes)
    const bareUrl = await serve(bytes, 'text/html; charset=utf-8')
    const [framed, sharing] = [await serveFrame(bareUrl, OWN_SANDBOX), await serveFrame(bareUrl, SHARED_SANDBOX)]
    const found = {
      bare: await visitOnce(browser, bareUrl, reports),
      framed: await visitOnce(browser, framed, reports),
      sharing: await visitOnce(browser, sharing, reports),
      mayfly: await visitOnce(browser, heldUrl, reports),
    }
    const text = encode(`Bread ${visit}. ${WORDS}`.slice(0, PAGE_BYTES))
    const [heldText, bareText] = [await hold(text), await serve(text, 'text/plain; charset=utf-8')]
    const foundText = { bare: await visitText(browser, bareText, reports), mayfly: await visitText(browser, heldText, reports) }
    if (visit === 0) continue // the first of each warms up the servers and the browser
    readings.bare.push(found.bare)
    readings.framed.push(found.framed)
    readings.sharing.push(found.sharing)
    readings.mayfly.push(found.mayfly)
    texts.bare.push(foundText.bare)
    texts.mayfly.push(foundText.mayfly)
    const html = `bare ${ms(found.bare.pageMs)}, in a frame ${ms(found.framed.pageMs)}, mayfly ${ms(found.mayfly.pageMs)}`
    bench.step(`visit ${visit}: ${html}; text: bare ${ms(foundText.bare)}, mayfly ${ms(foundText.mayfly)}`)
  }

  async function hold(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')
    await tab.call('hold', { tab: 0, bytes })
    await waitUntil(async () => (await holdersAt(node.url, hash)) === 1, PAINT_MS, 'the tab holds the page')
    return `${node.url}/${hash}`
  }

  async function serve(body: Uint8Array<ArrayBuffer>, type: string, headers: [string, string][] = []): Promise<string> {
    return `http://127.0.0.1:${await bare.call('start', { body, headers: [['content-type', type], ...headers] })}/`
  }

  function serveFrame(url: string, sandbox: string): Promise<string> {
    return serve(encode(frameOf(url, sandbox)), 'text/html; charset=utf-8', FRAME_HEADERS)
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
      row('the page, in a frame above two words, from bare http', readings.framed, 'pageMs'),
      row("the same, in a frame of the document's own process", readings.sharing, 'pageMs'),
      row('the page, in mayfly', readings.mayfly, 'pageMs'),
      row('the words around it, in mayfly', readings.mayfly, 'wordsMs'),
    ],
  )
  bench.table(
    `The same for a text of ${PAGE_BYTES} bytes`,
    ['what is painted', 'p50', 'p95', 'p50 of bare http'],
    [
      ['the text, from bare http', ms(p50(texts.bare)), ms(p95(texts.bare)), times(1)],
      ['the text, in mayfly', ms(p50(texts.mayfly)), ms(p95(texts.mayfly)), times(p50(texts.mayfly) / p50(texts.bare))],
    ],
  )
  const judge = (what: string, ratio: number) => bench.judge({ what, reading: ratio, as: times, atMost: BAR })
  judge('first paint of a page, of bare http', middle(readings.mayfly, 'pageMs') / bareMs)
  judge('first paint of a text, of bare http', p50(texts.mayfly) / p50(texts.bare))
}

/** Opens the link as a new visitor, in a profile of its own, from a page of another site. */
async function visitOnce(browser: Devtools, url: string, reports: Reports): Promise<Reading> {
  await using page = await browser.openPhone({ slowdown: SLOWDOWN })
  await page.open(reports.otherSite)
  await page.evaluate(paintedAt('first-contentful-paint'))
  await delay(READING_MS)
  const painted = reports.next()
  await page.open(url)
  const pageAtMs = await painted
  const [startedAtMs, firstAtMs, wordsAtMs] = await page.evaluate<[number, number, number]>(TIMES)
  // Nothing of a frame is on screen before the document around it has been painted.
  return { pageMs: Math.max(pageAtMs, firstAtMs) - startedAtMs, wordsMs: wordsAtMs - startedAtMs }
}

/** As `visitOnce`. @returns from the opened link to the first paint of the text, in ms */
async function visitText(browser: Devtools, url: string, reports: Reports): Promise<number> {
  await using page = await browser.openPhone({ slowdown: SLOWDOWN })
  await page.open(reports.otherSite)
  await page.evaluate(paintedAt('first-contentful-paint'))
  await delay(READING_MS)
  await page.addScript(reportText(reports.port))
  const painted = reports.next()
  await page.open(url)
  return await painted // the tab is closed when this returns
}

/** The largest thing on screen is the text: a browser's own `pre`, or mayfly's `section`. Reports the ms since the link was opened. */
function reportText(port: number): string {
  return `new PerformanceObserver((l) => l.getEntries().filter(({ element }) => ['pre', 'section'].includes(element?.localName)).map((p) => fetch('http://127.0.0.1:${port}/?at=' + p.startTime, { mode: 'no-cors' }))).observe({ type: 'largest-contentful-paint', buffered: true })`
}

/** Resolves with the time of a document's entry, in ms since the epoch. */
function paintedAt(entry: 'first-paint' | 'first-contentful-paint'): string {
  return `new Promise((r) => new PerformanceObserver((l) => l.getEntriesByName('${entry}').map((p) => r(performance.timeOrigin + p.startTime))).observe({ type: 'paint', buffered: true }))`
}

/** When the link was opened, when the first thing was painted, and when the first words were, in ms since the epoch. */
const TIMES = `Promise.all([performance.timeOrigin, ${paintedAt('first-paint')}, ${paintedAt('first-contentful-paint')}])`

interface Reports {
  readonly port: number
  /** A page that is neither the bare server's nor the gateway's. */
  readonly otherSite: string
  /** Resolves with the time that the next page reports. */
  next(): Promise<number>
}

async function listen(stack: AsyncDisposableStack): Promise<Reports> {
  let coming = Promise.withResolvers<number>()
  const server = createServer((request, response) => {
    const at = new URL(request.url ?? '/', 'http://localhost').searchParams.get('at')
    if (at !== null) coming.resolve(Number(at))
    response.setHeader('content-type', 'text/html').end('<!doctype html><p>Look at this: <a href="">a link</a>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    otherSite: `http://chat.localhost:${port}/`,
    next() {
      coming = Promise.withResolvers()
      const late = delay(PAINT_MS).then(() => {
        throw new Error(`The page was not painted within ${PAINT_MS} ms`)
      })
      return Promise.race([coming.promise, late])
    },
  }
}

/** A document with no more than a frame, sandboxed and isolated as mayfly's viewer is: nothing that shows a page in a frame takes less. */
const FRAME_HEADERS: [string, string][] = [['cross-origin-opener-policy', 'same-origin']]
const OWN_SANDBOX = 'allow-scripts allow-forms allow-popups'
/** No new process for the frame. Held pages never get it: browser/README.md says why. It is measured to tell what the process takes. */
const SHARED_SANDBOX = `${OWN_SANDBOX} allow-same-origin`

function frameOf(url: string, sandbox: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Bread</title><iframe sandbox="${sandbox}" src="${url}"></iframe><p>A page`
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

/** A page of words, as people write one, and the script by which it reports. */
function htmlPage(number: number, port: number): Uint8Array<ArrayBuffer> {
  const head = `<!doctype html><meta charset="utf-8"><title>Bread ${number}</title><style>body { font: 18px serif }</style>`
  const script = `<script>${paintedAt('first-contentful-paint')}.then((at) => fetch('http://127.0.0.1:${port}/?at=' + at, { mode: 'no-cors' }))</script>`
  return encode(`${head}${script}<h1>Bread</h1><p>${WORDS}`.slice(0, PAGE_BYTES))
}

async function holdersAt(url: string, hash: string): Promise<number> {
  const answer = await fetch(`${url}/api/v1/holders/${hash}`, { headers: { accept: 'application/json' } })
  return ((await answer.json()) as { holders: number }).holders
}

if (import.meta.main) await runBench('paint', measurePaint)
