/** The app behind proxies: one that passes no websockets on, and one that does, over HTTP/2. */

import { expect, test } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { createSite, PROXIES } from '../helpers/documented-proxies.ts'
import { startNginx } from '../helpers/nginx.ts'
import { startNodeProcess } from '../helpers/node-process.ts'

const chromium = useChromium()

test('a tab behind nginx that drops the upgrade says so, and does not join an address of this machine by luck', async () => {
  const node = await startNodeProcess()
  const page = await chromium.newPage()
  await page.goto(await startNginx(node.port))
  const connection = page.locator('[data-testid="connection"][title*="a proxy in front of it has to pass websockets on"]')
  await connection.waitFor()
  expect(await connection.textContent()).toBe('Not connected: no websocket passes this gateway’s proxy, trying again…')
  expect(await connection.getAttribute('data-state')).toBe('joining')
  const proxy = await startNginx(
    node.port,
    'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
  )
  await page.goto(proxy)
  await page.locator('[data-testid="connection"][data-state="joined"]').waitFor()
})

test('a tab behind HAProxy, to which a browser opens its websockets over HTTP/2, joins', async () => {
  const site = await createSite()
  await startNodeProcess({ port: site.nodePort, args: ['--public-url', `https://localhost:${site.port}`, '--trust-proxy'] })
  await PROXIES.HAProxy(site)
  const page = await chromium.newPage({ ignoreHTTPSErrors: true })
  await page.goto(`https://localhost:${site.port}`)
  await page.locator('[data-testid="connection"][data-state="joined"]').waitFor()
})
