/** Pages that their browser freezes: they hold nothing while they cannot answer. The back/forward cache is on here, as in a person's browser. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeText, openHome, seesCount } from '../helpers/app-page.ts'
import { useChromium } from '../helpers/chromium.ts'
import { untilStatus } from '../helpers/gateway-client.ts'
import { type NodeProcess, startNodeProcess } from '../helpers/node-process.ts'
import { waitFor } from '../helpers/wait-for.ts'

const chromium = useChromium({ keepsPages: true })
let home: NodeProcess
let reader: NodeProcess
beforeAll(async () => {
  home = await startNodeProcess()
  reader = await startNodeProcess({ join: [home.url] })
})
afterAll(() => Promise.all([home, reader].map((node) => node?.kill('SIGKILL'))))

test('frozen page: a tab that goes elsewhere holds nothing at once, and holds again when its user comes back', async () => {
  const page = await chromium.newPage()
  await openHome(page, home.url)
  const hash = await makeText(page, 'kept in the back/forward cache')
  await untilStatus([home.url, reader.url], hash, 200, 10_000)
  await countFreezes(page)
  await page.goto(`${reader.url}/healthz`)
  await untilStatus([home.url, reader.url], hash, 404, 5_000)
  await comeBackTo(page)
  await untilStatus([home.url, reader.url], hash, 200, 20_000)
  await seesCount(page, 1)
})

test('frozen page: one that says nothing is noticed by its home within 15 s, and a hidden one whose timers sleep is kept', async () => {
  const [hidden, frozen] = await Promise.all([chromium.newPage(), chromium.newPage()])
  await hidden.addInitScript(SLEEPING_TIMERS)
  await frozen.addInitScript(withoutPageEvents)
  await Promise.all([hidden, frozen].map((page) => openHome(page, home.url)))
  const [kept, gone] = await Promise.all([makeText(hidden, 'its timers sleep'), makeText(frozen, 'frozen, and nobody was told')])
  for (const hash of [kept, gone]) await untilStatus([home.url, reader.url], hash, 200, 10_000)
  await countFreezes(frozen)
  await hidden.evaluate('timersSleep = true')
  await frozen.goto(`${reader.url}/healthz`)
  expect(await untilStatus([home.url, reader.url], gone, 404, 30_000)).toBeLessThan(15_000)
  // The home has heard as little of the hidden page's timers for as long.
  await untilStatus([home.url, reader.url], kept, 200, 1_000)
  await comeBackTo(frozen)
  await untilStatus([home.url, reader.url], gone, 200, 20_000)
})

test('frozen page: a person on one is gone within 15 s, and back by itself; on a hidden one whose timers sleep they stay', async () => {
  const [ann, hidden, frozen] = [await chromium.newPage(), await chromium.newPage(), await chromium.newPage()]
  await hidden.addInitScript(SLEEPING_TIMERS)
  await frozen.addInitScript(withoutPageEvents)
  for (const page of [ann, hidden, frozen]) {
    await page.goto(`${home.url}/people`)
    await page.getByTestId('make-account').click()
  }
  for (const [page, alias] of [
    [hidden, 'hidden'],
    [frozen, 'frozen'],
  ] as const) {
    await ann.getByTestId('add-alias').fill(alias)
    await ann.getByTestId('add-contact').click()
    const code = ann.getByTestId('token').getByTestId('code')
    await page.getByTestId('claim-text').fill((await code.textContent()) ?? '')
    await page.getByTestId('claim-alias').fill('Ann')
    await page.getByTestId('claim').click()
    await seesPerson(ann, alias, 1)
    await ann.getByRole('button', { name: 'Close', exact: true }).click()
  }
  await countFreezes(frozen)
  await hidden.evaluate('timersSleep = true')
  await frozen.goto(`${reader.url}/healthz`)
  const frozenAtMs = Date.now()
  await seesPerson(ann, 'frozen', 0)
  expect(Date.now() - frozenAtMs).toBeLessThan(15_000)
  await waitFor(() => Date.now() - frozenAtMs > 15_000, 20_000, 'as long has nothing been heard of the timers of the hidden page')
  await seesPerson(ann, 'hidden', 1)
  await comeBackTo(frozen)
  await seesPerson(ann, 'frozen', 1)
})

const seesPerson = (page: Page, alias: string, instances: number) =>
  page.locator(`[data-testid="contacts"] [data-instances="${instances}"]`, { hasText: alias }).waitFor({ timeout: 60_000 })

/** Later, `comeBackTo` sees by it that the page was kept, and not made anew. */
async function countFreezes(page: Page): Promise<void> {
  await page.evaluate(`frozen = 0; document.addEventListener('resume', () => frozen++)`)
}

async function comeBackTo(page: Page): Promise<void> {
  await page.goBack({ waitUntil: 'commit' })
  expect(await page.evaluate('globalThis.frozen')).toBe(1)
}

/** For the page: from `timersSleep` on, no timer runs. A browser lets those of a page that is hidden for long run once a minute. */
const SLEEPING_TIMERS = `
  globalThis.timersSleep = false
  for (const name of ['setTimeout', 'setInterval']) {
    const original = globalThis[name]
    globalThis[name] = (callback, ...rest) => original((...args) => timersSleep || callback(...args), ...rest)
  }`

/** In the page: what it listens to does not tell it that it is frozen, as in a browser that has no such events. */
function withoutPageEvents(): void {
  for (const type of ['pagehide', 'freeze']) addEventListener(type, (event) => event.stopImmediatePropagation(), true)
}
