/** What each sub-command is handed: the process's streams and signal as arguments, and what the command line asked for. */

import type { Readable } from 'node:stream'
import type { Output, OutputStream } from './print/output.ts'
import type { Configuration } from './settings.ts'

export interface CommandContext {
  configuration: Configuration
  stdin: Readable
  stdout: OutputStream
  stderr: OutputStream
  output: Output
  env: Readonly<Record<string, string | undefined>>
  /** Aborted when the process is asked to end. */
  signal: AbortSignal
  /** Of the package. */
  version: string
}
