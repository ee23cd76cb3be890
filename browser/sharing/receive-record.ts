/** A received share as a tab keeps it over a reload: the entries that were taken and saved. */

import { createSoon } from '../../node/async/soon.ts'
import type { SessionStore } from '../peer/tab-session.ts'

interface Kept {
  wanted: number[]
  saved: number[]
  isPaused: boolean
  isZip: boolean
  isHelping?: boolean
}

const PREFIX = 'mayfly:receive:'
const KEEP_MS = 200

export class ReceiveRecord {
  /** Entries that the person has taken. Bounded by the entries of a share, as `saved`. */
  readonly wanted: Set<number>
  readonly saved: Set<number>
  isPaused: boolean
  /** They are saved as one zip file. */
  isZip: boolean
  /** Undefined: the person has not chosen. */
  isHelping: boolean | undefined
  readonly #store: SessionStore
  readonly #item: string
  readonly #keeping = createSoon(() => this.keep())

  /** @param share its id, from the link */
  constructor(store: SessionStore, share: string) {
    this.#store = store
    this.#item = PREFIX + share
    const { wanted, saved, isPaused, isZip, isHelping } = readKept(store, this.#item)
    this.wanted = new Set(wanted)
    this.saved = new Set(saved)
    this.isPaused = isPaused === true
    this.isZip = isZip === true
    this.isHelping = isHelping
  }

  keep(): void {
    this.#keeping.cancel()
    const { wanted, saved, isPaused, isZip, isHelping } = this
    const kept: Kept = { wanted: [...wanted], saved: [...saved], isPaused, isZip, ...(isHelping !== undefined && { isHelping }) }
    try {
      this.#store.setItem(this.#item, JSON.stringify(kept))
    } catch {
      // Storage is full or switched off: it goes on, and is forgotten by a reload.
    }
  }

  /** Within a moment: a share may have thousands of small files. */
  keepSoon(): void {
    this.#keeping.ask(KEEP_MS)
  }
}

function readKept(store: SessionStore, item: string): Partial<Kept> {
  try {
    return JSON.parse(store.getItem(item) ?? '{}') as Partial<Kept>
  } catch {
    return {}
  }
}
