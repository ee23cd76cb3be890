/** Keeps the screen of a device on while something is under way, where the browser can: a phone that sleeps sends and receives nothing. */

/** The part of a window that is used. */
export interface AwakeWindow {
  document: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>
  navigator: { wakeLock?: Pick<WakeLock, 'request'> }
}

export interface KeepAwake {
  keep(isBusy: boolean): void
  end(): void
}

export function keepAwake({ document, navigator }: AwakeWindow): KeepAwake {
  let isBusy = false
  let lock: WakeLockSentinel | undefined
  let isAsking = false

  async function update(): Promise<void> {
    if (!isBusy) {
      const held = lock
      lock = undefined
      await held?.release().catch(() => {})
      return
    }
    if (isAsking || lock?.released === false || document.visibilityState !== 'visible') return
    isAsking = true
    try {
      lock = await navigator.wakeLock?.request('screen')
    } catch {
      // The browser saves power: it goes on all the same, until the device sleeps.
    }
    isAsking = false
    if (!isBusy) await update()
  }
  /** The browser takes the lock away from a hidden tab. */
  const onVisible = () => void update()
  document.addEventListener('visibilitychange', onVisible)
  return {
    keep(busy) {
      if (busy === isBusy) return
      isBusy = busy
      void update()
    },
    end() {
      isBusy = false
      document.removeEventListener('visibilitychange', onVisible)
      void update()
    },
  }
}
