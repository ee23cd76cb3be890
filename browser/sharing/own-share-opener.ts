/** Loads the share of this tab after the first paint: when its page is opened, or to bring it back after a reload. */

import { loadOnce } from '../../node/async/load-once.ts'
import type { OwnShare } from './own-share.ts'
import { type OwnShareParts, SHARE_RECORD } from './own-share-parts.ts'

export class OwnShareOpener {
  readonly #parts: OwnShareParts
  /** @throws when its code could not be loaded; the next call tries again */
  readonly open: () => Promise<OwnShare> = loadOnce(() => this.#load())

  constructor(parts: OwnShareParts) {
    this.#parts = parts
  }

  async restore(): Promise<void> {
    if (this.#parts.store.getItem(SHARE_RECORD) !== null) await this.open()
  }

  async #load(): Promise<OwnShare> {
    const { OwnShare } = await import('./own-share.ts')
    const ownShare = new OwnShare(this.#parts)
    void ownShare.restore()
    return ownShare
  }
}
