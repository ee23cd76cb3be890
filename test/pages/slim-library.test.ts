/** The library without content in a real browser: the chat whose size `npm run bench -- bundle` tells. */

import { expect, it, onTestFinished } from 'vitest'
import { bundlePage } from '../../scripts/bench/bundled-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { startNodeProcess } from '../helpers/node-process.ts'
import { serveScript } from '../helpers/script-page.ts'

const CHAT = new URL('../../scripts/bench/pages/chat-page.ts', import.meta.url)
const chromium = useChromium()

it('two pages chat, and load nothing of content, people, sealing or kad-dht', async () => {
  const node = await startNodeProcess()
  const site = await serveScript(CHAT)
  onTestFinished(() => site[Symbol.asyncDispose]())
  const url = `${site.url}/?gateway=${encodeURIComponent(node.url)}`
  const [one, other] = [await chromium.newPage(), await chromium.newPage()]
  const loaded: string[] = []
  one.on('request', (request) => loaded.push(request.url()))
  await Promise.all([one, other].map((page) => page.goto(url)))
  for (const page of [one, other]) await page.locator('input').waitFor()
  await one.locator('input').fill('hello')
  await one.locator('button').click()
  await other.getByText(/^[a-z2-7]{8}: hello$/).waitFor()
  await other.locator('input').fill('hello yourself')
  await other.locator('button').click()
  await one.getByText(/^[a-z2-7]{8}: hello yourself$/).waitFor()
  expect(
    loaded.filter((name) =>
      /\/(?:content|people|people-defaults|account-records|sealing|direct|kad-dht|web-hpke|native-hpke)-[^/]*\.js$/.test(name),
    ),
  ).toEqual([])
})

it('is under 180 kB, gzip, in the chat', async () => {
  const { needed, packages } = await bundlePage(CHAT)
  expect(needed.gzip).toBeLessThan(180_000)
  const names = packages.map(([name]) => name)
  for (const name of ['@libp2p/kad-dht', '@libp2p/ping', '@libp2p/circuit-relay-v2', '@hpke/core']) expect(names).not.toContain(name)
})
