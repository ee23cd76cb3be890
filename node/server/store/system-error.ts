/** Failures of the operating system in words that name the task: "Cannot read notes.txt: no such file or directory". */

import { getSystemErrorMessage } from 'node:util'

/** The error with its code and, in place of the system call's name, what could not be done. Other errors are returned as they are. */
export function explainSystemError(task: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return error
  const { code } = error as NodeJS.ErrnoException
  return Object.assign(new Error(`${task}: ${getSystemErrorMessage(error.errno)}`, { cause: error }), { code })
}
