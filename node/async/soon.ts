/** Work that is done soon after it was asked for, once for all who ask meanwhile. */
export function createSoon(work: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined

  function run(): void {
    timer = undefined
    work()
  }

  return {
    /** In `ms`, or when it is due already. */
    ask(ms: number): void {
      timer ??= setTimeout(run, ms)
    },
    /** It is due no more. @returns true when it was */
    cancel(): boolean {
      const wasDue = timer !== undefined
      clearTimeout(timer)
      timer = undefined
      return wasDue
    },
  }
}
