/** Where the content that this tab fetches comes from: straight from another tab, or through a node. Uploads are counted in `uploads.ts`. */

import { createRecentMap } from '../../node/async/recent-map.ts'
import { Cell } from '../cell.ts'

/** How content travels between this tab and another one. */
export type Way = { isDirect: true } | { isDirect: false; node: string }

export const MAX_SOURCES = 256 // a tab fetches no more contents

export class Sources {
  readonly #recent = createRecentMap<string, Way>({ maxEntries: MAX_SOURCES, order: 'written' })
  /** The way of the newest piece, by hash. */
  readonly ways = new Cell<ReadonlyMap<string, Way>>(new Map())

  add(hash: string, from: string, isDirect: boolean): void {
    const known = this.#recent.peek(hash)
    if (known && known.isDirect === isDirect && (known.isDirect || known.node === from)) return
    this.#recent.set(hash, isDirect ? { isDirect } : { isDirect: false, node: from })
    this.ways.set(new Map(this.#recent))
  }
}
