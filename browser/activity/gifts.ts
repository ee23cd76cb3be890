/** What this tab gives, told a few times a second: a direct transfer gives a hundred pieces in that time, and each telling is painted. */

import type { PeerEvent } from '../../node/index.ts'

/** Content or pieces of it that went one way to one peer. */
export type Gift = Extract<PeerEvent, { type: 'served' }>

export const GIFTS_DEFAULTS = {
  tellEveryMs: 250, // as painting each piece cost a fifth of the giver's time (CPU profile, 2026-11)
} as const

export class Gifts {
  readonly #tell: (gift: Gift, times: number) => void
  /** By content, receiver and way: not told yet. Bounded by what can be given in `tellEveryMs`. */
  readonly #untold = new Map<string, { gift: Gift; times: number }>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `tell` hears the first gift at once, and then the sums of those that came meanwhile. */
  constructor(tell: (gift: Gift, times: number) => void) {
    this.#tell = tell
  }

  add(gift: Gift): void {
    const id = `${gift.key} ${gift.to} ${gift.isDirect}`
    const before = this.#untold.get(id)
    this.#untold.set(id, { gift: { ...gift, bytes: gift.bytes + (before?.gift.bytes ?? 0) }, times: 1 + (before?.times ?? 0) })
    if (this.#timer === undefined) this.#tellAll()
  }

  #tellAll(): void {
    this.#timer = this.#untold.size === 0 ? undefined : setTimeout(() => this.#tellAll(), GIFTS_DEFAULTS.tellEveryMs)
    for (const [id, { gift, times }] of [...this.#untold]) {
      this.#untold.delete(id)
      this.#tell(gift, times)
    }
  }
}
