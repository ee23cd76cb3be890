/**
 * A page of the web whose name is rebound to this machine once it is loaded: the browser then takes the visitor's own node for the page's
 * own server, and guards nothing. The node has to see by itself that it was asked under a name that is not its own.
 */

import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { useChromium } from '../helpers/chromium.ts'
import { useNode } from '../helpers/one-node.ts'
import { holdAt } from './hostile-content.ts'

const NAME = 'evil.example'
const node = useNode()
let doomed: string
beforeAll(async () => {
  doomed = await holdAt(node, 'held by the node itself')
})
const chromium = useChromium({ flags: [`--host-resolver-rules=MAP ${NAME} 127.0.0.1`] })

/** Requests a path of the page's own origin. Resolves with the status, or with the text of the answer. */
function askOwnServer(page: Page, hash: string) {
  return page.evaluate(async (held) => {
    const status = async (path: string, init?: RequestInit) => (await fetch(path, init)).status
    const facts = await (await fetch('/api/v1/status')).json()
    return {
      put: await status('/api/v1/content', { method: 'PUT', body: `planted at ${location.host}` }),
      putWithCredentials: await status('/api/v1/content', { method: 'PUT', body: 'planted', credentials: 'include' }),
      putWithToken: await status('/api/v1/content', { method: 'PUT', body: 'planted', headers: { authorization: 'Bearer guess' } }),
      delete: await status(`/api/v1/content/${held}`, { method: 'DELETE' }),
      metrics: await status('/metrics'),
      counts: 'counts' in facts || 'startedAtMs' in facts,
      joins: await new Promise((resolve) =>
        Object.assign(new WebSocket(location.origin.replace('http', 'ws')), { onopen: () => resolve(true), onerror: () => resolve(false) }),
      ),
    }
  }, hash)
}

test('rebinding: a page under a rebound name changes nothing on the node, and learns only public facts', async () => {
  const page = await chromium.newPage()
  // Stands in for the page that the attacker's server gave before the name was rebound: a document of that origin, without any policy.
  // A document from elsewhere would be stopped by this browser, which asks the visitor before a page may reach the local network.
  await page.goto(`http://${NAME}:${node.port}/healthz`)
  expect(await page.evaluate(() => self.origin)).toBe(`http://${NAME}:${node.port}`)
  expect(await askOwnServer(page, doomed)).toEqual({
    put: 403,
    putWithCredentials: 403,
    putWithToken: 403,
    delete: 403,
    metrics: 403,
    counts: false,
    joins: false,
  })
  expect((await fetch(`${node.url}/raw/${doomed}`)).status).toBe(200)
})

test('rebinding: a held page under a rebound name has no origin either', async () => {
  const hash = await holdAt(node, '<!doctype html><title>held</title><p>held')
  const page = await chromium.newPage()
  await page.goto(`http://${NAME}:${node.port}/raw/${hash}`)
  expect(await page.evaluate(() => self.origin)).toBe('null')
})

test('rebinding: the same requests of the app itself, under its own name, are granted', async () => {
  const page = await chromium.newPage()
  await page.goto(node.url)
  expect(await askOwnServer(page, doomed)).toEqual({
    put: 201,
    putWithCredentials: 201,
    putWithToken: 401,
    delete: 204,
    metrics: 200,
    counts: true,
    joins: true,
  })
})
