/** Tells of changes as often as a person sees them: painting each piece would take longer than receiving it. */

import { createSoon } from '../../node/async/soon.ts'
import { Cell } from '../cell.ts'

const SHOW_EVERY_MS = 100

export class ShownChanges {
  /** A new object at each change. */
  readonly cell = new Cell<object>({})
  #shownAtMs = Number.NEGATIVE_INFINITY
  readonly #showing = createSoon(() => this.now())

  now(): void {
    this.#showing.cancel()
    this.#shownAtMs = performance.now()
    this.cell.set({})
  }

  /** In a hidden tab it may take a minute, and nobody looks. */
  soon(): void {
    if (performance.now() - this.#shownAtMs >= SHOW_EVERY_MS) this.now()
    else this.#showing.ask(SHOW_EVERY_MS)
  }

  end(): void {
    this.#showing.cancel()
  }
}
