/** The context of a sub-command: its settings, and the process's streams and signal. */

import type { Readable } from 'node:stream'
import type { Output, OutputStream } from './print/output.ts'
import type { Configuration } from './settings.ts'

/** The parts of its process that the command uses. */
export interface ProcessContext {
  env: Readonly<Record<string, string | undefined>>
  stdin: Readable
  stdout: OutputStream
  stderr: OutputStream
  /** Aborted when the process is asked to end. */
  signal: AbortSignal
}

export interface CommandContext extends ProcessContext {
  configuration: Configuration
  output: Output
  /** The version of the package. */
  version: string
}
