/**
 * The `mayfly` command: its sub-commands, flags and help. It stands above everything and loads only what the sub-command needs, since
 * the overlay takes longer to load than most commands to run. `main.ts` runs it in the process.
 */

import type { Readable } from 'node:stream'
import { Command, CommanderError, Option } from 'commander'
import { formatDuration } from '../async/duration.ts'
import type { CommandContext } from './command-context.ts'
import { readConfiguration } from './configuration.ts'
import { EXIT, EXIT_MEANINGS, type ExitCode, exitCodeOf } from './exit-code.ts'
import { readPackageVersion } from './package.ts'
import { createOutput, type Output, type OutputStream } from './print/output.ts'
import {
  COMMAND_DEFAULTS,
  COMMAND_SETTINGS,
  COMMON_SETTINGS,
  CONFIGURATION_DEFAULTS,
  type Configuration,
  environmentVariableOf,
  flagOf,
  SETTINGS,
  type SettingName,
} from './settings.ts'
import type { ContentReference } from './values/content-reference.ts'

export interface CommandInput {
  /** What follows the command's name. */
  argv: string[]
  env: Readonly<Record<string, string | undefined>>
  stdin: Readable
  stdout: OutputStream
  stderr: OutputStream
  /** Aborted when the process is asked to end. */
  signal: AbortSignal
}

const DEFAULT_RECEIVER = 'inbox'

/** Runs one sub-command to its end. What goes wrong is told on standard error; it never rejects. */
export async function runCommand(input: CommandInput): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done
  let output: Output | undefined
  const version = await readPackageVersion()
  const program = createProgram(input, version)

  /** Reads the settings of a sub-command, then runs it. */
  const run = async (command: Command, runIn: (context: CommandContext) => Promise<ExitCode>, defaults: Partial<Configuration> = {}) => {
    const { config, ...flags } = command.optsWithGlobals()
    const { configuration } = await readConfiguration({ flags: settingFlags(flags), env: input.env, configFile: config, defaults })
    output = createOutput({ ...input, json: configuration.json })
    exitCode = await runIn({ ...input, configuration, output, version })
  }
  /** The same for what is about one content: a link's own gateway is asked, unless the command line says another. */
  const runAbout = async (
    command: Command,
    text: string,
    runIn: (context: CommandContext, about: ContentReference) => Promise<ExitCode>,
  ) => {
    const { parseContentReference } = await import('./values/content-reference.ts')
    const about = parseContentReference(text)
    const { origin } = about
    await run(command, (context) => {
      const isJoinGiven = command.optsWithGlobals().join !== undefined
      if (origin === undefined || isJoinGiven) return runIn(context, about)
      return runIn({ ...context, configuration: { ...context.configuration, join: [origin] } }, about)
    })
  }

  const start = program
    .command('start')
    .description('run a node with its gateway and app')
    .action(async () => {
      const { runStart } = await import('./commands/start-command.ts')
      await run(start, runStart, COMMAND_DEFAULTS.start)
    })
  addSettings(start, COMMAND_SETTINGS.start)

  const hold = program
    .command('hold')
    .description('hold files and folders, and print their links, until interrupted')
    .argument('<file...>', 'files, folders, or - for standard input')
  hold.action(async (paths: string[]) => {
    const { runHold } = await import('./commands/hold-command.ts')
    await run(hold, (context) => runHold(context, paths))
  })
  addSettings(hold, COMMAND_SETTINGS.hold)

  const get = program
    .command('get')
    .description('get content, checked')
    .argument('<hash|url>', 'a hash, a CID or a link; a bundle, or with /path a file of it')
  get.action(async (text: string) => {
    const { runGet } = await import('./commands/get-command.ts')
    await runAbout(get, text, runGet)
  })
  addSettings(get, COMMAND_SETTINGS.get)

  const holders = program.command('holders').description('how many hold it').argument('<hash|url>', 'a hash, a CID or a link')
  holders.action(async (text: string) => {
    const { runHolders } = await import('./commands/holders-command.ts')
    await runAbout(holders, text, runHolders)
  })
  addSettings(holders, COMMAND_SETTINGS.holders)

  const send = program
    .command('send')
    .description('post a message')
    .argument('<end>', "'#name' (in quotes: # begins a comment), or a receiver's hashname")
    .argument('[text]', 'what it says; standard input when it is - or left out')
  send.action(async (end: string, text: string | undefined) => {
    const { runSend } = await import('./commands/send-command.ts')
    await run(send, (context) => runSend(context, end, text))
  })
  addSettings(send, COMMAND_SETTINGS.send)

  const receive = program
    .command('receive')
    .description('receive messages, keep them on disk and show them in a page, until interrupted')
    .argument('[name]', 'the receiver, or #end for one that listens there too', DEFAULT_RECEIVER)
  receive.action(async (name: string) => {
    const { runReceive } = await import('./commands/receive-command.ts')
    await run(receive, (context) => runReceive(context, name), COMMAND_DEFAULTS.receive)
  })
  addSettings(receive, COMMAND_SETTINGS.receive, COMMAND_DEFAULTS.receive)

  const status = program.command('status').description('what a node says about itself')
  status.action(async () => {
    const { runStatus } = await import('./commands/status-command.ts')
    await run(status, runStatus)
  })

  try {
    await program.parseAsync(input.argv, { from: 'user' })
    return exitCode
  } catch (error) {
    // commander has told it already; its own code is 1 for every misuse.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUsage
    output ??= createOutput({ ...input, json: input.argv.includes('--json') })
    output.problem(error)
    return exitCodeOf(error)
  }
}

function createProgram({ stdout, stderr }: CommandInput, version: string): Command {
  const exitCodes = Object.entries(EXIT_MEANINGS)
    .map(([exitCode, meaning]) => `${exitCode} ${meaning}`)
    .join(', ')
  const program = new Command('mayfly')
    .description('Pages and files that exist as long as somebody is there for them.')
    .version(version, '-V, --version')
    .option('--config <file>', 'JSON file with settings by name [MAYFLY_CONFIG]')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(`mayfly --help` shows what there is)')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .addHelpText('after', `\nExit codes: ${exitCodes}.`)
    .exitOverride()
  addSettings(program, COMMON_SETTINGS)
  return program
}

function addSettings(command: Command, names: readonly SettingName[], defaults: Partial<Configuration> = {}): void {
  for (const name of names) {
    const { short, value, repeatable, isOn, help } = SETTINGS[name]
    const flag = [short, flagOf(name)].filter((part) => part !== undefined).join(', ')
    const option = new Option(
      value === undefined ? flag : `${flag} <${value}>`,
      `${help} [${environmentVariableOf(name)}]${defaultText(name, defaults)}`,
    )
    // Without its opposite, commander takes a `--no-` flag that was not given for one that says yes.
    if (isOn) command.addOption(new Option(flagOf(name).replace(/^--no-/, '--')).hideHelp())
    if (repeatable) option.argParser<string[]>((text, earlier) => [...(earlier ?? []), text])
    command.addOption(option)
  }
}

/** commander's own default would look like a given flag, and go before the environment. */
function defaultText(name: SettingName, defaults: Partial<Configuration>): string {
  if (name === 'join') return ` (default: ${CONFIGURATION_DEFAULTS.join.join(' ')}; start joins nobody)`
  if (name === 'data') return ' (default: ~/.local/share/mayfly)'
  if (name === 'timeoutMs') return ` (default: ${formatDuration(CONFIGURATION_DEFAULTS.timeoutMs)})`
  const value = defaults[name] ?? CONFIGURATION_DEFAULTS[name]
  const isUnsaid = value === undefined || value === 0 || typeof value === 'boolean' || (Array.isArray(value) && value.length === 0)
  return isUnsaid ? '' : ` (default: ${value})`
}

/** commander names a value after its flag; a setting that is a time has its unit in its name besides. */
function settingFlags(flags: Record<string, string | boolean | string[]>): Partial<Record<SettingName, string | boolean | string[]>> {
  return Object.fromEntries((Object.keys(SETTINGS) as SettingName[]).map((name) => [name, flags[optionNameOf(name)]]))
}

function optionNameOf(name: SettingName): string {
  return new Option(flagOf(name)).attributeName()
}
