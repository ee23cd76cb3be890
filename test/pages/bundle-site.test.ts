/** A site in a bundle, in a real browser: its own styles and scripts work in the sandbox, and cannot be loaded by the app's origin. */

import { expect, onTestFinished, test } from 'vitest'
import { type BundleEntry, encodeBundle, encodeKeyHex } from '../../node/index.ts'
import { launchChromium } from '../helpers/chromium.ts'
import { createTestGateway } from '../helpers/gateway.ts'
import { createNetwork, type TestNode } from '../helpers/network.ts'

test('a site’s style and script work under /raw/<hash>/, and neither loads into a page of our own origin', async () => {
  const { nodes } = await createNetwork({ nodes: 1 })
  const { peer } = nodes[0] as TestNode
  const entries: BundleEntry[] = []
  for (const [path, text] of [
    ['index.html', '<!doctype html><link rel=stylesheet href="css/a.css"><p>?</p><script src="js/a.js"></script>'],
    ['css/a.css', 'p { color: rgb(1, 2, 3) }'],
    ['js/a.js', 'document.querySelector("p").textContent = "the script ran"'],
  ] as const) {
    const { key, size } = await peer.content.hold(new TextEncoder().encode(text))
    entries.push({ path, size, type: '', key })
  }
  const hash = encodeKeyHex((await peer.content.hold(encodeBundle(entries))).key)
  const gateway = await createTestGateway(peer)
  const browser = await launchChromium()
  onTestFinished(() => browser.close())
  const page = await browser.newPage()
  await page.goto(`${gateway.url}/raw/${hash}/`)
  await page.getByText('the script ran').waitFor()
  expect(await page.evaluate(() => [getComputedStyle(document.querySelector('p') as Element).color, location.origin, origin])).toEqual([
    'rgb(1, 2, 3)',
    gateway.url,
    'null',
  ])
  await page.goto(`${gateway.url}/${hash}`)
  await page.frameLocator('#content').getByText('the script ran').waitFor()
  await page.goto(`${gateway.url}/healthz`)
  const types = await page.evaluate(
    (paths) => Promise.all(paths.map(async (path) => (await fetch(path)).headers.get('content-type'))),
    [`/raw/${hash}/js/a.js`, `/raw/${hash}/css/a.css`],
  )
  expect(types).toEqual(['text/plain; charset=utf-8', 'text/plain; charset=utf-8'])
})
