/** Errors of the operating system in words that name the task: "Cannot read notes.txt: no such file or directory". */

import { getSystemErrorMessage } from 'node:util'

/** The error with its code and a message that names the task instead of the system call. Other errors are returned as they are. */
export function explainSystemError(task: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return error
  const { code } = error as NodeJS.ErrnoException
  return Object.assign(new Error(`${task}: ${getSystemErrorMessage(error.errno)}`, { cause: error }), { code })
}
