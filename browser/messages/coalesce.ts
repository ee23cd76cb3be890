/** Coalesces calls: runs the work now, and once more if it was called meanwhile. Failed work runs again at the next call. */
export function coalesce(work: () => Promise<void>): () => void {
  let isRunning = false
  let again = false
  const run = async () => {
    if (isRunning) {
      again = true
      return
    }
    isRunning = true
    do {
      again = false
      await work().catch(() => {})
    } while (again)
    isRunning = false
  }
  return () => void run()
}
