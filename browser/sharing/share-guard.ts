/** While somebody receives, the tab warns before it is closed, and keeps the screen on. */

import { type AwakeWindow, type KeepAwake, keepAwake } from './keep-awake.ts'

/** The part of a window that is used. */
export type GuardedWindow = Pick<Window, 'addEventListener' | 'removeEventListener'> & AwakeWindow

export class ShareGuard {
  readonly #window: GuardedWindow
  readonly #awake: KeepAwake
  #isOn = false

  constructor(window: GuardedWindow) {
    this.#window = window
    this.#awake = keepAwake(window)
  }

  /** The listener exists only while there is something to lose: some browsers make pages with one slower. */
  set(isReceiving: boolean): void {
    if (isReceiving === this.#isOn) return
    this.#isOn = isReceiving
    this.#awake.keep(isReceiving)
    if (isReceiving) this.#window.addEventListener('beforeunload', warn)
    else this.#window.removeEventListener('beforeunload', warn)
  }
}

function warn(event: Event): void {
  event.preventDefault()
}
