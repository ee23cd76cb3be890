/** A site of two hundred files, with odd names, in a real Chromium: every link works, and no link reaches the node's own pages. */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { ask } from '../helpers/gateway.ts'
import { spawnMayfly } from '../helpers/mayfly-process.ts'
import { useNodePair } from '../helpers/node-pair.ts'
import { pngBytes } from '../helpers/sample-files.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

const nodes = useNodePair()
const chromium = useChromium()

const FILES = 200
const PNG = pngBytes(7)
/** Names of the first pages; some look encoded. */
const ODD_NAMES = ['with space', 'emoji 🦟', 'ümlaut', '100%', 'a?b#c', "it's & <b>", '...', `${'n'.repeat(250)}`, '%2e%2e%2Fx', '%25']

const pathOf = (i: number) => `part ${i % 10}/${ODD_NAMES[i] ?? `page ${i}`}.html`
const encode = (path: string) => path.split('/').map(encodeURIComponent).join('/')

/** Each page has the site's style and image, and a link to the next one, all relative. */
function siteFiles(): Map<string, string | Uint8Array> {
  const files = new Map<string, string | Uint8Array>([
    ['style/site.css', 'p { color: rgb(1, 2, 3) } h1 { background: url("../images/dot 🔴.png") }'],
    ['images/dot 🔴.png', PNG],
  ])
  const pages = FILES - files.size - 1
  for (let i = 0; i < pages; i++) {
    const next = i + 1 < pages ? encode(pathOf(i + 1)) : 'index.html'
    const head = '<!doctype html><meta charset=utf-8><link rel=stylesheet href="../style/site.css">'
    files.set(pathOf(i), `${head}<h1>page</h1><p>page ${i}</p><img src="../images/dot%20%F0%9F%94%B4.png"><a href="../${next}">next</a>`)
  }
  files.set('index.html', `<!doctype html><meta charset=utf-8><a href="${encode(pathOf(0))}">first</a>`)
  return files
}

/** Holds the site behind the first node. Resolves with its hash. */
async function holdSite(): Promise<string> {
  const folder = await createTemporaryDirectory()
  for (const [path, bytes] of siteFiles()) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
  const holder = spawnMayfly(['hold', folder, '--json', '--join', nodes.near.url])
  const held = JSON.parse(await holder.stdout.waitFor((line) => line.includes('"url"'))) as { hash: string; files: number }
  expect(held.files).toBe(FILES)
  return held.hash
}

test('site: one walks by its own links through pages of every name, with styles and images; the other files are there too', async () => {
  const hash = await holdSite()
  const page = await chromium.newPage()
  await page.goto(`${nodes.far.url}/raw/${hash}/`)
  await page.getByRole('link', { name: 'first' }).click()
  for (let i = 0; i < ODD_NAMES.length; i++) {
    await page.getByText(`page ${i}`, { exact: true }).waitFor()
    expect(page.url()).toBe(`${nodes.far.url}/raw/${hash}/${encode(pathOf(i))}`)
    await page.waitForFunction(() => document.images[0]?.complete)
    const look = await page.evaluate(() => [
      getComputedStyle(document.querySelector('p') as Element).color,
      document.images[0]?.naturalWidth,
      origin,
    ])
    expect(look).toEqual(['rgb(1, 2, 3)', 7, 'null'])
    await page.getByRole('link', { name: 'next' }).click()
  }
  await page.getByText(`page ${ODD_NAMES.length}`, { exact: true }).waitFor()
  for (const [path, bytes] of siteFiles()) {
    const answer = await ask(nodes.far.port, `/${hash}/${encode(path)}`)
    expect([path, answer.status]).toEqual([path, 200])
    expect(answer.body.equals(Buffer.from(bytes))).toBe(true)
  }
})

test('site: no path leads out of it, in the browser’s form and as it is written', async () => {
  const hash = await holdSite()
  const outs = ['../package.json', '%2e%2e/%2e%2e/package.json', '..%2fpackage.json', '%2e%2e%5cpackage.json', '%252e%252e/x']
  for (const out of [...outs, 'package.json', 'node/cli/main.ts', 'etc/passwd', '/etc/passwd', `${'n'.repeat(256)}`]) {
    for (const path of [`/raw/${hash}/${out}`, `/${hash}/part%200/${out}`]) {
      const answer = await ask(nodes.far.port, path)
      expect([path, answer.status]).toEqual([path, expect.toSatisfy((status: number) => status === 400 || status === 404)])
      expect(answer.text).not.toMatch(/"dependencies"|root:|import /)
    }
  }
  for (const out of ['..', '../..', '../../index.html', 'a/../../%2e%2e/']) {
    expect((await ask(nodes.far.port, `/raw/${hash}/${out}`)).text).toContain('>first</a>')
  }
  // A browser resolves the dots before it sends the request, which then names another address, or none.
  const page = await chromium.newPage()
  for (const out of ['../../package.json', '%2e%2e/%2e%2e/package.json']) {
    const answer = await page.goto(`${nodes.far.url}/raw/${hash}/${out}`)
    expect(answer?.status()).toBeGreaterThanOrEqual(400)
  }
})
