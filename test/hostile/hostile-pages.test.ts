/**
 * A held page with a harmful author, in a real Chromium, in every way that a visitor comes to see it: it reaches nothing of
 * the app's, of the node's, or of another page's. The same probes run where nothing guards the app, and there they reach it all.
 */

import type { FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seesVisit } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'
import { API_PROBES } from './api-probes.ts'
import { type Collector, startCollector } from './collector.ts'
import { createHostileContent, type HostileContent, holdAt, pressGo } from './hostile-content.ts'
import { CLOSING_PROBES, NAVIGATION_PROBES, OPENER_NAVIGATION_PROBES } from './navigation-probes.ts'
import type { Probe } from './probe.ts'
import { DOWNLOAD_PROBES, PROMPT_PROBES } from './prompt-probes.ts'
import { SCRIPT_PROBES } from './script-probes.ts'
import { STORAGE_PROBES } from './storage-probes.ts'
import { createSurroundings, type Surroundings } from './surroundings.ts'
import { startUnguardedGateway, type UnguardedGateway } from './unguarded-gateway.ts'
import { OPENER_PROBES, WINDOW_PROBES } from './window-probes.ts'

/** Those that a page can try wherever it is. */
const PROBES = [...STORAGE_PROBES, ...SCRIPT_PROBES, ...API_PROBES, ...WINDOW_PROBES, ...PROMPT_PROBES, ...DOWNLOAD_PROBES]
/** Granted where nothing guards the app. A permission granted so holds for all frames of a page, unlike one that a visitor grants. */
const PERMISSIONS = ['geolocation', 'notifications', 'camera', 'microphone', 'clipboard-read', 'clipboard-write']
/** Signs of harm done to a page from another window, which the probes of windows judge by themselves. */
const UNTOUCHED = ['sessionStorage', 'caches', 'name', 'address', 'owned', 'otherDocument']
const REPORTS_MS = 20_000
const MOVES_MS = 20_000

const namesOf = (probes: readonly Probe[]) => probes.map(({ name }) => name)

let node: NodeProcess
let unguarded: UnguardedGateway
let collector: Collector
let content: HostileContent
beforeAll(async () => {
  node = await startNodeProcess()
  collector = await startCollector()
  content = await createHostileContent(node, collector.url)
  const types = { [content.facts.script]: 'text/javascript', [content.facts.style]: 'text/css' }
  unguarded = await startUnguardedGateway({ port: node.port, types })
})
afterAll(async () => {
  await Promise.all([node?.kill('SIGKILL'), unguarded?.stop(), collector?.stop()])
})
const chromium = useChromium({ flags: ['--use-fake-device-for-media-stream'] })

async function createVisitor(gateway = node.url): Promise<Surroundings> {
  const context = await chromium.newContext()
  return createSurroundings({ context, node, gateway, victim: content.facts.victim })
}

/** Clicks the hostile page's button, waits until each probe has ended, and returns their reports. */
async function catchesOf(place: Page | FrameLocator, scene: string, probes: readonly Probe[]): Promise<string[]> {
  await pressGo(place)
  const reports = await collector.waitForReports(scene, namesOf(probes), REPORTS_MS)
  return reports.filter(({ got }) => got !== null).map(({ probe, got }) => `${probe}: ${got}`)
}

/** A page that shows the hostile page beside somebody else's. */
function stageOf(hash: string, gateway = ''): string {
  const frame = (path: string) => `<iframe src="${gateway}${path}"></iframe>`
  return `<!doctype html><title>stage</title><p>stage</p>${frame(`/raw/${content.facts.victim}`)}${frame(`/${hash}`)}`
}

const hostileFrame = (stage: Page) => stage.frameLocator('iframe').nth(1)
const bodyOf = (page: Page) => page.evaluate(() => document.body.innerHTML)

describe('hostile page', () => {
  test('in the viewer: reaches nothing, and the viewer goes on', async () => {
    const visitor = await createVisitor()
    const probes = [...PROBES, ...NAVIGATION_PROBES]
    const hash = await content.hold('viewer', probes)
    const page = await visitor.context.newPage()
    await page.goto(`${node.url}/healthz`) // a place to be brought back to
    await page.goto(`${node.url}/${hash}`)
    await seesVisit(page, 'holding')
    await page.evaluate(() => sessionStorage.setItem('canary', 'secret'))
    const before = await visitor.lookAround()
    expect(await catchesOf(page.frameLocator('#content'), 'viewer', probes)).toEqual([])
    expect(await visitor.lookAround()).toEqual(before)
    expect(collector.landed('viewer')).toEqual([])
    expect(page.url()).toBe(`${node.url}/${hash}`)
    await seesVisit(page, 'holding')
    expect(await page.evaluate(() => [sessionStorage.getItem('canary'), document.body.dataset.owned])).toEqual(['secret', undefined])
  })

  test('in the viewer, in a window that scripts may close: cannot close it', async () => {
    const { newPage } = await visitorOf(node.url)
    const page = await openFrom(await newPage('/'), `/${await content.hold('closing', CLOSING_PROBES)}`)
    await seesVisit(page, 'holding')
    await catchesOf(page.frameLocator('#content'), 'closing', CLOSING_PROBES)
    await seesVisit(page, 'holding')
  })

  test('opened alone from the viewer: reaches nothing', async () => {
    const visitor = await createVisitor()
    const probes = [...PROBES, ...OPENER_PROBES]
    const hash = await content.hold('alone', probes)
    const viewer = await visitor.context.newPage()
    await viewer.goto(`${node.url}/${hash}`)
    await seesVisit(viewer, 'holding')
    const [page] = await Promise.all([viewer.waitForEvent('popup'), viewer.getByRole('link', { name: 'Open in a new tab' }).click()])
    const before = await visitor.lookAround()
    expect(await catchesOf(page, 'alone', probes)).toEqual([])
    expect(await visitor.lookAround()).toEqual(before)
    await seesVisit(viewer, 'holding')
  })

  test('framed by a page of another site, at its short address, beside another page: reaches neither', async () => {
    const visitor = await createVisitor()
    const probes = [...PROBES, ...NAVIGATION_PROBES]
    const hash = await content.hold('stage', probes)
    const address = collector.serve('/stage', stageOf(hash, node.url))
    const page = await visitor.context.newPage()
    await page.goto(`${node.url}/healthz`)
    await page.goto(address)
    const before = [await visitor.lookAround(), await bodyOf(page)]
    expect(await catchesOf(hostileFrame(page), 'stage', probes)).toEqual([])
    expect([await visitor.lookAround(), await bodyOf(page)]).toEqual(before)
    expect(collector.landed('stage')).toEqual([])
    expect(page.url()).toBe(address)
    expect(await page.frameLocator('iframe').first().locator('body').textContent()).toContain("somebody else's page")
  })

  test('opened by another held page that keeps a handle of it: reaches nothing of that page', async () => {
    const visitor = await createVisitor()
    const probes = [...PROBES, ...OPENER_PROBES, ...OPENER_NAVIGATION_PROBES]
    const hash = await content.hold('opened', probes)
    const opener = await openFrom(visitor.otherPage, await honestPath())
    const page = await openFrom(opener, `/raw/${hash}`)
    const before = [await visitor.lookAround(), await bodyOf(opener)]
    expect(await catchesOf(page, 'opened', probes)).toEqual([])
    expect([await visitor.lookAround(), await bodyOf(opener)]).toEqual(before)
    expect(collector.landed('opened')).toEqual([])
  })
})

test.each([
  ['has no handle of it', () => node.url, true],
  ['would have one where nothing guards the app', () => unguarded.url, false],
])('a page of another site that opens the app in a window %s', async (_, gateway, closed) => {
  const page = await chromium.newPage()
  await page.goto(collector.serve('/opens', '<!doctype html><title>opens</title>'))
  const handle = page.evaluateHandle((address) => open(address), gateway())
  const [app] = await Promise.all([page.waitForEvent('popup'), handle])
  await app.waitForURL(`${gateway()}/`)
  const isClosed = async () => (await handle).evaluate((opened) => opened?.closed)
  await waitFor(async () => (await isClosed()) === closed, MOVES_MS, 'the handle is as expected')
})

describe('the same where nothing guards the app', () => {
  test('every probe reaches what it is after, and it shows from outside', async () => {
    const visitor = await createVisitor(unguarded.url)
    await visitor.context.grantPermissions(PERMISSIONS, { origin: unguarded.url })
    await visitor.context.setGeolocation({ latitude: 51.5, longitude: 0.1 })
    const probes = PROBES.filter(({ toothless }) => toothless === undefined)
    const stage = await holdAt(node, stageOf(await content.hold('unguarded', probes, unguarded.url)))
    const page = await visitor.context.newPage()
    await page.goto(`${unguarded.url}/raw/${stage}`)
    await page.evaluate(() => sessionStorage.setItem('canary', 'secret'))
    const before = await visitor.lookAround()
    await catchesOf(hostileFrame(page), 'unguarded', probes)
    const failed = collector.reports('unguarded').filter(({ got, probe }) => got === null && !namesOf(DOWNLOAD_PROBES).includes(probe))
    expect(failed).toEqual([])
    const after = await visitor.lookAround()
    const changed = Object.keys(after).filter((what) => JSON.stringify(after[what]) !== JSON.stringify(before[what]))
    expect(Object.keys(after).filter((what) => !changed.includes(what))).toEqual(UNTOUCHED)
  })

  test('every way to move the window moves it', async () => {
    const visitor = await visitorOf(unguarded.url)
    for (const probe of NAVIGATION_PROBES) {
      // A page of its own for each probe: the effects of one may come when the next runs.
      const page = await visitor.newPage('/healthz')
      const scene = `unguarded ${probe.name}`
      const address = `${unguarded.url}/raw/${await holdAt(node, stageOf(await content.hold(scene, [probe], unguarded.url)))}`
      await page.goto(address)
      await hostileFrame(page).locator('#go').click()
      const hasMoved = () => page.url() !== address || collector.landed(scene).includes(probe.name)
      await waitFor(hasMoved, MOVES_MS, `${probe.name} moves it`)
      await page.close()
    }
  })

  test.each(CLOSING_PROBES)('$name: closes the window', async (probe) => {
    const { newPage } = await visitorOf(unguarded.url)
    const stage = await holdAt(node, stageOf(await content.hold(`unguarded ${probe.name}`, [probe], unguarded.url)))
    const page = await openFrom(await newPage('/'), `/raw/${stage}`)
    await Promise.all([page.waitForEvent('close'), pressGo(hostileFrame(page))])
  })

  test('the opener is read, moved and closed', async () => {
    const { newPage } = await visitorOf(unguarded.url)
    const app = await newPage('/')
    await app.evaluate(() => localStorage.setItem('canary', 'secret'))
    const reading = await openFrom(app, `/raw/${await content.hold('reads', OPENER_PROBES, unguarded.url)}`)
    expect(await catchesOf(reading, 'reads', OPENER_PROBES)).toHaveLength(OPENER_PROBES.length)
    for (const probe of OPENER_NAVIGATION_PROBES) {
      const scene = `unguarded ${probe.name}`
      const opener = await openFrom(app, await honestPath())
      const page = await openFrom(opener, `/raw/${await content.hold(scene, [probe], unguarded.url)}`)
      await pressGo(page)
      await waitFor(() => collector.landed(scene).length > 0 || opener.isClosed(), MOVES_MS, probe.name)
    }
  })
})

/** A browser with nothing in it yet. */
async function visitorOf(gateway: string): Promise<{ newPage(path: string): Promise<Page> }> {
  const context = await chromium.newContext()
  return {
    async newPage(path) {
      const page = await context.newPage()
      await page.goto(gateway + path)
      return page
    },
  }
}

/** A held page that means no harm. */
async function honestPath(): Promise<string> {
  return `/raw/${await holdAt(node, '<!doctype html><title>honest</title><p>an honest page')}`
}

/** The page opens another in a window of its own, and keeps a reference to it. */
async function openFrom(opener: Page, path: string): Promise<Page> {
  const [page] = await Promise.all([opener.waitForEvent('popup'), opener.evaluate((address) => void open(address), path)])
  return page
}
