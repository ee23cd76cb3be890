/**
 * The settings of the command, each declared once in `SETTINGS`: its flag, environment variable and key in the configuration file, the
 * sub-commands that have it, its default, and its possible values. `configuration.ts` reads them.
 */

import { resolve } from 'node:path'
import { formatDuration } from '../async/duration.ts'
import type { CommandName, Setting } from './setting.ts'
import { SHARING_SETTINGS } from './sharing-settings.ts'
import { parseIceServer } from './values/ice-server.ts'
import { parseField, parseHashname, parseMessageId, parsePolicy, parseSenderName } from './values/message-values.ts'
import {
  parseAmount,
  parseByteRate,
  parseCount,
  parseDurationSetting,
  parseFilled,
  parseJson,
  parseSwitch,
  refuseValue,
} from './values/plain-values.ts'
import { parseJoinAddress, parseOrigin, parsePageOrigin, parsePort, parseToken } from './values/server-values.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type { CommandName } from './setting.ts'

const RECEIVERS = ['start', 'receive'] as const
/** Commands that wait for the network; the others go on without it, and join when they can. */
const ASKING = ['hold', 'share', 'get', 'holders', 'send', 'receive', 'contacts', 'status', 'ls'] as const

/** In the order of the help. Times are in ms, sizes in bytes. */
const TABLE = {
  join: {
    commands: 'all',
    value: 'url',
    repeatable: true,
    default: ['http://localhost:4000'],
    defaultFor: { start: [] },
    defaultText: 'http://localhost:4000; start joins nobody',
    help: 'URL of a gateway, or multiaddr, to join; repeatable',
    parse: parseJoinAddress,
  },
  data: {
    commands: 'all',
    value: 'dir',
    defaultText: '~/.local/share/mayfly',
    help: 'directory of the identity, the account, the outbox and the receivers',
    parse: (text) => resolve(parseFilled(text)),
  },
  json: { commands: 'all', help: 'print JSON, one object per line' },
  timeoutMs: {
    commands: ASKING,
    value: 'time',
    default: 30_000, // longer than a gateway searches before it gives up
    help: 'how long to try to reach the network',
    parse: parseDurationSetting,
  },
  port: {
    commands: RECEIVERS,
    value: 'number',
    default: 4000,
    defaultFor: { receive: 4100 }, // beside a node on the same machine
    help: 'port to listen on, for pages and overlay; 0 takes a free one',
    helpFor: { receive: 'port of the page that shows the messages; 0 takes a free one' },
    parse: parsePort,
  },
  host: {
    commands: RECEIVERS,
    value: 'address',
    default: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 lets other machines in',
    parse: parseFilled,
  },
  publicUrl: { commands: RECEIVERS, value: 'url', help: 'origin at which people reach this gateway', parse: parseOrigin },
  contentHost: {
    commands: ['start'],
    value: 'url',
    help: 'origin below which each held page has an origin of its own, such as https://held.example; it needs the name and a certificate for *.held.example',
    parse: parseOrigin,
  },
  allowOrigin: {
    commands: ['start'],
    isLive: true,
    value: 'origin',
    repeatable: true,
    defaultText: 'with a public URL every page may join, else none of the web',
    help: "origin of other people's pages that may join here and post messages, such as https://app.example; * for every page; repeatable",
    parse: parsePageOrigin,
  },
  token: {
    commands: [...RECEIVERS, 'ls'],
    isLive: true,
    value: 'token',
    help: 'bearer token with which other machines may hold, release, list what is held, and read the inbox and the metrics',
    helpFor: {
      receive: 'bearer token with which other machines may read the messages',
      ls: 'bearer token of the node, for another machine than its own',
    },
    parse: parseToken,
  },
  trustProxy: {
    commands: ['start'],
    help: "take clients' addresses from X-Forwarded-For of a reverse proxy on this machine; its requests are the owner's only with the token",
  },
  clientFetches: {
    commands: ['start'],
    isLive: true,
    value: 'number',
    help: 'fetches at once for one client of the gateway; programs on this machine are exempt',
    parse: parseCount,
  },
  clientRate: {
    commands: ['start'],
    isLive: true,
    value: 'rate',
    help: 'bytes per second for one client of the gateway, such as 2MB; programs on this machine are exempt',
    parse: parseByteRate,
  },
  peerRate: {
    commands: ['start', 'hold', 'share'],
    isLive: true,
    value: 'rate',
    help: 'bytes per second for one peer that fetches content from here, such as 2MB',
    parse: parseByteRate,
  },
  messageRate: {
    commands: ['start'],
    isLive: true,
    value: 'number',
    defaultText: '100',
    help: 'messages of one sender that are passed on per second, and ten times as many at once',
    parse: parseCount,
  },
  iceServer: {
    commands: ['start'],
    isLive: true,
    value: 'url',
    repeatable: true, // none by default: a stranger's server would learn who speaks with whom
    help: 'STUN or TURN server for tabs: stun:host:port, turn:host:port; repeatable',
    parse: parseIceServer,
  },
  turnSecret: {
    commands: ['start'],
    isLive: true,
    value: 'secret',
    help: "secret that the TURN servers share with this node (coturn's static-auth-secret): each tab has a password of its own from it, for an hour",
    parse: parseFilled,
  },
  logLevel: {
    commands: ['start'],
    isLive: true,
    value: 'level',
    choices: LOG_LEVELS,
    default: 'info',
    help: LOG_LEVELS.join(', '),
    parse: parseLogLevel,
  },
  output: {
    commands: ['get', 'receive'],
    short: '-o',
    value: 'file',
    help: 'write to a file instead of standard output; a folder for the files of a folder',
    helpFor: { receive: 'save the files of a share in this folder, instead of the current one' },
    parse: parseFilled,
  },
  waitMs: {
    commands: ['get', 'send', 'receive'],
    value: 'time',
    default: 0,
    defaultFor: { receive: 60_000 },
    help: 'how long to wait until somebody holds it',
    helpFor: { send: 'how long to wait until a receiver has stored the message', receive: 'how long to wait for the sender of a share' },
    parse: parseDurationSetting,
  },
  limits: { commands: ['status'], help: 'print the limits of the node, too' },
  watch: { commands: ['holders'], help: 'keep running, and print each change' },
  skipOdd: {
    commands: ['hold', 'share'],
    help: 'leave out of a folder what a link cannot have: links out of it, pipes, sockets, devices, unreadable files',
  },
  skipHidden: { commands: ['hold', 'share'], help: 'leave out of a folder what has a name that begins with a dot' },
  private: { commands: ['hold'], help: 'encrypt content and file name: only people with the link can read them' },
  ...SHARING_SETTINGS,
  ttlMs: {
    commands: ['send'],
    value: 'time',
    defaultText: '1d',
    help: 'how long to try to deliver the message, from 1s to 7d',
    parse: parseDurationSetting,
  },
  type: { commands: ['send'], value: 'type', help: "the message's media type, such as text/markdown", parse: parseFilled },
  field: {
    commands: ['send'],
    value: 'name=value',
    repeatable: true,
    separator: /\s*[,\n]\s*(?=[^\s,=]+=)/, // a comma before the next name=: values may have spaces and commas
    help: 'field by which receivers can select messages; repeatable',
    parse: parseField,
  },
  re: { commands: ['send'], value: 'id', help: 'id of the message that this one answers', parse: parseMessageId },
  noView: { commands: ['receive'], help: 'print messages only, without a page of the inbox' },
  export: { commands: ['receive'], help: 'print all stored messages as JSON lines, and exit' },
  receive: { commands: ['start'], value: 'name', help: 'receive messages too, as the receiver of this name', parse: parseFilled },
  tap: {
    commands: RECEIVERS,
    value: '#end',
    repeatable: true,
    help: 'open end to listen at, besides the own address; repeatable',
    parse: parseFilled,
  },
  rule: {
    commands: RECEIVERS,
    value: 'json',
    repeatable: true,
    isJson: true,
    help: 'messages of open ends to keep: {"is":{"field":"value"},"has":["field"]}; repeatable, one match is enough',
    parse: parseJson,
  },
  policy: {
    commands: RECEIVERS,
    isLive: true,
    value: 'open|known',
    choices: ['open', 'known'],
    default: 'open',
    help: 'who may write: everybody, or only senders with a name here',
    parse: parsePolicy,
  },
  name: {
    commands: RECEIVERS,
    isLive: true,
    value: 'hashname=name',
    repeatable: true,
    separator: /\s*[,\n]\s*(?=[a-z2-7]{52}=)/, // a comma before the next hashname=
    help: 'name of a sender, who is known from then on; repeatable, remembered',
    parse: parseSenderName,
  },
  mute: {
    commands: RECEIVERS,
    isLive: true,
    value: 'hashname',
    repeatable: true,
    help: 'sender to refuse; repeatable, remembered',
    parse: parseHashname,
  },
  keepDays: {
    commands: RECEIVERS,
    isLive: true,
    value: 'days',
    defaultText: 'for ever',
    help: 'how long to keep messages; older ones are removed',
    parse: parseCount,
  },
  trustClock: {
    commands: RECEIVERS,
    help: "remove messages by this machine's clock, even if it is more than 3 days ahead of the last run",
  },
  keepCount: {
    commands: RECEIVERS,
    isLive: true,
    value: 'number',
    defaultText: 'all',
    help: 'how many messages to keep; the oldest of the sender with the most are removed first',
    parse: parseCount,
  },
  senderRate: {
    commands: RECEIVERS,
    isLive: true,
    value: 'number',
    defaultText: '6000',
    help: 'messages per minute of one sender; 0 is no limit',
    parse: parseAmount,
  },
} satisfies Readonly<Record<string, Setting>>

export type SettingName = keyof typeof TABLE

export const SETTINGS: Readonly<Record<SettingName, Setting>> = TABLE

type ValueOf<S extends Setting> = S extends { parse: (text: string) => infer T }
  ? S extends { repeatable: true }
    ? T[]
    : S extends { default: unknown }
      ? T
      : T | undefined
  : boolean

/** The value of each setting; undefined for one that was not given and has no default. `configuration.ts` finds the default of `data`. */
export type Configuration = { [Name in SettingName]: ValueOf<(typeof TABLE)[Name]> } & { data: string }

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** The settings of one sub-command, without the common ones; `all` for the common ones. */
export function settingsOf(command: CommandName | 'all'): SettingName[] {
  return SETTING_NAMES.filter((name) => {
    const { commands } = SETTINGS[name]
    return commands === 'all' || command === 'all' ? commands === command : commands.includes(command)
  })
}

/** The default of a setting, for a sub-command that may have one of its own. */
export function defaultOf(name: SettingName, command?: CommandName): unknown {
  const { default: common, defaultFor = {}, repeatable, value, isSecret } = SETTINGS[name]
  return (command && defaultFor[command]) ?? common ?? (repeatable ? [] : value === undefined && !isSecret ? false : undefined)
}

/** The help of a setting, for a sub-command in which it may mean something else. */
export function describeSetting(name: SettingName, command?: CommandName): string {
  const { help, helpFor = {} } = SETTINGS[name]
  return (command && helpFor[command]) ?? help
}

/** A default as people read it; undefined for none, and for a switch. */
export function describeDefault(name: SettingName, command?: CommandName): string | undefined {
  const { defaultText } = SETTINGS[name]
  if (defaultText !== undefined) return defaultText
  const value = defaultOf(name, command)
  if (typeof value === 'string') return value
  if (typeof value !== 'number' || value === 0) return undefined
  return name.endsWith('Ms') ? formatDuration(value) : String(value)
}

/** Its key in the configuration file. People write a time with its unit, so the name that they see carries none. */
export function fileKeyOf(name: SettingName): string {
  return name.replace(/Ms$/, '')
}

export function flagOf(name: SettingName): string {
  return `--${words(name).join('-')}`
}

export function environmentVariableOf(name: SettingName): string {
  return `MAYFLY_${words(name).join('_').toUpperCase()}`
}

function words(name: SettingName): string[] {
  return fileKeyOf(name)
    .split(/(?=[A-Z])/)
    .map((word) => word.toLowerCase())
}

/** @throws {MayflyError} ERR_BAD_OPTION, whose message says what is expected */
export function parseValues(name: SettingName, values: string[]): unknown {
  const { parse = parseSwitch, repeatable, isJson } = SETTINGS[name]
  if (isJson) return values.flatMap(parse)
  if (repeatable) return values.map((text) => parse(text))
  const [first] = values
  if (first === undefined || values.length > 1) throw refuseValue('one value', values.join(' '))
  return parse(first)
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level === undefined) throw refuseValue(`one of ${LOG_LEVELS.join(', ')}`, text)
  return level
}
