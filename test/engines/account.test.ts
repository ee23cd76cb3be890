/** An account that is kept in each engine: records and keys, over a reload. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENGINES, type EnginePage, openEngine, sees } from '../helpers/engines.ts'
import { type ScriptPage, serveScript } from '../helpers/script-page.ts'

let site: ScriptPage
beforeAll(async () => {
  site = await serveScript(new URL('../helpers/pages/account-page.ts', import.meta.url))
})
afterAll(() => site?.[Symbol.asyncDispose]())

const call = <T>(page: EnginePage, name: string) => page.evaluate<T>(`window.accountPage.${name}()`)

/** scrypt twice, and many commits that wait for the disk: Firefox took 88 s beside many other browsers. */
const PATIENT_MS = 600_000

describe.each(ENGINES)('engines: an account in %s', { timeout: PATIENT_MS }, (engine) => {
  test('is kept over a reload, with keys that no script can read, and goes by its file', async (context) => {
    const page = await openEngine(engine, context)
    await page.goto(site.url)
    await sees(page, 'window.accountPage')
    expect(await call<number>(page, 'runCases')).toBeGreaterThan(8)
    const first = await call<{ id: string }>(page, 'openKept')
    expect(first).toMatchObject({ isKept: true, places: 1 })
    await page.reload()
    await sees(page, 'window.accountPage')
    expect(await call(page, 'openKept')).toEqual(first)
    // All three keep an Ed25519 key as such; only where one does not, its seed is kept, sealed.
    expect(await call(page, 'readStored')).toMatchObject({ extractable: [false, false], form: 'key' })
    const { ids } = await call<{ ids: string[] }>(page, 'goByFile')
    expect(ids[0]).toBe(ids[1])
  })
})
