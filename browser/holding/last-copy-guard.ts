/** Warns before a tab is closed that holds the last copy of something. The browser words the warning. */

import type { HeldPage } from './held-page.ts'
import type { HolderCounts } from './holder-counts.ts'
import type { Holdings } from './holdings.ts'

export interface LastCopyGuardOptions {
  window: Window
  holdings: Holdings
  counts: HolderCounts
}

export class LastCopyGuard {
  readonly #options: LastCopyGuardOptions
  #warning = false

  constructor(options: LastCopyGuardOptions) {
    this.#options = options
  }

  start(): void {
    this.#options.holdings.pages.subscribe(this.#update)
    this.#options.counts.counts.subscribe(this.#update)
    this.#update()
  }

  /** The listener exists only while there is something to lose: some browsers make pages with one slower. */
  readonly #update = (): void => {
    const { window, holdings, counts } = this.#options
    const warn = holdings.pages.get().some((page) => !page.isPart && isLastCopy(page, counts.counts.get().get(page.hash)))
    if (warn === this.#warning) return
    this.#warning = warn
    if (warn) window.addEventListener('beforeunload', this.#onBeforeUnload)
    else window.removeEventListener('beforeunload', this.#onBeforeUnload)
  }

  readonly #onBeforeUnload = (event: BeforeUnloadEvent): void => {
    event.preventDefault()
  }
}

/** True when the count is at most 1. Without a count, a page that was made here is the last copy. */
export function isLastCopy(page: HeldPage, count: number | undefined): boolean {
  return count === undefined ? page.madeHere : count <= 1
}
