/**
 * The secret that the open tabs of this browser share, so that others count them as one person at each page. It is made anew when no tab has
 * been open for some minutes, and after a day: nobody can tell by it that a browser comes again later.
 */

import { delay } from '../../node/async/delay.ts'
import { fromBase64, toBase64 } from '../text/base64.ts'

/** The part of the browser's local storage that is used. */
export type BrowserStore = Pick<Storage, 'getItem' | 'setItem'>

interface StoredSecret {
  base64: string
  madeAtMs: number
}

const ITEM = 'mayfly:browser'
const SECRET_BYTES = 32
const DAY_MS = 86_400_000
/** Timers of hidden tabs run once a minute. */
const SAY_OPEN_MS = 60_000
const OPEN_MS = 180_000
/** Of tabs that are opened at once, the last one's secret is that of all: each reads it again after this time. */
const SETTLE_MS = 100

/** Undefined in a browser that stores nothing: each of its tabs counts by itself. */
export async function shareBrowserSecret(storage: () => BrowserStore, now: () => number = Date.now): Promise<Uint8Array | undefined> {
  try {
    const store = storage()
    const known = readSecret(store, now())
    writeSecret(store, known ?? createSecret(now()), now())
    if (known === undefined) await delay(SETTLE_MS)
    const shared = readSecret(store, now())
    if (shared === undefined) return undefined
    setInterval(() => {
      const newest = readSecret(store, now())
      if (newest !== undefined) writeSecret(store, newest, now())
    }, SAY_OPEN_MS)
    return fromBase64(shared.base64)
  } catch {
    return undefined
  }
}

function createSecret(nowMs: number): StoredSecret {
  return { base64: toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))), madeAtMs: nowMs }
}

/** Says that a tab is open now. */
function writeSecret(store: BrowserStore, { base64, madeAtMs }: StoredSecret, nowMs: number): void {
  store.setItem(ITEM, `${base64} ${madeAtMs} ${nowMs}`)
}

/** Undefined when there is none that a tab still uses, or it is too old, or from a clock that was set back since. */
function readSecret(store: BrowserStore, nowMs: number): StoredSecret | undefined {
  const [base64 = '', madeAt, openAt] = store.getItem(ITEM)?.split(' ') ?? []
  const madeAtMs = Number(madeAt)
  const isShared = within(nowMs - Number(openAt), OPEN_MS) && within(nowMs - madeAtMs, DAY_MS)
  return isShared ? { base64, madeAtMs } : undefined
}

const within = (passedMs: number, mostMs: number) => passedMs >= 0 && passedMs < mostMs
