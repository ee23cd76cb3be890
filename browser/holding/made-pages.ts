/**
 * The pages of chosen files that a reload ends: their bytes are only where the author chose them, and a page cannot open a file again by itself.
 * They are remembered in the tab's session storage, so that the author is asked to choose them again, and the link stays the same. Of a
 * private page neither names nor the key are remembered: the key stands in the address of the page alone.
 */

import { Cell } from '../cell.ts'
import type { SessionStore } from '../peer/tab-session.ts'
import type { HeldPage } from './held-page-list.ts'
import type { Holdings } from './holdings.ts'
import type { SealedPart } from './sealing.ts'

/** With what its link needs. */
export interface MadePage extends Pick<HeldPage, 'hash' | 'outline' | 'name'> {
  label: string
  /** The sum of its files, in bytes. */
  size: number
  /** How many files. */
  files: number
  /** They were one folder. */
  isFolder: boolean
  /** Of a private page: its files, and last the page itself. */
  sealed?: readonly SealedPart[]
}

const ITEM = 'mayfly:made'
const MAX_PAGES = 20 // a list to read, not an archive

export class MadePages {
  readonly #store: SessionStore
  readonly #holdings: Pick<Holdings, 'has' | 'pages'>
  /** Made before a reload, and not held again yet. Bounded: MAX_PAGES. */
  readonly missing: Cell<readonly MadePage[]>
  /** Missing ones, and those that are held now. Bounded: MAX_PAGES, oldest out first. */
  #pages: readonly MadePage[]

  constructor(store: SessionStore, holdings: Pick<Holdings, 'has' | 'pages'>) {
    this.#store = store
    this.#holdings = holdings
    this.#pages = readPages(store)
    this.missing = new Cell(this.#pages.filter(({ hash }) => !holdings.has(hash)))
    holdings.pages.subscribe(() => this.#onHoldingsChange())
  }

  /** Does nothing for a page that survives a reload. The page must be held. */
  remember({ hash, kept, label, outline, name }: HeldPage, files: Pick<MadePage, 'size' | 'files' | 'isFolder' | 'sealed'>): void {
    if (kept) return
    const page = { hash, label, ...(outline && { outline }), ...(name && { name }), ...files }
    this.#keep([...this.#pages.filter((other) => other.hash !== hash), page].slice(-MAX_PAGES))
  }

  forget(hash: string): void {
    this.#keep(this.#pages.filter((page) => page.hash !== hash))
    this.missing.update((pages) => pages.filter((page) => page.hash !== hash))
  }

  /** A missing page is held again, or the author stopped holding one. */
  #onHoldingsChange(): void {
    for (const { hash } of this.#pages) {
      const [isHeld, isMissing] = [this.#holdings.has(hash), this.missing.get().some((page) => page.hash === hash)]
      if (isHeld && isMissing) this.missing.update((pages) => pages.filter((page) => page.hash !== hash))
      if (!isHeld && !isMissing) this.forget(hash)
    }
  }

  #keep(pages: readonly MadePage[]): void {
    this.#pages = pages
    try {
      this.#store.setItem(ITEM, JSON.stringify(pages))
    } catch {
      // Storage is full or switched off: after a reload the author is asked for nothing.
    }
  }
}

function readPages(store: SessionStore): readonly MadePage[] {
  try {
    const pages: unknown = JSON.parse(store.getItem(ITEM) ?? '[]')
    return Array.isArray(pages) ? pages : []
  } catch {
    return []
  }
}
