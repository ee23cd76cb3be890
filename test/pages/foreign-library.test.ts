/** Pages of other origins, in a real Chromium, that import the library from a gateway: allowed, and refused in words. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { seesConnection } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { serveHtml } from '../helpers/html-site.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { operatingBlock } from '../helpers/operating-page.ts'
import { changed } from '../helpers/readme-code.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'

const WEB_NAME = 'app.example'
const chromium = useChromium({
  flags: [`--host-resolver-rules=MAP ${WEB_NAME} 127.0.0.1`],
})

/** The chat of browser/README.md, as it stands there. */
function chatOf(gateway: string): string {
  const [, html = ''] =
    /^```html\n(<!doctype html>\n.*?)^```$/ms.exec(readFileSync(new URL('../../browser/README.md', import.meta.url), 'utf8')) ?? []
  expect(html.trimEnd().split('\n').length).toBeLessThan(20)
  return changed(html, { 'https://pages.example': gateway })
}

/** The uncaught errors of a page. */
function errorsOf(page: Page): Error[] {
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  return errors
}

/** A page that holds a text by the library, with an import map, and shows its key. */
function holdingPage(importMap: unknown): string {
  return `<!doctype html><script type="importmap">${JSON.stringify(importMap)}</script><p></p><script type="module">
    import { createPeer, encodeKeyHex } from 'mayfly'
    const peer = await createPeer()
    await peer.start()
    await peer.joined()
    document.querySelector('p').textContent = encodeKeyHex((await peer.content.hold('of a page elsewhere')).key)
  </script>`
}

async function allowing(origin: string): Promise<string[]> {
  const path = join(await createTemporaryDirectory(), 'origins.json')
  writeFileSync(path, operatingBlock('origins.json', { 'https://app.example': origin }))
  return ['--config', path]
}

test('the chat of the manual, from an origin that the operator allows, and nothing is loaded that it does not use', async () => {
  const site = await serveHtml()
  const node = await startNodeProcess({ args: await allowing(site.origin) })
  site.html = chatOf(node.url)
  const [one, other] = [await chromium.newPage(), await chromium.newPage()]
  const loaded: string[] = []
  one.on('requestfinished', (request) => loaded.push(new URL(request.url()).pathname))
  await Promise.all([one.goto(site.origin), other.goto(site.origin)])
  // A tap hears what is posted while it listens.
  await waitFor(
    async () => {
      await one.locator('input').fill('hello')
      await one.locator('button').click()
      return (await other.getByText('hello').count()) > 0
    },
    60_000,
    'the other page hears it',
  )
  await other.locator('input').fill('hello yourself')
  await other.locator('button').click()
  await one.getByText('hello yourself').first().waitFor()
  expect(loaded).toContain('/lib/mayfly.js')
  expect(loaded.filter((path) => /\/(?:content|direct)-/.test(path))).toEqual([])
})

test('content, with the integrity of each file: held for others, and nothing runs that has another', async () => {
  const site = await serveHtml()
  const node = await startNodeProcess({ args: ['--allow-origin', site.origin] })
  const map = (await (await fetch(`${node.url}/lib/importmap.json`)).json()) as { integrity: Record<string, string> }
  site.html = holdingPage(map)
  const page = await chromium.newPage()
  await page.goto(site.origin)
  const shown = page.locator('p', { hasText: /^[0-9a-f]{64}$/ })
  await shown.waitFor()
  const answer = await fetch(`${node.url}/raw/${await shown.textContent()}?wait=30s`)
  expect([answer.status, await answer.text()]).toEqual([200, 'of a page elsewhere'])

  const later = Object.keys(map.integrity).find((url) => url.includes('/content-')) as string
  site.html = holdingPage({ ...map, integrity: { ...map.integrity, [later]: `sha384-${'A'.repeat(64)}` } })
  const errors = errorsOf(page)
  await page.goto(site.origin)
  await waitFor(() => errors.length > 0, 30_000, 'the wrong file is refused')
  expect(await page.locator('p').textContent()).toBe('')
})

test('people in a room meet and call each other, with nothing but the module', async () => {
  const site = await serveHtml()
  const node = await startNodeProcess({ args: ['--allow-origin', site.origin] })
  site.html = `<!doctype html><p></p><script type="module">
    import { createPeer } from '${node.url}/lib/mayfly.js'
    const { people, start } = await createPeer({ content: false, people: { account: { kind: 'guest' } } })
    await start()
    await people.connect()
    const room = await people.room('elsewhere', { password: 'three random words' })
    room.module('echo', (text) => 'Not ' + text)
    room.on('peerconnect', async ({ person }) => {
      for await (const answer of room.get(person.instance).message('echo', 'Friday'))
        document.querySelector('p').textContent = answer.value ?? answer.error.message
    })
  </script>`
  const [one, other] = [await chromium.newPage(), await chromium.newPage()]
  const errors = [errorsOf(one), errorsOf(other)]
  const loaded: string[] = []
  one.on('requestfinished', (request) => loaded.push(new URL(request.url()).pathname))
  await Promise.all([one.goto(site.origin), other.goto(site.origin)])
  for (const page of [one, other]) await page.getByText('Not Friday').waitFor()
  expect(errors).toEqual([[], []])
  expect(loaded.some((path) => path.startsWith('/lib/direct-'))).toBe(true) // WebRTC comes with the module
})

test('a page of an origin that the operator does not name is told so, and what would let it in', async () => {
  const site = await serveHtml()
  const node = await startNodeProcess({ args: ['--allow-origin', 'https://elsewhere.example'] })
  site.html = chatOf(node.url)
  const page = await chromium.newPage()
  const errors = errorsOf(page)
  await page.goto(site.origin)
  await waitFor(() => errors.length > 0, 20_000, 'the page is told') // it gives up after 30 s where nobody tells it
  expect(String(errors[0])).toContain(`mayfly start --allow-origin ${site.origin}`)
  const closed = await page.evaluate(
    (url) =>
      new Promise((resolve) => Object.assign(new WebSocket(url), { onopen: () => resolve('open'), onerror: () => resolve('refused') })),
    node.url.replace('http', 'ws'),
  )
  expect(closed).toBe('refused')
  // The app of the gateway itself is let in.
  await page.goto(node.url)
  await seesConnection(page, 'joined')
})

test('a page of the web does not get into a node of its reader’s own machine, unless that is asked to let it in', async () => {
  const site = await serveHtml()
  const web = `http://${WEB_NAME}:${site.port}`
  const [home, open] = [await startNodeProcess(), await startNodeProcess({ args: ['--allow-origin', web] })]
  site.html = chatOf(home.url)
  const page = await chromium.newPage()
  const errors = errorsOf(page)
  await page.goto(web)
  await waitFor(() => errors.length > 0, 20_000, 'the page is told')
  expect(String(errors[0])).toContain(`mayfly start --allow-origin ${web}`)
  site.html = chatOf(open.url)
  await page.goto(web)
  await waitFor(async () => page.evaluate(() => Boolean(document.querySelector('form')?.onsubmit)), 30_000, 'it has joined')
  expect(errors.length).toBe(1)
})
