/** The list of the pages that this tab holds, newest last: which are held by themselves, and which only as files of a bundle. */

import { Cell } from '../cell.ts'

/** The description of one content that this tab holds. Its bytes are in the peer, in a Blob or in `kept-content.ts`. */
export interface HeldPage {
  hash: string
  size: number
  /** A short label for lists; may be empty. */
  label: string
  /** Made in this tab, not fetched from others. */
  madeHere: boolean
  /** It survives a reload of the tab. */
  kept: boolean
  /** SHA-256 of the outline, in hex, for content larger than one piece. */
  outline?: string
  /** Hashes of a bundle's files, which are held with it. */
  parts?: readonly string[]
  /** Held only as a file of bundles. */
  isPart?: boolean
  /** The file name that goes into the link. */
  name?: string
}

export class HeldPageList {
  /** Bounded by the peer's limits on what it holds. */
  readonly pages: Cell<readonly HeldPage[]>

  constructor(pages: readonly HeldPage[]) {
    this.pages = new Cell(pages)
  }

  page(hash: string): HeldPage | undefined {
    return this.pages.get().find((page) => page.hash === hash)
  }

  /** Adds a page, or moves it to the end. A page that is held by itself stays so when it also becomes part of a bundle. */
  add(page: HeldPage): HeldPage {
    const before = this.page(page.hash)
    const added = before && !before.isPart && page.isPart ? before : page
    this.pages.update((pages) => [...pages.filter((other) => other.hash !== page.hash), added])
    return added
  }

  replace(page: HeldPage): void {
    this.pages.update((pages) => pages.map((other) => (other.hash === page.hash ? page : other)))
  }

  remove(hash: string): void {
    this.pages.update((pages) => pages.filter((page) => page.hash !== hash))
  }

  isPartOfBundle(hash: string): boolean {
    return this.pages.get().some((page) => page.hash !== hash && page.parts?.includes(hash))
  }

  /** The page, and those files of it that nothing else needs. */
  endingWith(hash: string): string[] {
    const others = this.pages.get().filter((page) => page.hash !== hash)
    const needed = new Set(others.flatMap((other) => (other.isPart ? [] : [other.hash, ...(other.parts ?? [])])))
    return [hash, ...(this.page(hash)?.parts ?? []).filter((part) => !needed.has(part))]
  }
}
