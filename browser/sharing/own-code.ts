/** The code of two words and a number that stands for this tab's share: one at a time. */

import type { Share, ShareSpokenCode } from '../../node/index.ts'
import { Cell } from '../cell.ts'

export interface ShownCode {
  /** There is none before the first, and where none could be made. */
  state: 'none' | 'making' | 'good' | Awaited<ShareSpokenCode['settled']>
  code?: string
  expiresAtMs?: number
  /** No code could be made. */
  problem?: unknown
}

export class OwnCode {
  readonly shown = new Cell<ShownCode>({ state: 'none' })
  #code: ShareSpokenCode | undefined
  /** For which a code is being made. */
  #share: Share | undefined

  /** Never rejects. */
  async make(share: Share): Promise<void> {
    if (this.#share === share) return
    this.#share = share
    this.shown.set({ state: 'making' })
    try {
      const code = await share.code()
      if (this.#share === share) this.#show(code)
      else void code.cancel() // the share has made room for another one meanwhile
    } catch (problem) {
      if (this.#share === share) this.shown.set({ state: 'none', problem })
    } finally {
      if (this.#share === share) this.#share = undefined
    }
  }

  cancel(): void {
    void this.#code?.cancel()
  }

  /** The share makes room for another one. */
  clear(): void {
    this.cancel()
    this.#code = undefined
    this.#share = undefined
    this.shown.set({ state: 'none' })
  }

  #show(code: ShareSpokenCode): void {
    this.#code = code
    this.shown.set({ state: 'good', code: code.code, expiresAtMs: code.expiresAtMs })
    void code.settled.then((state) => {
      if (this.#code === code) this.shown.set({ state })
    })
  }
}
