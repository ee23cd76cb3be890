/**
 * An observable value, by which the parts of the tab notify the views of changes. The part that makes a cell sets it; others read it.
 * `app/use-cell.ts` renders them.
 */

import { abortable } from '../node/async/abort.ts'
import { createEmitter } from '../node/async/emitter.ts'

export interface ReadableCell<T> {
  get(): T
  /** Calls the listener after each change. @returns a function that removes the listener */
  subscribe(listener: (value: T) => void): () => void
}

export class Cell<T> implements ReadableCell<T> {
  #value: T
  /** Its listeners are bounded by the parts of the tab and the mounted views: each removes its own. */
  readonly #changes = createEmitter<T>()

  constructor(value: T) {
    this.#value = value
  }

  get(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    this.#changes.emit(value)
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value))
  }

  subscribe(listener: (value: T) => void): () => void {
    return this.#changes.on(listener)
  }
}

/** Resolves with the first value that passes; the present one may. @throws signal.reason, when aborted */
export function firstMatch<T>(cell: ReadableCell<T>, passes: (value: T) => boolean, options: { signal?: AbortSignal } = {}): Promise<T> {
  return abortable(options.signal, (resolve) => {
    const check = (value: T) => {
      if (passes(value)) resolve(value)
    }
    const unsubscribe = cell.subscribe(check)
    check(cell.get())
    return unsubscribe
  })
}
