/**
 * A hostile page in the frame that it was given: it navigates, takes all it can get, connects by itself, and asks for the app's
 * permissions. And the frame in which it can do nothing at all: the author's preview.
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium as playwright } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { PeerStatus } from '../../node/index.ts'
import { findChromium } from '../../scripts/chromium.ts'
import { openHome, seesConnection, seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { type Collector, startCollector } from './collector.ts'
import { createHostileContent, holdAt, pressGo } from './hostile-content.ts'
import type { Probe } from './probe.ts'
import { PROMPT_PROBES } from './prompt-probes.ts'

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

test.each([
  ['the home page, by meta refresh', '<meta http-equiv="refresh" content="0;url=/">'],
  ['the home page, by script', '<script>location = "/"</script>'],
  // Only held content appears in the viewer: content of another address is verified by no one.
  ["the attacker's server", '<script>location = "COLLECTOR/landed/frame/elsewhere"</script>'],
  ['a data URL', '<script>location = "data:text/html,<script>location=`COLLECTOR/landed/frame/data`<\\/script>"</script>'],
])('own frame: a page that goes to %s ends in nothing, and the viewer goes on', async (_, body) => {
  const hash = await holdAt(node, `<!doctype html><title>moving</title>${body.replaceAll('COLLECTOR', collector.url)}`)
  const page = await chromium.newPage()
  await page.goto(`${node.url}/${hash}`)
  const isRefused = () => page.frames().some((frame) => frame.url().startsWith('chrome-error:'))
  await waitFor(isRefused, 40_000, () => `the frame is at ${page.frames()[1]?.url()}`)
  await seesVisit(page, 'holding')
  expect(page.url()).toBe(`${node.url}/${hash}`)
  expect(collector.landed('frame')).toEqual([])
})

test('own frame: a page that never stops computing and takes every connection does not hold up the app around it', async () => {
  const greed = `
    for (let i = 0; i < 50; i++) new EventSource('/api/v1/holders/${'0'.repeat(64)}?' + i)
    for (let i = 0; i < 50; i++) fetch('/raw/${'0'.repeat(64)}?wait=30s&' + i)
    for (let i = 0; i < 50; i++) new WebSocket('ws://' + location.host)
    setTimeout(() => { for (;;); }, 300)`
  const hash = await holdAt(node, `<!doctype html><title>greedy</title><button id="go" onclick="disabled = true; ${greed}">Go</button>`)
  const page = await chromium.newPage()
  await page.goto(`${node.url}/${hash}`)
  await seesVisit(page, 'holding')
  await pressGo(page.frameLocator('#content'))
  const other = await chromium.newPage()
  // Both the tab around it and another person's answer while it goes on.
  const answers = await Promise.all([
    page.evaluate(async () => (await fetch('/api/v1/status', { signal: AbortSignal.timeout(5_000) })).status),
    openHome(other, node.url).then(() => 'joined'),
  ])
  expect(answers).toEqual([200, 'joined'])
  await page.getByTestId('stop').click()
  await seesVisit(page, 'stopped')
})

test('own frame: a page opens no websocket, to the overlay of its own gateway neither', async () => {
  const connect: Probe = {
    name: 'overlay',
    attempt: ({ gateway }) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(gateway.replace('http', 'ws'))
        socket.onopen = () => resolve('connected')
        socket.onerror = () => reject('refused')
      }),
  }
  const content = await createHostileContent(node, collector.url)
  const page = await chromium.newPage()
  await page.goto(`${node.url}/${await content.hold('overlay', [connect])}`)
  await seesConnection(page, 'joined')
  await waitFor(async () => (await countsOf(node)).tabs === 1, 40_000, 'only this tab is at the node')
  await pressGo(page.frameLocator('#content'))
  const [report] = await collector.waitForReports('overlay', [connect.name], 10_000)
  expect(report?.got).toBeNull()
  expect(await countsOf(node)).toEqual({ connections: 1, tabs: 1 })
})

test('own frame: a permission that the visitor has granted to the app is not granted to a held page, nor may it ask', async () => {
  // In the settings of a profile, as a visitor leaves them there: what tests grant otherwise holds for all frames of a page.
  const profile = await createTemporaryDirectory()
  const allowed = { [`${node.url},*`]: { setting: 1, last_modified: '13300000000000000' } }
  const names = ['notifications', 'geolocation', 'media_stream_camera', 'media_stream_mic', 'clipboard']
  const exceptions = Object.fromEntries(names.map((name) => [name, allowed]))
  await mkdir(join(profile, 'Default'))
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { content_settings: { exceptions } } }))
  const executablePath = findChromium() ?? ''
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--use-fake-device-for-media-stream']
  const context = await playwright.launchPersistentContext(profile, { executablePath, args })
  onTestFinished(() => context.close())

  const content = await createHostileContent(node, collector.url)
  const page = await context.newPage()
  await page.goto(`${node.url}/${await content.hold('allowed', PROMPT_PROBES)}`)
  await seesVisit(page, 'holding')
  const ownStates = await page.evaluate(() =>
    Promise.all(
      ['notifications', 'geolocation', 'camera', 'microphone', 'clipboard-read'].map(
        async (name) => (await navigator.permissions.query({ name: name as PermissionName })).state,
      ),
    ),
  )
  expect(ownStates).toEqual(ownStates.map(() => 'granted'))
  await pressGo(page.frameLocator('#content'))
  const reports = await collector.waitForReports(
    'allowed',
    PROMPT_PROBES.map(({ name }) => name),
    20_000,
  )
  expect(reports.filter(({ got }) => got !== null)).toEqual([])
})

test('preview: written HTML runs nothing, loads no document and leads nowhere', async () => {
  const landing = (name: string) => `${collector.url}/landed/preview/${name}`
  const draft = `<!doctype html><title>draft</title><p id="proof">untouched</p>
    <script>fetch('${landing('script')}')</script>
    <svg onload="fetch('${landing('handler')}')"></svg><img src="x:" onerror="fetch('${landing('error')}')">
    <meta http-equiv="refresh" content="0;url=${landing('refresh')}"><base href="${landing('base')}/" target="_top">
    <iframe src="${landing('iframe')}"></iframe><iframe srcdoc="<script>fetch('${landing('srcdoc')}')</script>"></iframe>
    <object data="${landing('object')}"></object><embed src="${landing('embed')}">
    <a id="link" href="${landing('link')}">link</a> <a id="script" href="javascript:fetch('${landing('address')}')">script</a>
    <a id="ping" href="#" ping="${landing('ping')}">ping</a>
    <form action="${landing('form')}"><button id="send">send</button></form>
    <img src="${landing('image')}">`
  const page = await chromium.newPage()
  await openHome(page, node.url)
  await page.getByLabel('Your page').fill(draft)
  const preview = page.getByTestId('preview').locator('iframe').contentFrame()
  for (const id of ['link', 'script', 'ping', 'send']) await preview.locator(`#${id}`).click()
  // A picture is the one thing that is fetched, and it comes last.
  await waitFor(() => collector.landed('preview').includes('image'), 40_000, 'the picture is fetched')
  await preview.locator('#proof').click()
  expect(collector.landed('preview')).toEqual(['image'])
  expect(await preview.locator('#proof').textContent()).toBe('untouched')
  expect(page.url()).toBe(`${node.url}/`)
})

/** Peers that are in the overlay through a node, by its own count. */
async function countsOf(at: NodeProcess): Promise<Pick<PeerStatus['counts'], 'connections' | 'tabs'>> {
  const { counts } = (await (await fetch(`${at.url}/api/v1/status`)).json()) as PeerStatus
  return { connections: counts.connections, tabs: counts.tabs }
}
