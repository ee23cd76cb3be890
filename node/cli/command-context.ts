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
  /** From now on SIGHUP calls the listener instead of ending the process, unless the terminal of the process has closed. */
  onHangup?(listener: () => void): void
}

export interface CommandContext extends ProcessContext {
  configuration: Configuration
  /** Reads the settings again, from where they were read at first. @throws {MayflyError} ERR_BAD_OPTION */
  readSettings(): Promise<Configuration>
  output: Output
  /** The version of the package. */
  version: string
}
