/** Waiting that ends with an AbortSignal, or with a time: listeners are removed however it ends. */

/**
 * Calls the listener when the signal is aborted, at once when it has been.
 *
 * @returns a function that removes the listener; it may be called twice
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    listener()
    return () => {}
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/**
 * A promise that `start` settles, or the signal rejects: the `new Promise` of whatever can be aborted.
 *
 * @param start is not called when the signal is aborted already; what it returns is called once, however the promise settles
 * @throws signal.reason, when aborted first
 */
export function abortable<T>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (reason: unknown) => void) => (() => void) | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    let cleanUp: (() => void) | undefined
    let isSettled = false
    const settle = (outcome: () => void) => {
      if (isSettled) return
      isSettled = true
      signal?.removeEventListener('abort', abort)
      cleanUp?.()
      outcome()
    }
    const abort = () => settle(() => reject(signal?.reason))
    signal?.addEventListener('abort', abort, { once: true })
    try {
      cleanUp = start(
        (value) => settle(() => resolve(value)),
        (reason) => settle(() => reject(reason)),
      )
    } catch (error) {
      settle(() => reject(error))
    }
    if (isSettled) cleanUp?.()
  })
}

/**
 * The promise, or the signal's reason, whichever comes first. A rejection after the abort is handled.
 *
 * @throws signal.reason, when aborted first
 */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  promise.catch(() => {})
  return abortable(signal, (resolve, reject) => {
    promise.then(resolve, reject)
    return undefined
  })
}

/** Waits for the promise, but no longer than `ms`. Resolves either way, with nothing; only an early rejection is passed on. */
export function inTime(promise: Promise<unknown>, ms: number): Promise<void> {
  return abortable<void>(undefined, (resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    promise.then(() => resolve(), reject)
    return () => clearTimeout(timer)
  })
}

/**
 * A signal that is aborted after `ms`, as by `AbortSignal.timeout`, which may not be used here: when `AbortSignal.any` takes in what another
 * `any` made of such a signal, Node.js keeps the outer signal for ever, some 400 bytes for each request (measured 2026-11, Node.js 24.21).
 */
export const timeoutSignal = (ms: number): AbortSignal => createTimeout(ms).signal

/** A timeout signal whose timer can be ended before its time. */
export function createTimeout(ms: number) {
  const late = new AbortController()
  const timer: unknown = setTimeout(() => late.abort(new DOMException('The operation timed out', 'TimeoutError')), ms)
  // As with `AbortSignal.timeout`, a command that has nothing else to do ends. A tab's timer is a number.
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref()
  return { signal: late.signal, end: () => clearTimeout(timer as number) }
}
