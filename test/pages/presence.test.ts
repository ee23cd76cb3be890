/** The main job, end to end: three node processes in a line, pages made and read in real Chromium tabs, and gone when the last one leaves. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { decodeKeyHex, encodeKeyCid } from '../../node/index.ts'
import { hashOf, makeFile, makeText, openHome, seesContent, seesCount, seesVisit } from '../helpers/app-page.ts'
import { launchChromium, useChromium } from '../helpers/chromium.ts'
import { getRaw, hashOf as sha256, untilStatus, watchCount } from '../helpers/gateway-client.ts'
import { runMayfly } from '../helpers/mayfly-process.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

/** A marker in every page made here, to search for in places where it must not be. */
const CANARY = 'canary-7f3a91'

const chromium = useChromium()
let a: NodeProcess
let b: NodeProcess
let c: NodeProcess
const urls = () => [a.url, b.url, c.url]

beforeAll(async () => {
  a = await startNodeProcess()
  b = await startNodeProcess({ join: [a.url] })
  c = await startNodeProcess({ join: [b.url] })
  await waitFor(
    async () => {
      const answers = await Promise.all(urls().map(async (url) => (await fetch(`${url}/api/v1/status`)).json()))
      return answers.every(({ counts }) => counts.servers === 2)
    },
    20_000,
    'each knows the other two',
  )
})
afterAll(() => Promise.all([a, b, c].map((node) => node?.kill('SIGKILL'))))

test.each<[string, Buffer]>([
  ['an emoji and CR LF', Buffer.from(`${CANARY} 🙂\r\nsecond line\r\n`)],
  ['nothing at all', Buffer.alloc(0)],
])('presence: a page of %s, made in a tab on A, is read through B by curl and through C by another tab', async (_, bytes) => {
  const author = await chromium.newPage()
  await openHome(author, a.url)
  expect(await makeFile(author, bytes, 'page.txt')).toBe(sha256(bytes))
  const hash = hashOf(author)
  const read = await runMayfly(['get', hash, '--join', b.url])
  expect(read).toMatchObject({ code: 0, stdout: bytes })
  expect(Buffer.from((await getRaw(b.url, hash)).bytes).equals(bytes)).toBe(true)
  const visitor = await chromium.newPage()
  await visitor.goto(`${c.url}/${hash}`)
  if (bytes.byteLength > 0) await seesContent(visitor, 'second line')
  await seesVisit(visitor, 'holding')
  await Promise.all([author, visitor].map((page) => seesCount(page, 2)))
})

test('presence: the author leaves and C’s tab still serves; C’s tab leaves and every gateway says 404 within a second, every watcher 0', async () => {
  const author = await chromium.newPage()
  await openHome(author, a.url)
  const hash = await makeText(author, `${CANARY} outlives its author`)
  const visitor = await chromium.newPage()
  await visitor.goto(`${c.url}/${hash}`)
  await seesVisit(visitor, 'holding')
  await seesCount(visitor, 2)
  await author.close()
  await seesCount(visitor, 1)
  for (const url of urls()) expect((await getRaw(url, hash)).status).toBe(200)

  const watches = await Promise.all(urls().map((url) => watchCount(url, hash)))
  onTestFinished(() => watches.forEach((watch) => void watch.stop()))
  await waitFor(() => watches.every(({ seen }) => seen.at(-1)?.count === 1), 5_000, 'every watcher sees 1')
  await visitor.close()
  expect(await untilStatus(urls(), hash, 404, 5_000)).toBeLessThan(1_000)
  expect(await waitFor(() => watches.every(({ seen }) => seen.at(-1)?.count === 0), 5_000, 'every watcher sees 0')).toBeLessThan(1_000)
  const answer = await fetch(`${b.url}/${hash}`, { headers: { accept: 'text/html', 'sec-fetch-dest': 'document' } })
  expect(answer.status).toBe(404)
  expect(await answer.text()).toMatch(/Nobody holds/)
})

test('presence: a browser killed by SIGKILL takes its pages with it within a second', async () => {
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await openHome(page, a.url)
  const hash = await makeText(page, `${CANARY} killed`)
  await untilStatus(urls(), hash, 200, 5_000)
  const watch = await watchCount(c.url, hash)
  onTestFinished(() => watch.stop())
  await waitFor(() => watch.seen.at(-1)?.count === 1, 5_000, 'the watcher sees 1')
  await killBrowser(browser)
  expect(await untilStatus(urls(), hash, 404, 5_000)).toBeLessThan(1_000)
  expect(await waitFor(() => watch.seen.at(-1)?.count === 0, 5_000, 'the watcher sees 0')).toBeLessThan(1_000)
})

test('presence: the count is right on tabs of three nodes within a second of each join and leave: 1, 2, 3, 2, 1', async () => {
  const pages: Page[] = []
  const see = async (count: number) => {
    await Promise.all(pages.map((page) => seesCount(page, count, 1_000)))
  }
  const first = await chromium.newPage()
  await openHome(first, a.url)
  const hash = await makeText(first, `${CANARY} counted`)
  pages.push(first)
  await see(1)
  for (const node of [b, c]) {
    const page = await chromium.newPage()
    await page.goto(`${node.url}/${hash}`)
    await seesVisit(page, 'holding')
    pages.push(page)
    await see(pages.length)
  }
  await pages.pop()?.close()
  await see(2)
  await pages.shift()?.close()
  await see(1)
})

test('presence: after a node restarts its tab holds again by itself, readable within 10 s', async () => {
  const node = await startNodeProcess({ join: [a.url] })
  const page = await chromium.newPage()
  await openHome(page, node.url)
  const hash = await makeText(page, `${CANARY} survives its node`)
  await untilStatus([a.url], hash, 200, 5_000)
  await node.kill('SIGKILL')
  const again = await startNodeProcess({ join: [a.url], port: node.port })
  expect(await untilStatus([again.url, a.url, c.url], hash, 200, 15_000)).toBeLessThan(10_000)
  await seesCount(page, 1)
})

test('presence: a tab whose home stays dead moves to another known node', async () => {
  const node = await startNodeProcess({ join: [a.url] })
  const page = await chromium.newPage()
  await openHome(page, node.url)
  const hash = await makeText(page, `${CANARY} moves house`)
  await untilStatus(urls(), hash, 200, 5_000)
  await node.kill('SIGKILL')
  // It may have been gone in between; it must be there now.
  await waitFor(async () => [a.id, b.id, c.id].includes((await homeOf(hash)) ?? ''), 15_000, 'another home')
  expect(await untilStatus(urls(), hash, 200, 10_000)).toBeLessThan(10_000)
  await seesCount(page, 1)
  // The link leads to the gateway of the node that it is with now, and is what "Copy" copies.
  const link = () => page.getByTestId('page-link').inputValue()
  const ports = urls().map((url) => new URL(url).port)
  await waitFor(async () => ports.includes(new URL(await link()).port), 10_000, 'a link to a gateway that is there')
  expect((await fetch(await link())).status).toBe(200)
})

test('presence: no byte of any page is under the data directories, or in a log', async () => {
  for (const node of [a, b, c]) {
    const files = await readdir(node.data, { recursive: true, withFileTypes: true })
    for (const file of files) {
      if (file.isFile()) expect((await readFile(join(file.parentPath, file.name))).includes(CANARY)).toBe(false)
    }
    expect(files.length).toBeGreaterThan(0)
    expect(JSON.stringify(node.log()).includes(CANARY)).toBe(false)
  }
})

/** The node that answers for the key, as B finds it. */
async function homeOf(hash: string): Promise<string | undefined> {
  const response = await fetch(`${b.url}/routing/v1/providers/${encodeKeyCid(decodeKeyHex(hash))}`, {
    headers: { accept: 'application/json' },
  })
  const { Providers: providers } = (await response.json()) as { Providers: { ID: string }[] | null }
  return providers?.[0]?.ID
}

async function killBrowser(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const main = processInfo.find(({ type }) => type === 'browser')
  if (main === undefined) throw new Error('no browser process')
  process.kill(main.id, 'SIGKILL')
}
