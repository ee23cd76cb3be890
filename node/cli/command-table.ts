/** The command line as data: sub-commands, arguments and flags. The help, the shells' completions and the manual page are made from it. */

import { type CommandName, describeDefault, describeSetting, environmentVariableOf, flagOf, SETTINGS, settingsOf } from './settings.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface Argument {
  /** As commander has it: `<file...>`. */
  form: string
  help: string
  defaultValue?: string
  choices?: readonly string[]
}

interface CommandFacts {
  description: string
  arguments?: readonly Argument[]
}

/** In the order of the help. */
export const COMMANDS: Readonly<Record<CommandName, CommandFacts>> = {
  start: { description: 'run a node with its gateway and app' },
  hold: {
    description: 'hold files and folders, and print their links, until interrupted',
    arguments: [{ form: '<file...>', help: 'files, folders, or - for standard input' }],
  },
  share: {
    description: 'offer files, folders or words by a link and a code, until interrupted',
    arguments: [{ form: '[file...]', help: 'files, folders, or - for standard input' }],
  },
  get: {
    description: 'fetch content, and check it',
    arguments: [{ form: '<hash|url>', help: 'a hash, a CID or a link; with /path, one file of a bundle' }],
  },
  holders: { description: 'count the holders of content', arguments: [{ form: '<hash|url>', help: 'a hash, a CID or a link' }] },
  send: {
    description: 'send a message',
    arguments: [
      { form: '<end>', help: "'#name' (in quotes: # begins a comment), or a receiver's hashname" },
      { form: '[text]', help: 'the message; standard input when it is - or left out' },
    ],
  },
  receive: {
    description: 'receive what somebody shares by a link or a code; or messages, until interrupted',
    arguments: [
      {
        form: '[name]',
        help: 'link or code (mango-guitar-7342) of a share; else name of a receiver of messages, or #end for one that listens there too',
        defaultValue: 'inbox',
      },
    ],
  },
  contacts: {
    description: 'print the contacts of this directory, or add one by a code',
    arguments: [
      { form: '[alias]', help: 'what to call the contact; without a code it makes one, for the other to type' },
      { form: '[code]', help: 'the code that the other was given (mango-guitar-7342)' },
    ],
  },
  status: { description: 'print the status of a node' },
  ls: { description: 'list what a node holds' },
  completion: {
    description: 'print the completion script of a shell',
    arguments: [{ form: '<shell>', help: SHELLS.join(', '), choices: SHELLS }],
  },
  man: { description: 'print the man page: mayfly man | man -l -' },
}

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[]

export interface FlagFacts {
  short?: string
  /** With its dashes. */
  long: string
  /** The form of its value; undefined for a switch. */
  value?: string
  choices?: readonly string[]
  help: string
  variable?: string
  /** As people read it. */
  default?: string
}

/** The flags of one sub-command, without the common ones; `all` for the common ones. */
export function flagsOf(command: CommandName | 'all'): FlagFacts[] {
  const flags = settingsOf(command).map((name): FlagFacts => {
    const { short, value, choices } = SETTINGS[name]
    const ofCommand = command === 'all' ? undefined : command
    const byDefault = describeDefault(name, ofCommand)
    return {
      ...(short !== undefined && { short }),
      long: flagOf(name),
      ...(value !== undefined && { value }),
      ...(choices !== undefined && { choices }),
      help: describeSetting(name, ofCommand),
      variable: environmentVariableOf(name),
      ...(byDefault !== undefined && { default: byDefault }),
    }
  })
  if (command !== 'all') return flags
  const config = { long: '--config', value: 'file', help: 'JSON file with settings by name', variable: 'MAYFLY_CONFIG' }
  return [...flags, config, { short: '-h', long: '--help', help: 'print the flags of a command' }]
}

/** The kind of value that a shell completes: paths of files, of folders, some words, or nothing. */
export function completesAs({
  value = '',
  choices,
}: Pick<FlagFacts, 'value' | 'choices'>): 'files' | 'folders' | 'nothing' | readonly string[] {
  if (choices !== undefined) return choices
  if (value === 'dir') return 'folders'
  return value === 'file' ? 'files' : 'nothing'
}

/** The same for the arguments of a sub-command. */
export function completesArguments(command: CommandName): ReturnType<typeof completesAs> {
  const [first] = COMMANDS[command].arguments ?? []
  return completesAs({ value: first?.form.replace(/[^a-z|]/g, '') ?? '', ...(first?.choices && { choices: first.choices }) })
}
