/** Errors of the operating system in words that name the task: "Cannot read notes.txt: no such file or directory". */

import { constants } from 'node:os'
import { getSystemErrorMessage } from 'node:util'

/** Words for a disk that takes nothing more, where the system's own are short, or missing (EDQUOT, which Node.js 24 does not know). */
const FULL: Readonly<Record<number, string>> = {
  [constants.errno.ENOSPC]: 'the disk is full: make room, and try again',
  [constants.errno.EDQUOT]: 'your share of the disk (quota) is used up: make room, and try again',
  [constants.errno.EFBIG]: 'the file is larger than this disk, or a limit of this shell (ulimit -f), allows',
}

/** The same for somebody elsewhere, who can do nothing about it and need not know where it is. */
const FULL_ELSEWHERE: Readonly<Record<number, string>> = {
  [constants.errno.ENOSPC]: 'Its disk is full',
  [constants.errno.EDQUOT]: 'Its share of the disk is used up',
  [constants.errno.EFBIG]: 'The file is too large for its disk',
}

/** Why this system stores nothing, for the other side of a transfer, without paths; undefined for an error of another kind. */
export function storageProblem(error: unknown): string | undefined {
  const cause = error instanceof Error && isSystemError(error.cause) ? error.cause : error
  if (!isSystemError(cause)) return undefined
  return FULL_ELSEWHERE[-cause.errno] ?? `It cannot write: ${getSystemErrorMessage(cause.errno)}`
}

/** The error with its code and a message that names the task instead of the system call. Other errors are returned as they are. */
export function explainSystemError(task: string, error: unknown): unknown {
  if (!isSystemError(error)) return error
  return Object.assign(new Error(`${task}: ${systemErrorWords(error)}`, { cause: error }), { code: error.code })
}

/** The reason, in words. @throws other errors, as they are */
export function systemErrorWords(error: unknown): string {
  if (!isSystemError(error)) throw error
  return FULL[-error.errno] ?? getSystemErrorMessage(error.errno)
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException & { errno: number } {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number'
}
