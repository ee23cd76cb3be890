/** The exit codes of the command, which scripts rely on, and which error ends in which. */

import { MayflyError, type MayflyErrorCode } from '../errors.ts'

export const EXIT = {
  done: 0,
  failed: 1,
  /** An error in the command line, the environment or the configuration file. */
  wrongUsage: 2,
  /** All gateways or record nodes were asked, and nobody holds it. */
  noHolder: 3,
  /** No gateway or peer could be reached. */
  noNetwork: 4,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The meaning of each exit code, as the help and the command's README say it. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.done]: 'done',
  [EXIT.failed]: 'failed',
  [EXIT.wrongUsage]: 'wrong usage',
  [EXIT.noHolder]: 'nobody holds it',
  [EXIT.noNetwork]: 'no network',
}

const EXIT_OF: Partial<Record<MayflyErrorCode, ExitCode>> = {
  ERR_BAD_OPTION: EXIT.wrongUsage,
  ERR_BAD_KEY: EXIT.wrongUsage,
  ERR_BAD_END: EXIT.wrongUsage,
  ERR_BAD_MESSAGE: EXIT.wrongUsage,
  ERR_BAD_RULE: EXIT.wrongUsage,
  ERR_SHARE_WRONG: EXIT.wrongUsage,
  ERR_NO_HOLDER: EXIT.noHolder,
  ERR_NO_NETWORK: EXIT.noNetwork,
  ERR_CLOCK: EXIT.noNetwork,
}

export function exitCodeOf(error: unknown): ExitCode {
  return (error instanceof MayflyError && EXIT_OF[error.code]) || EXIT.failed
}
