/** A window whose browser gives wake locks, and takes them away from a hidden tab. */

import type { AwakeWindow } from '../../browser/sharing/keep-awake.ts'

/** @param refusals so many requests are refused first, as on a low battery */
export function fakeWindow({ refusals = 0 } = {}) {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' as DocumentVisibilityState })
  const locks: { released: boolean }[] = []
  let left = refusals
  const request = async () => {
    if (left-- > 0) throw new DOMException('a low battery', 'NotAllowedError')
    const lock = {
      released: false,
      async release() {
        lock.released = true
      },
    }
    locks.push(lock)
    return lock as unknown as WakeLockSentinel
  }
  const window: AwakeWindow & EventTarget = Object.assign(new EventTarget(), { document, navigator: { wakeLock: { request } } })
  const show = (state: DocumentVisibilityState) => {
    document.visibilityState = state
    if (state === 'hidden') for (const lock of locks) lock.released = true
    document.dispatchEvent(new Event('visibilitychange'))
  }
  return { window, show, locks, settled: () => new Promise((resolve) => setImmediate(resolve)) }
}
