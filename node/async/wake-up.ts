/** An auto-reset event: one waiter sleeps until it is rung, or for a time. */
export function createWakeUp() {
  let isRung = false
  let wake = () => {}
  return {
    /** Wakes the waiter, or the next one when nobody waits. */
    ring() {
      isRung = true
      wake()
    },
    /** Resolves with true when it is rung, at once when it has been rung since the last wait; with false after `ms`. */
    async wait(ms: number): Promise<boolean> {
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
