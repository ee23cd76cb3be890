/** The sub-commands of `mayfly`. Each loads its code when it runs, since the overlay and the gateway take longer to load than most of them run. */

import type { Link } from '../keys/index.ts'
import type { CommandContext } from './command-context.ts'
import { createReload } from './commands/reload.ts'
import type { SettingSource } from './configuration.ts'
import type { ExitCode } from './exit-code.ts'
import type { CommandName, SettingName } from './settings.ts'

type Sources = Readonly<Record<SettingName, SettingSource>>

interface SubCommand {
  description: string
  arguments?: readonly [form: string, help: string, defaultValue?: string][]
  /** @param args the arguments of the command line; required ones are there */
  run(context: CommandContext, args: string[], sources: Sources): Promise<ExitCode>
}

/** In the order of the help. */
export const SUB_COMMANDS: Readonly<Record<CommandName, SubCommand>> = {
  start: {
    description: 'run a node with its gateway and app',
    run: async (context) => {
      const reload = createReload(context) // before the long loading, during which SIGHUP may come
      return (await import('./commands/start-command.ts')).runStart(context, reload)
    },
  },
  hold: {
    description: 'hold files and folders, and print their links, until interrupted',
    arguments: [['<file...>', 'files, folders, or - for standard input']],
    run: async (context, paths) => (await import('./commands/hold-command.ts')).runHold(context, paths),
  },
  get: {
    description: 'fetch content, and check it',
    arguments: [['<hash|url>', 'a hash, a CID or a link; with /path, one file of a bundle']],
    run: async (...given) => runAbout((await import('./commands/get-command.ts')).runGet, ...given),
  },
  holders: {
    description: 'count the holders of content',
    arguments: [['<hash|url>', 'a hash, a CID or a link']],
    run: async (...given) => runAbout((await import('./commands/holders-command.ts')).runHolders, ...given),
  },
  send: {
    description: 'send a message',
    arguments: [
      ['<end>', "'#name' (in quotes: # begins a comment), or a receiver's hashname"],
      ['[text]', 'the message; standard input when it is - or left out'],
    ],
    run: async (context, [end = '', text]) => (await import('./commands/send-command.ts')).runSend(context, end, text),
  },
  receive: {
    description: 'receive messages, store them on disk and show them in a page, until interrupted',
    arguments: [['[name]', 'name of the receiver, or #end for one that listens there too', 'inbox']],
    run: async (context, [name = '']) => (await import('./commands/receive-command.ts')).runReceive(context, name),
  },
  status: {
    description: 'print the status of a node',
    run: async (context) => (await import('./commands/status-command.ts')).runStatus(context),
  },
}

/** Runs a sub-command about one content. A link's own gateway is asked, unless the command line names another. */
async function runAbout(
  run: (context: CommandContext, about: Link) => Promise<ExitCode>,
  context: CommandContext,
  [text = '']: string[],
  sources: Sources,
): Promise<ExitCode> {
  const { decodeLink } = await import('../keys/index.ts')
  const about = decodeLink(text)
  if (about.origin === undefined || sources.join === 'flag') return run(context, about)
  return run({ ...context, configuration: { ...context.configuration, join: [about.origin] } }, about)
}
