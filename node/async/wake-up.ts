/** An auto-reset event: one waiter sleeps until it is rung, or for a time. */

export interface WakeUp {
  /** Wakes the waiter, or the next one when nobody waits. */
  ring(): void
  /** Resolves with true when it is rung, at once when it has been rung since the last wait; with false after `ms`. */
  wait(ms: number): Promise<boolean>
}

export function createWakeUp(): WakeUp {
  let isRung = false
  let wake = () => {}
  return {
    ring() {
      isRung = true
      wake()
    },
    async wait(ms) {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      const wasRung = isRung
      isRung = false
      return wasRung
    },
  }
}
