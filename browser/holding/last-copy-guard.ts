/** Warns before a tab is closed that holds the last copy of something. The browser words the warning. */

import type { HeldPage } from './held-page-list.ts'
import type { HolderCounts } from './holder-counts.ts'
import type { Holdings } from './holdings.ts'

/** Call it once. */
export function guardLastCopies(window: Window, holdings: Holdings, { counts }: HolderCounts): void {
  const onBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault()
  /** The listener exists only while there is something to lose: some browsers make pages with one slower. */
  const update = () => {
    const isLast = holdings.pages.get().some((page) => !page.isPart && isLastCopy(page, counts.get().get(page.hash)))
    if (isLast) window.addEventListener('beforeunload', onBeforeUnload)
    else window.removeEventListener('beforeunload', onBeforeUnload)
  }
  holdings.pages.subscribe(update)
  counts.subscribe(update)
  update()
}

/** True when the count is at most 1. Without a count, a page that was made here is the last copy. */
export function isLastCopy(page: HeldPage, count: number | undefined): boolean {
  return count === undefined ? page.madeHere : count <= 1
}
