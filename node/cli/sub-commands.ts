/** The code of each sub-command of `mayfly`; `command-table.ts` describes them. Each loads its code when it runs, since the overlay and the gateway take longer to load than most of them run. */

import type { Link } from '../keys/links.ts'
import { countBytesApart } from '../server/port/byte-memory.ts'
import { holdYoungMemory } from '../server/port/young-memory.ts'
import type { CommandContext } from './command-context.ts'
import { createReload } from './commands/reload.ts'
import type { SettingSources } from './configuration.ts'
import type { ExitCode } from './exit-code.ts'
import type { CommandName } from './settings.ts'

/** @param args the arguments of the command line; required ones are there */
type RunSubCommand = (context: CommandContext, args: string[], sources: SettingSources) => Promise<ExitCode>

export const SUB_COMMANDS: Readonly<Record<CommandName, RunSubCommand>> = {
  start: async (context, _, sources) => {
    const reload = createReload(context) // before the long loading, during which SIGHUP may come
    countBytesApart()
    holdYoungMemory()
    return (await import('./commands/start-command.ts')).runStart(context, reload, sources)
  },
  hold: async (context, paths) => {
    countBytesApart()
    return (await import('./commands/hold-command.ts')).runHold(context, paths)
  },
  share: async (context, paths, sources) => {
    countBytesApart()
    const { to, with: contact } = context.configuration
    if (contact !== undefined) return (await import('./commands/offer-command.ts')).runOffer(context, paths, contact)
    if (to === undefined) return (await import('./commands/share-command.ts')).runShare(context, paths)
    const origin = URL.canParse(to) ? new URL(to).origin : undefined
    return (await import('./commands/send-files-command.ts')).runSendFiles(joining(context, origin, sources), paths, to)
  },
  get: async (...given) => runAbout((await import('./commands/get-command.ts')).runGet, ...given),
  holders: async (...given) => runAbout((await import('./commands/holders-command.ts')).runHolders, ...given),
  send: async (context, [end = '', text]) => (await import('./commands/send-command.ts')).runSend(context, end, text),
  receive: async (context, [name = ''], sources) => {
    countBytesApart()
    const { files, offers } = context.configuration
    if (files !== undefined) return (await import('./commands/drop-box-command.ts')).runDropBox(context, files)
    if (offers !== undefined) return (await import('./commands/receive-offers-command.ts')).runReceiveOffers(context, offers)
    const { shareTargetOf } = await import('./values/share-target.ts')
    const target = shareTargetOf(name, context.configuration.data)
    if (target === undefined) return (await import('./commands/receive-command.ts')).runReceive(context, name)
    const { runReceiveShare } = await import('./commands/receive-share-command.ts')
    const origin = target.kind === 'link' ? target.origin : undefined
    return runReceiveShare(joining(context, origin, sources), target)
  },
  contacts: async (context, [alias, code]) => (await import('./commands/contacts-command.ts')).runContacts(context, alias, code),
  status: async (context) => (await import('./commands/status-command.ts')).runStatus(context),
  ls: async (context) => (await import('./commands/ls-command.ts')).runLs(context),
  completion: async (context, [shell = '']) => (await import('./commands/table-commands.ts')).runCompletion(context, shell),
  man: async (context) => (await import('./commands/table-commands.ts')).runMan(context),
}

/** Runs a sub-command about one content. */
async function runAbout(
  run: (context: CommandContext, about: Link) => Promise<ExitCode>,
  context: CommandContext,
  [text = '']: string[],
  sources: SettingSources,
): Promise<ExitCode> {
  const { decodeLink } = await import('../keys/links.ts')
  const about = decodeLink(text)
  return run(joining(context, about.origin, sources), about)
}

/** The context with a link's own gateway to join, unless the command line names another. */
function joining(context: CommandContext, origin: string | undefined, sources: SettingSources): CommandContext {
  if (origin === undefined || sources.join === 'flag') return context
  return { ...context, configuration: { ...context.configuration, join: [origin] } }
}
