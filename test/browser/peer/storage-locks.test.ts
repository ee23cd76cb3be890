/** Sessions of tabs in a browser without Web Locks: two documents share one storage, as two tabs of one site do. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type StorageWindow, storageLocks } from '../../../browser/peer/storage-locks.ts'
import { openTabSession, removeEndedSessions, type SessionStore } from '../../../browser/peer/tab-session.ts'

const DAY_MS = 86_400_000

/** The rows are properties of the object, as those of a `Storage` are. */
function createStorage(rows: Record<string, string> = {}): Storage & SessionStore {
  const methods = {
    getItem: (name: string) => (Object.hasOwn(rows, name) ? rows[name] : null),
    setItem: (name: string, value: string) => void Object.assign(rows, { [name]: value }),
    removeItem: (name: string) => void Reflect.deleteProperty(rows, name),
  }
  return new Proxy(rows, { get: (_, name) => Reflect.get(methods, name) }) as unknown as Storage
}

function createTab(localStorage: Storage, store = createStorage()) {
  const events = new EventTarget()
  const document = Object.assign(new EventTarget(), { hidden: false })
  const window = { localStorage, document, addEventListener: events.addEventListener.bind(events) } as unknown as StorageWindow
  return {
    store,
    locks: storageLocks(window),
    hide(hidden: boolean) {
      document.hidden = hidden
      document.dispatchEvent(new Event('visibilitychange'))
    },
    close: () => events.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false })),
  }
}

const open = ({ store, locks }: ReturnType<typeof createTab>) => openTabSession(store, locks)

describe('the session of a tab without Web Locks', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('has a name without crypto.randomUUID, and the same one after a reload', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
    try {
      const local = createStorage()
      const tab = createTab(local)
      const name = await open(tab)
      tab.close()
      expect(await open(createTab(local, tab.store))).toBe(name)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('is the same after the browser has ended a hidden tab without an event', async () => {
    const local = createStorage()
    const tab = createTab(local)
    const name = await open(tab)
    tab.hide(true)
    expect(await open(createTab(local, tab.store))).toBe(name)
  })

  it('is another one in a duplicate of a tab that is on screen', async () => {
    const local = createStorage()
    const tab = createTab(local)
    const name = await open(tab)
    tab.hide(true)
    tab.hide(false)
    const giveUp = new AbortController()
    const taken = createTab(local).locks.take(name, giveUp.signal)
    giveUp.abort()
    await vi.advanceTimersByTimeAsync(100)
    expect(await taken).toBe(false)
  })

  it('loses its files soon after it is closed, and keeps them while it is hidden', async () => {
    const local = createStorage()
    const [closed, hidden, looking] = [createTab(local), createTab(local), createTab(local)]
    const names = [await open(closed), await open(hidden), await open(looking)]
    closed.close()
    hidden.hide(true)
    const files = new Set(names)
    const directory = { keys: async () => files, remove: async (name: string) => void files.delete(name) }
    const sweep = async () => {
      const swept = removeEndedSessions(directory, names[2] ?? '', looking.locks)
      await vi.advanceTimersByTimeAsync(6_000)
      await swept
    }
    await sweep()
    expect([...files]).toEqual(names)
    await vi.advanceTimersByTimeAsync(60_000)
    await sweep()
    expect([...files]).toEqual(names.slice(1))
    await vi.advanceTimersByTimeAsync(DAY_MS)
    await sweep()
    expect([...files]).toEqual(names.slice(1)) // a hidden tab that runs renews its lock
  })
})
