/** A setting of the command as `settings.ts` declares it, and the sub-commands. */

export type CommandName =
  | 'start'
  | 'hold'
  | 'share'
  | 'get'
  | 'holders'
  | 'send'
  | 'receive'
  | 'contacts'
  | 'status'
  | 'ls'
  | 'completion'
  | 'man'

export interface Setting {
  /** The sub-commands that have it. */
  commands: readonly CommandName[] | 'all'
  /** The flag's short form. */
  short?: string
  /** The form of its value, as the help shows it. A setting without one is a switch. */
  value?: string
  /** Its possible values, where they are few: a shell completes them. */
  choices?: readonly string[]
  /** May be given several times: its value is the array of all, empty by default. */
  repeatable?: true
  /** Separates several values in an environment variable: white space and commas when left out. A JSON array needs none. */
  separator?: RegExp
  /** The value is JSON, or an array of several: one in an environment variable, and in the file as it is. */
  isJson?: true
  /** The flag has no value, which others on the machine would see in the list of processes: it asks at the terminal. Variable and file have it. */
  isSecret?: true
  /** A running node takes it at SIGHUP; every other setting waits for the next start. */
  isLive?: true
  default?: unknown
  /** Defaults of the sub-commands that differ. */
  defaultFor?: Partial<Record<CommandName, unknown>>
  /** Shown as the default where that depends on the environment, or is another part's. */
  defaultText?: string
  help: string
  /** For sub-commands in which it means something else. */
  helpFor?: Partial<Record<CommandName, string>>
  /**
   * Reads one value; a switch has none.
   *
   * @throws {MayflyError} ERR_BAD_OPTION, whose message says what is expected
   */
  parse?: (text: string) => unknown
}
