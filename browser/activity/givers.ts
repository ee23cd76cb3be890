/** Who has given how much of what this tab is getting, and whether directly, for the receiver's page. What it gave itself is in `receivers.ts`. */

import { Cell, type ReadableCell } from '../cell.ts'

/** How content goes between this tab and another: from tab to tab, or through a node, which is named. */
export type Way = { isDirect: true } | { isDirect: false; node: string }

export const GIVERS_DEFAULTS = {
  maxContents: 256, // a tab gets no more
} as const

export class Givers {
  /** The way of the newest piece, by hash. Bounded: maxContents, oldest out first. */
  readonly #ways = new Cell<ReadonlyMap<string, Way>>(new Map())

  /** By hash. */
  get ways(): ReadableCell<ReadonlyMap<string, Way>> {
    return this.#ways
  }

  add(hash: string, from: string, isDirect: boolean): void {
    const known = this.#ways.get().get(hash)
    if (known && known.isDirect === isDirect && (known.isDirect || known.node === from)) return
    this.#ways.update((before) => {
      const after = new Map(before)
      after.delete(hash)
      after.set(hash, isDirect ? { isDirect } : { isDirect: false, node: from })
      const oldest = after.size > GIVERS_DEFAULTS.maxContents ? after.keys().next().value : undefined
      if (oldest !== undefined) after.delete(oldest)
      return after
    })
  }
}
