/** An account that is kept in a real Chromium: its records, its keys, and its file. */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decodeWords } from '../../node/people/format/recovery-words.ts'
import { useChromium } from '../helpers/chromium.ts'
import type { accountPage } from '../helpers/pages/account-page.ts'
import { type ScriptPage, serveScript } from '../helpers/script-page.ts'

let site: ScriptPage
beforeAll(async () => {
  site = await serveScript(new URL('../helpers/pages/account-page.ts', import.meta.url))
})
afterAll(() => site?.[Symbol.asyncDispose]())
const chromium = useChromium({ flags: ['--host-resolver-rules=MAP lan.example 127.0.0.1'] })

type Calls = typeof accountPage

async function openPage(page?: Page, url = site.url): Promise<Page> {
  const opened = page ?? (await chromium.newPage())
  await opened.goto(url)
  await opened.waitForFunction(() => window.accountPage !== undefined)
  return opened
}

function call<Name extends keyof Calls>(page: Page, name: Name, ...given: Parameters<Calls[Name]>) {
  const run = ({ name, given }: { name: Name; given: unknown[] }) => {
    const called = window.accountPage?.[name] as (...all: unknown[]) => never
    return called(...given)
  }
  return page.evaluate(run as never, { name, given } as never) as Promise<Awaited<ReturnType<Calls[Name]>>>
}

it('the store keeps every promise of an account store', async () => {
  expect(await call(await openPage(), 'runCases')).toBeGreaterThan(8)
})

it('an account survives a reload, is the same in a second tab, and its secret is stored nowhere in clear', async () => {
  const page = await openPage()
  const first = await call(page, 'openKept')
  expect(first).toMatchObject({ isKept: true, places: 1, refusal: undefined })
  await openPage(page)
  expect(await call(page, 'openKept')).toEqual(first)
  const other = await openPage(await page.context().newPage())
  expect(await call(other, 'openKept')).toEqual(first)
  const { hex, extractable, form } = await call(page, 'readStored')
  expect([extractable, form]).toEqual([[false, false], 'key'])
  const entropy = Buffer.from(await decodeWords(first.words)).toString('hex')
  expect(hex.length).toBeGreaterThan(100)
  expect(hex).not.toContain(entropy)
})

it('two tabs that come first at once have one account, and one place', async () => {
  const page = await openPage()
  const other = await openPage(await page.context().newPage())
  const [a, b] = await Promise.all([call(page, 'openKept'), call(other, 'openKept')])
  expect(a).toEqual(b)
})

it('goes by its file, and the page lives on while the pass phrase is stretched', async () => {
  const { ids, size, ticks } = await call(await openPage(), 'goByFile')
  expect(ids[0]).toBe(ids[1])
  expect(size).toBeLessThan(65_536)
  expect(ticks).toBeGreaterThan(2)
})

it('a browser that makes no Ed25519 key, or loses a record that has one, keeps the place all the same', async () => {
  const page = await openPage()
  for (const how of ['has none', 'loses it'] as const) {
    expect(await call(page, 'openWithoutEd25519', how)).toEqual({ signs: true, form: 'the same place' })
  }
})

it('says so where nothing can be kept: by plain http from another machine, without storage, and when it is full', async () => {
  const lan = await openPage(undefined, site.url.replace('127.0.0.1', 'lan.example'))
  expect(await call(lan, 'openCode')).toBe('ERR_NO_CRYPTO')
  const page = await openPage()
  expect(await call(page, 'storeTooMuch')).toEqual({ code: 'ERR_NOT_STORED', kept: 1 })
  expect(await call(page, 'openWithoutStorage')).toBe('ERR_NOT_STORED')
})
