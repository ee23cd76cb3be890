/** The `mayfly` command: its sub-commands, flags and help, parsed by commander. `main.ts` runs it in the process. */

import { Command, CommanderError, Option } from 'commander'
import { MayflyError } from '../errors.ts'
import type { ProcessContext } from './command-context.ts'
import { COMMAND_NAMES, COMMANDS } from './command-table.ts'
import { type ConfigurationInput, readConfiguration } from './configuration.ts'
import { EXIT, EXIT_MEANINGS, type ExitCode, exitCodeOf } from './exit-code.ts'
import { refuseIdleFlags } from './idle-settings.ts'
import { readPackageVersion } from './package.ts'
import { fatalLine, logLine } from './print/fatal-line.ts'
import { createOutput, type Output, type OutputStream, watchStreamEnd } from './print/output.ts'
import {
  type CommandName,
  describeDefault,
  describeSetting,
  environmentVariableOf,
  fileKeyOf,
  flagOf,
  SETTING_NAMES,
  SETTINGS,
  settingsOf,
} from './settings.ts'
import { SUB_COMMANDS } from './sub-commands.ts'

interface CommandInput extends ProcessContext {
  /** The arguments after the command's name. */
  argv: string[]
}

/** Runs one sub-command to its end. Failures are printed on standard error; it never rejects. */
export async function runCommand(input: CommandInput): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done
  let output: Output | undefined
  const isLogged = writesLog(input)
  const end = watchStreamEnd(input.stdout)
  const version = await readPackageVersion()
  let misuse = ''
  const program = createProgram(input, version, (text) => {
    if (isLogged) misuse += text
    else input.stderr.write(text)
  })
  for (const name of namesIn(input.argv)) {
    const command = addSubCommand(program, name)
    command.action(async () => {
      const { config: configFile, ...given } = command.optsWithGlobals()
      const read = () => readConfiguration({ flags: flagsOf(given), env: input.env, configFile, command: name })
      const { configuration, sources } = await read()
      output = createOutput({ ...input, json: configuration.json, end })
      const readSettings = async () => (await read()).configuration
      const context = { ...input, configuration, readSettings, output, version }
      const args: string[] = command.processedArgs.flat()
      refuseIdleFlags(name, configuration, sources, args)
      exitCode = await SUB_COMMANDS[name](context, args, sources)
    })
  }
  try {
    refuseShownSecrets(input.argv)
    try {
      refuseUnknownHelp(program, input.argv)
      await program.parseAsync(input.argv, { from: 'user' })
    } finally {
      await end.flush() // its failure is the cause of others
    }
    return exitCode
  } catch (error) {
    // commander has printed it already; its own code is 1 for every misuse.
    if (error instanceof CommanderError) {
      if (misuse !== '') input.stderr.write(logLine('fatal', misuse.trim(), { code: error.code }))
      return error.exitCode === 0 ? EXIT.done : EXIT.wrongUsage
    }
    // A reader that has read enough (`| head`) ends the command.
    if (end.isReaderGone()) return EXIT.done
    if (isLogged && output?.json !== true && !input.argv.includes('--json')) {
      input.stderr.write(fatalLine(error))
      return exitCodeOf(error)
    }
    output ??= createOutput({ ...input, json: input.argv.includes('--json'), end })
    output.problem(error)
    return exitCodeOf(error)
  }
}

/** The commands that these arguments may run, or tell of: all of them where the first one is none, such as `help`. */
function namesIn([first = '']: readonly string[]): readonly CommandName[] {
  const named = COMMAND_NAMES.filter((name) => name === first)
  return named.length > 0 ? named : COMMAND_NAMES
}

/** @throws {MayflyError} ERR_BAD_OPTION: a secret stands in the command line, where others on the machine see it */
function refuseShownSecrets(argv: readonly string[]): void {
  const secrets = SETTING_NAMES.filter((name) => SETTINGS[name].isSecret)
  const shown = secrets.find((name) => argv.some((arg) => arg.startsWith(`${flagOf(name)}=`)))
  if (shown === undefined) return
  const [flag, variable] = [flagOf(shown), environmentVariableOf(shown)]
  throw new MayflyError(
    'ERR_BAD_OPTION',
    `${flag} takes no value, since others on this machine could read it (ps): ${flag} alone asks for it, and ${variable} has it for scripts`,
  )
}

/** commander shows all the help instead, without a word. */
function refuseUnknownHelp(program: Command, [first, name]: readonly string[]): void {
  if (first === 'help' && name !== undefined && name !== 'help' && !(name in COMMANDS)) program.error(`error: unknown command '${name}'`)
}

/** True where standard error is the log of a node, in JSON: then it stays JSON to its last line. */
export function writesLog({ argv, stderr }: { argv: readonly string[]; stderr: OutputStream }): boolean {
  return stderr.isTTY !== true && argv.find((each) => each in SUB_COMMANDS) === 'start'
}

function createProgram({ stdout }: CommandInput, version: string, writeErr: (text: string) => void): Command {
  const meanings = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `${code} ${meaning}`)
  const program = new Command('mayfly')
    .description('Pages and files that exist as long as somebody is there for them.')
    .version(version, '-V, --version')
    .option('--config <file>', 'JSON file with settings by name [MAYFLY_CONFIG]')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(`mayfly --help` lists the commands)')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr })
    .addHelpText('after', `\nExit codes: ${meanings.join(', ')}.`)
    .exitOverride()
  addSettings(program, 'all')
  return program
}

function addSubCommand(program: Command, name: CommandName): Command {
  const { description, arguments: all = [] } = COMMANDS[name]
  const command = program
    .command(name)
    .description(description)
    .showHelpAfterError(`(\`mayfly help ${name}\` shows its arguments and flags)`)
  for (const { form, help, defaultValue } of all) command.argument(form, help, defaultValue)
  addSettings(command, name)
  return command
}

function addSettings(program: Command, of: CommandName | 'all'): void {
  for (const name of settingsOf(of)) {
    const { short, value, repeatable } = SETTINGS[name]
    const command = of === 'all' ? undefined : of
    const flag = [short, flagOf(name)].filter((part) => part !== undefined).join(', ')
    // In the text, since commander's own default would look like a given flag and so beat the environment.
    const byDefault = describeDefault(name, command)
    const option = new Option(
      value === undefined ? flag : `${flag} <${value}>`,
      `${describeSetting(name, command)} [${environmentVariableOf(name)}]${byDefault === undefined ? '' : ` (default: ${byDefault})`}`,
    )
    option.negate = false // else commander takes a flag that begins with `--no-` for the opposite of another one
    if (repeatable) option.argParser<string[]>((text, earlier) => [...(earlier ?? []), text])
    program.addOption(option)
  }
}

/** By setting, the flags that were given. commander names a value after its flag, as the configuration file does. */
function flagsOf(given: Record<string, string | boolean | string[]>): ConfigurationInput['flags'] {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, given[fileKeyOf(name)]]))
}
