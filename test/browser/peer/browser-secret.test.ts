import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { shareBrowserSecret } from '../../../browser/peer/browser-secret.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

const MINUTE_MS = 60_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A tab of the browser: it lives until the fake timers are gone. */
async function openTab(store: MemoryStore): Promise<Uint8Array | undefined> {
  const opening = shareBrowserSecret(() => store)
  await vi.advanceTimersByTimeAsync(100)
  return opening
}

/** All tabs are closed, and time passes. */
function closeTabsFor(ms: number): void {
  const now = Date.now() + ms
  vi.clearAllTimers() // sets the clock back, too
  vi.setSystemTime(now)
}

test('browser secret: tabs that are open together share it, also those that are opened at once', async () => {
  const store = new MemoryStore()
  const [first, second] = await Promise.all([openTab(store), openTab(store)])
  expect(first).toHaveLength(32)
  expect(second).toEqual(first)
  await vi.advanceTimersByTimeAsync(30 * MINUTE_MS)
  expect(await openTab(store)).toEqual(first)
})

test('browser secret: it is another one in each browser, after a day, and when no tab was open for some minutes', async () => {
  const store = new MemoryStore()
  const first = await openTab(store)
  expect(await openTab(new MemoryStore())).not.toEqual(first)
  await vi.advanceTimersByTimeAsync(24 * 60 * MINUTE_MS)
  const next = await openTab(store)
  expect(next).not.toEqual(first)
  closeTabsFor(2 * MINUTE_MS)
  expect(await openTab(store)).toEqual(next)
  closeTabsFor(3 * MINUTE_MS)
  expect(await openTab(store)).not.toEqual(next)
})

test('browser secret: there is none without storage; what else was stored is replaced', async () => {
  const forbidden = () => {
    throw new DOMException('no storage', 'SecurityError')
  }
  expect(await shareBrowserSecret(forbidden)).toBeUndefined()
  expect(await openTab(new MemoryStore(0))).toBeUndefined()
  const store = new MemoryStore()
  for (const wrong of ['', 'x', '{"a": 1}', '= 1 1']) {
    store.setItem('mayfly:browser', wrong)
    const found = await openTab(store)
    expect(found === undefined || found.byteLength === 32).toBe(true)
  }
})
