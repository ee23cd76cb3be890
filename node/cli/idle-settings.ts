/**
 * Settings that do nothing as a sub-command is called, since another one is missing or stands in their way. A flag of these is refused, so that
 * nobody relies on it. A variable or a file may be shared by several commands: of those in vain, a node's log says so.
 */

import { MayflyError } from '../errors.ts'
import type { SettingSource, SettingSources } from './configuration.ts'
import { type CommandName, type Configuration, environmentVariableOf, fileKeyOf, flagOf, type SettingName } from './settings.ts'
import { shareTargetOf } from './values/share-target.ts'

interface Condition {
  command: CommandName
  settings: readonly SettingName[]
  /** True when they have an effect. @param args the arguments of the sub-command */
  isMet(configuration: Configuration, args: readonly string[]): boolean
  /** Ends the sentence that begins "--tap does nothing". */
  words: string
}

const OF_AN_INBOX = ['tap', 'rule', 'policy', 'name', 'mute', 'keepDays', 'trustClock', 'keepCount', 'senderRate'] as const
const OF_ITS_PAGE = ['port', 'host', 'publicUrl', 'token'] as const

const OF_A_BOX = ['title', 'maxFileSize', 'maxFiles', 'accept', 'untilMs'] as const
/** Rules of a share that is sent to one drop box. */
const OF_RECEIVERS = ['once', 'receivers', 'untilMs', 'stopAfterFirst', 'ask', 'password', 'keep', 'noCode', 'noQr'] as const

const takesFiles = ({ files, offers }: Configuration) => files !== undefined || offers !== undefined
const addsContact = ({ take, withdraw, remove }: Configuration, [alias]: readonly string[]) =>
  alias !== undefined && take === undefined && !withdraw && !remove
const isShare = ({ data }: Configuration, [target = '']: readonly string[]) => shareTargetOf(target, data) !== undefined

const CONDITIONS: readonly Condition[] = [
  {
    command: 'receive',
    settings: ['output', 'waitMs', 'password', 'list', 'only', 'overwrite'],
    isMet: isShare,
    words: 'without a share: name its link or its code',
  },
  {
    command: 'receive',
    settings: ['yes'],
    isMet: (configuration, args) => configuration.offers !== undefined || isShare(configuration, args),
    words: 'without a share, or --offers DIR: name its link or its code',
  },
  {
    command: 'receive',
    settings: ['timeoutMs'],
    isMet: (configuration, args) => takesFiles(configuration) || isShare(configuration, args),
    words: 'for a receiver of messages, which joins the network when it can',
  },
  {
    command: 'receive',
    settings: OF_A_BOX,
    isMet: ({ files }) => files !== undefined,
    words: 'without --files DIR, which takes files from others',
  },
  { command: 'receive', settings: ['maxSize'], isMet: takesFiles, words: 'without --files DIR or --offers DIR' },
  {
    command: 'receive',
    settings: ['offers'],
    isMet: ({ files }, [target]) => files === undefined && target === 'inbox',
    words: 'with --files, a share, or the name of a receiver: it is for contacts',
  },
  {
    command: 'receive',
    settings: ['files'],
    isMet: (_, [target]) => target === 'inbox',
    words: 'with the name of a receiver, or a share, to receive from: it makes a link for others',
  },
  {
    command: 'receive',
    settings: [...OF_AN_INBOX, ...OF_ITS_PAGE, 'noView', 'export'],
    isMet: (configuration, args) => !takesFiles(configuration) && !isShare(configuration, args),
    words: 'for files: it is for a receiver of messages',
  },
  {
    command: 'receive',
    settings: ['only', 'yes', 'overwrite', 'output'],
    isMet: ({ list }) => !list,
    words: 'with --list, which takes nothing',
  },
  { command: 'share', settings: ['from'], isMet: ({ to }) => to !== undefined, words: 'without --to URL, which sends to a drop box' },
  { command: 'share', settings: OF_RECEIVERS, isMet: ({ to }) => to === undefined, words: 'with --to, whose drop box is the one receiver' },
  {
    command: 'share',
    settings: [...OF_RECEIVERS, 'to'],
    isMet: (given) => given.with === undefined,
    words: 'with --with, whose contact is the one receiver',
  },
  {
    command: 'contacts',
    settings: ['take', 'withdraw', 'remove'],
    isMet: (_, [alias, code]) => alias !== undefined && code === undefined,
    words: 'without the alias of one contact, or with a code',
  },
  { command: 'contacts', settings: ['timeoutMs'], isMet: addsContact, words: 'without somebody to add' },
  { command: 'share', settings: ['receivers'], isMet: ({ once }) => !once, words: 'with --once, which is for one receiver' },
  {
    command: 'start',
    settings: OF_AN_INBOX,
    isMet: ({ receive }) => receive !== undefined,
    words: 'without --receive NAME, which makes the node a receiver',
  },
  {
    command: 'receive',
    settings: [...OF_AN_INBOX, ...OF_ITS_PAGE, 'noView'],
    isMet: (configuration) => !configuration.export,
    words: 'with --export, which prints the stored messages and ends',
  },
  { command: 'receive', settings: OF_ITS_PAGE, isMet: ({ noView }) => !noView, words: 'with --no-view, since there is no page' },
  {
    command: 'start',
    settings: ['rule'],
    isMet: ({ tap, receive }) => tap.length > 0 || receive?.startsWith('#') === true,
    words: 'without an open end to listen at: --tap #END',
  },
  {
    command: 'receive',
    settings: ['rule'],
    isMet: ({ tap }, [name]) => tap.length > 0 || name?.startsWith('#') === true,
    words: 'without an open end to listen at: --tap #END',
  },
]

/** @throws {MayflyError} ERR_BAD_OPTION: a flag was given that does nothing; the message says what is missing */
export function refuseIdleFlags(
  command: CommandName,
  configuration: Configuration,
  sources: SettingSources,
  args: readonly string[],
): void {
  const idle = idleSettings(command, configuration, sources, args).find(({ source }) => source === 'flag')
  if (idle !== undefined) throw new MayflyError('ERR_BAD_OPTION', idle.sentence)
}

/** Settings that were given and do nothing, with a sentence about each. */
export function idleSettings(command: CommandName, configuration: Configuration, sources: SettingSources, args: readonly string[]) {
  return CONDITIONS.filter((condition) => condition.command === command && !condition.isMet(configuration, args)).flatMap(
    ({ settings, words }) =>
      settings
        .filter((name) => sources[name] !== 'default')
        .map((name) => ({ source: sources[name], sentence: `${labelOf(name, sources[name])} does nothing ${words}` })),
  )
}

function labelOf(name: SettingName, source: SettingSource): string {
  if (source === 'flag') return flagOf(name)
  return source === 'environment' ? environmentVariableOf(name) : `"${fileKeyOf(name)}" in the configuration file`
}
