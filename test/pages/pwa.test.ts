/** The app that a browser has stored: it opens without a network, meets a newer node, takes what other apps share, and connects again by itself. */

import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { listenForTrouble, makeText, seesConnection } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { ask } from '../helpers/gateway.ts'
import { makeNewerBuild, type ServedBuild, startServedBuild } from '../helpers/served-build.ts'

const chromium = useChromium()

async function serve(options: Parameters<typeof startServedBuild>[0] = {}): Promise<ServedBuild> {
  const node = await startServedBuild(options)
  onTestFinished(() => node.stop(), 30_000)
  return node
}

const seesApp = (page: Page, state: string) => page.locator(`[data-testid="app-note"][data-state="${state}"]`).waitFor({ timeout: 60_000 })

async function openApp(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/app/`)
  await seesConnection(page, 'joined')
  await seesApp(page, 'kept')
}

const isControlled = (page: Page) => page.evaluate(() => navigator.serviceWorker.controller !== null)

test('stored app: it can be installed, and its service worker is never in front of a page that a stranger wrote', async () => {
  const node = await serve()
  const page = await chromium.newPage()
  const trouble = listenForTrouble(page)
  await openApp(page, node.url)
  const devtools = await page.context().newCDPSession(page)
  const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors')
  expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(['in-incognito']) // a test's profile; in a person's there is none
  expect(await devtools.send('Page.getAppManifest')).toMatchObject({ url: `${node.url}/app/manifest.webmanifest`, errors: [] })
  expect(await isControlled(page)).toBe(true)

  const hash = await makeText(page, '<p>written by a stranger</p>')
  const refusals = await page.evaluate(async (script) => {
    const attempts = [
      ['/app/worker.js', '/'],
      ['/app/worker.js', '/app'],
      [script, undefined],
      ['/assets/none.js', undefined],
    ] as const
    return Promise.all(
      attempts.map(([url, scope]) => navigator.serviceWorker.register(url, scope ? { scope } : {}).then(String, ({ name }) => name)),
    )
  }, `/raw/${hash}?filename=worker.js`)
  expect(refusals).toEqual(['SecurityError', 'SecurityError', 'TypeError', 'TypeError'])
  for (const path of [`/${hash}`, '/', '/people', '/messages']) {
    const other = await page.context().newPage()
    await other.goto(node.url + path)
    expect(await isControlled(other), path).toBe(false)
    await other.close()
  }
  const scopes = await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope))
  expect(scopes).toEqual([`${node.url}/app/`])
  expect(trouble).toEqual([])
})

test('stored app: without a node it opens on each of its pages, says so, and goes on by itself when the node is back', async () => {
  const node = await serve()
  const page = await chromium.newPage()
  await openApp(page, node.url)
  await makeText(page, 'held over a reload')
  await page.getByRole('link', { name: 'mayfly' }).click()
  expect(new URL(page.url()).pathname).toBe('/app/')
  await node.stop()

  for (const [path, heading] of [
    ['/app/', 'A page that lives while somebody looks at it'],
    ['/app/messages', 'Messages'],
    ['/app/people', 'People'],
    ['/app/to/%23bakery', 'Messages'],
    ['/app/share', 'Share'],
    ['/app/boxes', 'Let others send you files'],
    ['/app/s', 'Receive'],
  ] as const) {
    await page.goto(node.url + path)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    expect(await page.getByTestId('connection').textContent()).toMatch(/Loading|Connecting|Not connected/)
  }
  await page.goto(`${node.url}/app/`)
  await page.getByTestId('not-connected').waitFor()
  expect(await page.getByTestId('stored').textContent()).toContain('1 page of this tab')
  await page.getByLabel('Your page').fill('written without a network')
  await page.getByTestId('make').click()
  await page.getByTestId('page-link').waitFor()

  await serve({ port: node.port })
  await seesConnection(page, 'joined')
  const hash = new URL(page.url()).pathname
  await expect.poll(async () => (await ask(node.port, `/raw${hash}`)).text, { timeout: 30_000 }).toBe('written without a network')
})

test('stored app: a node that hangs keeps nobody waiting for long', async () => {
  const node = await serve()
  const page = await chromium.newPage()
  await openApp(page, node.url)
  // It takes connections, and answers nothing.
  await node.stop()
  const { createServer } = await import('node:net')
  const silent = createServer(() => {}).listen(node.port, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await page.goto(`${node.url}/app/people`, { waitUntil: 'commit', timeout: 20_000 })
  await page.getByRole('heading', { level: 1, name: 'People' }).waitFor()
})

test('stored app: ?unregister removes it and nothing else', async () => {
  const node = await serve()
  const page = await chromium.newPage()
  await openApp(page, node.url)
  const databases = () => page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name).sort())
  const before = await databases()
  await page.goto(`${node.url}/messages?unregister`)
  await seesApp(page, 'removed')
  const left = await page.evaluate(async () => [await caches.keys(), (await navigator.serviceWorker.getRegistrations()).length])
  expect(left).toEqual([[], 0])
  expect(await databases()).toEqual(before)
  await openApp(page, node.url)
  await page.getByTestId('remove-app').click()
  await seesApp(page, 'removed')
})

test('stored app: an old app in an open tab works on when its node has a newer one, offers a reload, and loses nothing by it', async () => {
  const newer = makeNewerBuild()
  onTestFinished(newer.remove)
  const node = await serve()
  const page = await chromium.newPage()
  await openApp(page, node.url)
  const hash = await makeText(page, 'held by the old app')
  await page.getByRole('link', { name: 'mayfly' }).click()
  await page.getByLabel('Your page').fill('a draft')
  await node.stop()
  const next = await serve({ port: node.port, assetsDir: newer.directory })
  await page.getByTestId('newer-app').waitFor({ timeout: 60_000 })
  expect(await page.getByTestId('newer-app').textContent()).toContain('What you hold and what you have written stays.')

  // Another tab stores the newer app. The old one still loads parts that its node no longer has.
  const other = await page.context().newPage()
  await openApp(other, node.url)
  expect(await other.evaluate(() => document.documentElement.dataset.build)).toBe(next.build)
  await expect.poll(() => other.evaluate(() => caches.keys()), { timeout: 60_000 }).toHaveLength(2)
  await page.getByRole('link', { name: 'People' }).click()
  await page.getByTestId('make-account').waitFor()

  await page.getByRole('link', { name: 'mayfly' }).click()
  await page.getByTestId('reload-app').click()
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset.build).catch(() => ''), { timeout: 30_000 }).toBe(next.build)
  await seesConnection(page, 'joined')
  expect(await page.getByLabel('Your page').inputValue()).toBe('a draft')
  await page.locator(`[data-testid="held"] [data-hash="${hash}"]`).waitFor()
  expect(await page.getByTestId('newer-app').count()).toBe(0)
})

test('stored app: what another app shares waits on the Share page, and is shared only when the person says so', async () => {
  const node = await serve()
  const page = await chromium.newPage()
  await openApp(page, node.url)
  await page.evaluate(() => {
    const form = Object.assign(document.createElement('form'), { action: '/app/share', method: 'post', enctype: 'multipart/form-data' })
    const files = new DataTransfer()
    files.items.add(new File(['from a camera'], 'photo 1.txt', { type: 'text/plain' }))
    const [file, text] = [document.createElement('input'), document.createElement('input')]
    Object.assign(file, { type: 'file', name: 'files', files: files.files })
    Object.assign(text, { name: 'url', value: 'https://a.example/' })
    form.append(file, text)
    document.body.append(form)
    form.submit()
  })
  await page.getByTestId('given').waitFor()
  expect(new URL(page.url()).pathname).toBe('/app/share')
  expect(await page.getByTestId('given').textContent()).toContain('photo 1.txt')
  expect(await page.getByTestId('share-rules').count()).toBe(0)
  await page.reload()
  await page.getByTestId('share-given').click()
  await page.getByTestId('share-rules').waitFor()
  await page.getByTestId('entries').getByText('photo 1.txt').waitFor()
  await expect.poll(() => page.getByTestId('given').count(), { timeout: 30_000 }).toBe(0)
})
