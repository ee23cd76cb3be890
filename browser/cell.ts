/** A value that can be watched: how the parts of the tab tell the views what changed. Rendering is left to `app/use-cell.ts`. */

/** What a reader of a cell may do. */
export interface ReadableCell<T> {
  get(): T
  /** Calls the listener after each change. Returns the function that ends it. */
  subscribe(listener: (value: T) => void): () => void
}

export class Cell<T> implements ReadableCell<T> {
  #value: T
  /** Bounded by the views that are mounted: each removes its own. */
  readonly #listeners = new Set<(value: T) => void>()

  constructor(value: T) {
    this.#value = value
  }

  get(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of [...this.#listeners]) listener(value)
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value))
  }

  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}

/** Resolves with the first value, the present one included, that passes. @throws signal.reason, when aborted */
export function firstMatch<T>(cell: ReadableCell<T>, passes: (value: T) => boolean, options: { signal?: AbortSignal } = {}): Promise<T> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    if (passes(cell.get())) return resolve(cell.get())
    const onAbort = () => {
      unsubscribe()
      reject(signal?.reason)
    }
    const unsubscribe = cell.subscribe((value) => {
      if (!passes(value)) return
      unsubscribe()
      signal?.removeEventListener('abort', onAbort)
      resolve(value)
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
