/** Held pages on a site of their own, in a real Chromium: the viewer shows them as before, and they are somewhere else than the app. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeKeyHex, encodeBundle, encodeKeyBase32, sha256 } from '../../node/index.ts'
import { seesContent, seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { freePort } from '../helpers/free-port.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { holdAt } from './hostile-content.ts'

const SITE = 'held.test'
const chromium = useChromium({ flags: [`--host-resolver-rules=MAP *.${SITE} 127.0.0.1`] })
let node: NodeProcess
let site: string
beforeAll(async () => {
  const port = await freePort()
  site = `${SITE}:${port}`
  node = await startNodeProcess({ port, args: ['--content-host', `http://${site}`] })
})
afterAll(() => node?.kill('SIGKILL'))

test('content host: the viewer shows a page from an origin that no other page has, and the page reaches nothing of the app', async () => {
  const hash = await holdAt(
    node,
    `<!doctype html><p id="at"><script>
      at.append('I am at ' + location.host + '. ')
      for (const path of ['${node.url}/api/v1/status', '/api/v1/status', '/']) fetch(path, { method: 'HEAD', mode: 'no-cors' })
      const feed = new EventSource('${node.url}/api/v1/holders/${'a'.repeat(64)}')
      feed.onopen = () => at.append('A feed is open. ')
      feed.onerror = () => at.append('No feed. ')
      try { new WebSocket('${node.url.replace('http', 'ws')}').onopen = () => at.append('A socket is open. ') } catch {}
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => at.append('No socket: ' + effectiveDirective + '. '))
    </script>`,
  )
  const page = await chromium.newPage()
  await page.goto(`${node.url}/${hash}`)
  await seesVisit(page, 'holding')
  await seesContent(page, `I am at ${encodeKeyBase32(decodeKeyHex(hash))}.${site}`)
  await seesContent(page, 'No feed.')
  await seesContent(page, 'No socket: connect-src.')
  expect(await page.frameLocator('#content').locator('body').innerText()).not.toContain('is open')
})

test('content host: a site of several files, and the list of a folder, are shown from there', async () => {
  const text = '<!doctype html><p>a file of the site'
  const bytes = new TextEncoder().encode(text)
  const key = await sha256(bytes)
  await holdAt(node, text)
  for (const [path, shown] of [
    ['index.html', 'a file of the site'],
    ['folder/only.html', 'only.html'],
  ] as const) {
    const inside = path.slice(0, path.lastIndexOf('/') + 1)
    const bundle = new Uint8Array(encodeBundle([{ path, size: bytes.byteLength, type: 'text/html', key }]))
    const hash = await holdAt(node, bundle)
    const page = await chromium.newPage()
    await page.goto(`${node.url}/${hash}/${inside}`)
    await seesContent(page, shown)
    expect(page.frames().some((frame) => frame.url().includes(`.${site}/raw/${hash}/`))).toBe(true)
  }
})
