/**
 * Starts the parts of the tab that the page of a share has no need of: at once on other pages, and on that one when its list is there. Its own peer
 * has nothing to do with the tab's, but both want the same processor and the same line.
 */

import type { Navigation } from './visit/navigation.ts'

/** How long they wait at most, in ms. */
const LATER_MS = 3_000

export class LaterStart {
  readonly #navigation: Pick<Navigation, 'isForShare' | 'route'>
  readonly #begin: () => void
  #hasBegun = false

  constructor(navigation: Pick<Navigation, 'isForShare' | 'route'>, begin: () => void) {
    this.#navigation = navigation
    this.#begin = begin
  }

  start(): void {
    if (!this.#navigation.isForShare) {
      this.now()
      return
    }
    setTimeout(() => this.now(), LATER_MS)
    this.#navigation.route.subscribe(() => {
      if (!this.#navigation.isForShare) this.now()
    })
  }

  /** The page has what it was opened for. May be called twice. */
  now(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#begin()
  }
}
