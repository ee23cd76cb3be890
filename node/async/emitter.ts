export type Emitter<T> = ReturnType<typeof createEmitter<T>>

/** Listeners of one event. A listener may come or go while the event is being told: it then hears the next one. */
export function createEmitter<T>() {
  /** In the order in which they came. Bounded by the callers. */
  const listeners = new Set<(event: T) => void>()
  return {
    /** @returns a function that removes the listener; it may be called twice */
    on(listener: (event: T) => void): () => void {
      // A listener of its own, since the same function may come twice.
      const own = (event: T) => listener(event)
      listeners.add(own)
      return () => listeners.delete(own)
    },
    emit(event: T) {
      for (const listener of [...listeners]) listener(event)
    },
  }
}

/** As `on`, for listeners of a stranger's code: one that throws is dropped, and the others hear the event all the same. */
export function listenGuarded<T>(on: (listener: (event: T) => void) => () => void, listener: (event: T) => void): () => void {
  const off = on((event) => {
    try {
      listener(event)
    } catch {
      off()
    }
  })
  return off
}
