/** The context of a sub-command: its settings, and the process's streams and signal. */

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
  /** The version of the package. */
  version: string
}
