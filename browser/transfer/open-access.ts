/** Opens a file for the one who writes it, also where the browser leaves a call unanswered. */

/** The part of a `FileSystemSyncAccessHandle` that is used here. */
interface Closeable {
  close(): void
}

/**
 * Chromium 156, on a busy machine, never settled one to four of 10,000 calls of `createSyncAccessHandle` (`npm run show-large-share -- files`,
 * 2026-11): their files did not come, and a pause did not stop them. In ms.
 */
const ANSWER_MS = 10_000
const MAX_CALLS = 3

/**
 * Resolves with the first handle that any call gives; one that comes later is closed.
 *
 * @param open asks the browser once
 * @throws what the first call throws, when it answers in time
 * @throws {Error} when no call gives a handle: the file is tried again by whoever wants it
 */
export function openAccess<Access extends Closeable>(open: () => Promise<Access>, answerMs: number = ANSWER_MS): Promise<Access> {
  const { promise, resolve, reject } = Promise.withResolvers<Access>()
  let calls = 0
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const end = (settle: () => void) => {
    isOver = true
    clearTimeout(timer)
    settle()
  }
  const call = () => {
    if (calls === MAX_CALLS) return end(() => reject(new Error('This browser does not open the file that is to be written. Try again')))
    calls++
    timer = setTimeout(call, answerMs)
    open().then(
      (access) => (isOver ? access.close() : end(() => resolve(access))),
      // A second call is refused while the first one has the file, and may yet answer.
      (error) => {
        if (!isOver && calls === 1) end(() => reject(error))
      },
    )
  }
  call()
  return promise
}
