/**
 * The settings of the command, each declared once in `SETTINGS`: its flag, environment variable and key in the configuration file, the
 * sub-commands that have it, its default, and its possible values. `configuration.ts` reads them.
 */

import { resolve } from 'node:path'
import { formatDuration } from '../async/duration.ts'
import type { IceServer, InboxPolicy } from '../index.ts'
import { parseByteRate } from './values/byte-rate-text.ts'
import { parseDurationSetting } from './values/duration.ts'
import { parseIceServer } from './values/ice-server.ts'
import { parseJoinAddress } from './values/join-address.ts'
import { parseField, parseHashname, parseMessageId, parsePolicy, parseSenderName, type SenderName } from './values/message-values.ts'
import { parseAmount, parseCount, parseFilled, parseJson, parseSwitch, refuseValue } from './values/plain-values.ts'
import { parseOrigin, parsePort, parseToken } from './values/server-values.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface Configuration {
  /** Gateways' origins and multiaddrs. */
  join: string[]
  /** Absolute path of the directory of the identity, the outbox and the receivers. */
  data: string
  json: boolean
  /** How long to try to reach the network, in ms. */
  timeoutMs: number
  /** 0: any free port. */
  port: number
  host: string
  /** Origin at which people reach this gateway. */
  publicUrl?: string
  /** Bearer token with which other machines may hold and release through this gateway. */
  token?: string
  /** Take a client's address from the X-Forwarded-For of a reverse proxy on this machine. */
  trustProxy: boolean
  /** Fetches that one client of the gateway may have under way at once; the gateway's own default when left out. */
  clientFetches?: number
  /** Content for one client of the gateway, in bytes per second; 0: no limit. */
  clientRate?: number
  /** Content for one peer of the overlay, in bytes per second; 0: no limit. */
  peerRate?: number
  /** Messages of one sender that this node passes on, per second; ten times as many at once. The node's own default when left out. */
  messageRate?: number
  /** STUN and TURN servers for the tabs that come through this gateway. */
  iceServer: IceServer[]
  logLevel: LogLevel
  /** Path of the file to write; `-` is standard output. */
  output?: string
  /** How long to wait for a holder, or until a receiver has stored a message, in ms; 0: not at all. */
  waitMs: number
  watch: boolean
  /** Hold cipher text, under a link that carries the key. */
  private: boolean
  /** How long to try to deliver a message, in ms; a day when left out. */
  ttlMs?: number
  /** A message's media type; detected when left out. */
  type?: string
  /** A message's fields: names and values. */
  field: [name: string, value: string][]
  /** Id of the message that this one answers, hex. */
  re?: string
  /** Open ends to listen at, besides the own address. */
  tap: string[]
  /** Rules for messages of open ends, as they were given; the receiver checks them. */
  rule: unknown[]
  policy: InboxPolicy
  /** Names for senders. */
  name: SenderName[]
  /** Hashnames of senders to refuse. */
  mute: string[]
  /** Days after which messages are removed; never when left out. */
  keepDays?: number
  /** Messages to keep; all when left out. */
  keepCount?: number
  /** Messages per minute of one sender; 0: no limit. The inbox's own default when left out. */
  senderRate?: number
  /** Show the page of the inbox. */
  view: boolean
  /** Print the whole inbox, and exit. */
  export: boolean
  /** Name of the receiver that the node is, too. */
  receive?: string
}

export type SettingName = keyof Configuration

export type CommandName = 'start' | 'hold' | 'get' | 'holders' | 'send' | 'receive' | 'status'

interface Setting<T> {
  /** The sub-commands that have it. */
  commands: readonly CommandName[] | 'all'
  /** The flag's short form. */
  short?: string
  /** The form of its value, as the help shows it. A switch has no value. */
  value?: string
  /** May be given several times. */
  repeatable?: boolean
  /** Separates several values in an environment variable: white space and commas when left out; null where the variable is one value. */
  separator?: RegExp | null
  /** A switch that is on unless its flag, which then begins with `--no-`, turns it off. */
  isOn?: boolean
  default?: T
  /** Defaults of the sub-commands that differ. */
  defaultFor?: Partial<Record<CommandName, T>>
  /** Shown as the default where that depends on the environment, or is another part's. */
  defaultText?: string
  help: string
  /** @throws {MayflyError} ERR_BAD_OPTION, whose message says what is expected */
  parse(values: string[]): T
}

const RECEIVERS = ['start', 'receive'] as const

/** In the order of the help. */
export const SETTINGS: Readonly<{ [Name in SettingName]-?: Setting<Exclude<Configuration[Name], undefined>> }> = {
  join: {
    commands: 'all',
    value: 'url',
    repeatable: true,
    default: ['http://localhost:4000'],
    defaultFor: { start: [] },
    defaultText: 'http://localhost:4000; start joins nobody',
    help: 'URL of a gateway, or multiaddr, to join; repeatable',
    parse: each(parseJoinAddress),
  },
  data: {
    commands: 'all',
    value: 'dir',
    defaultText: '~/.local/share/mayfly',
    help: 'directory of the identity, the outbox and the receivers',
    parse: one((text) => resolve(parseFilled(text))),
  },
  json: { commands: 'all', default: false, help: 'print JSON, one object per line', parse: one(parseSwitch) },
  timeoutMs: {
    commands: 'all',
    value: 'time',
    default: 30_000, // longer than a gateway searches before it gives up
    help: 'how long to try to reach the network',
    parse: one(parseDurationSetting),
  },
  port: {
    commands: RECEIVERS,
    value: 'number',
    default: 4000,
    defaultFor: { receive: 4100 }, // beside a node on the same machine
    help: 'port to listen on, for pages and overlay; 0 takes a free one',
    parse: one(parsePort),
  },
  host: {
    commands: RECEIVERS,
    value: 'address',
    default: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 lets other machines in',
    parse: one(parseFilled),
  },
  publicUrl: { commands: RECEIVERS, value: 'url', help: 'origin at which people reach this gateway', parse: one(parseOrigin) },
  token: {
    commands: RECEIVERS,
    value: 'token',
    help: 'bearer token with which other machines may hold, release, and read the inbox',
    parse: one(parseToken),
  },
  trustProxy: {
    commands: ['start'],
    default: false,
    help: "take clients' addresses from X-Forwarded-For of a reverse proxy on this machine",
    parse: one(parseSwitch),
  },
  clientFetches: {
    commands: ['start'],
    value: 'number',
    help: 'fetches at once for one client of the gateway; programs on this machine are exempt',
    parse: one(parseCount),
  },
  clientRate: {
    commands: ['start'],
    value: 'rate',
    help: 'bytes per second for one client of the gateway, such as 2MB; programs on this machine are exempt',
    parse: one(parseByteRate),
  },
  peerRate: {
    commands: ['start', 'hold'],
    value: 'rate',
    help: 'bytes per second for one peer that fetches content from here, such as 2MB',
    parse: one(parseByteRate),
  },
  messageRate: {
    commands: ['start'],
    value: 'number',
    defaultText: '100',
    help: 'messages of one sender that are passed on per second, and ten times as many at once',
    parse: one(parseCount),
  },
  iceServer: {
    commands: ['start'],
    value: 'url',
    repeatable: true,
    default: [], // a stranger's server would learn who speaks with whom
    help: 'STUN or TURN server for tabs: stun:host:port, turn:user:password@host:port; repeatable',
    parse: each(parseIceServer),
  },
  logLevel: { commands: ['start'], value: 'level', default: 'info', help: LOG_LEVELS.join(', '), parse: one(parseLogLevel) },
  output: {
    commands: ['get'],
    short: '-o',
    value: 'file',
    help: 'write to a file instead of standard output; the files of a bundle go into a folder',
    parse: one(parseFilled),
  },
  waitMs: {
    commands: ['get', 'send'],
    value: 'time',
    default: 0,
    help: 'how long to wait for a holder (get), or until a receiver has stored the message (send)',
    parse: one(parseDurationSetting),
  },
  watch: { commands: ['holders'], default: false, help: 'keep running, and print each change', parse: one(parseSwitch) },
  private: {
    commands: ['hold'],
    default: false,
    help: 'encrypt content and file name: only people with the link can read them',
    parse: one(parseSwitch),
  },
  ttlMs: {
    commands: ['send'],
    value: 'time',
    defaultText: '1d',
    help: 'how long to try to deliver the message, from 1s to 7d',
    parse: one(parseDurationSetting),
  },
  type: { commands: ['send'], value: 'type', help: "the message's media type, such as text/markdown", parse: one(parseFilled) },
  field: {
    commands: ['send'],
    value: 'name=value',
    repeatable: true,
    default: [],
    help: 'field by which receivers can select messages; repeatable',
    parse: each(parseField),
  },
  re: { commands: ['send'], value: 'id', help: 'id of the message that this one answers', parse: one(parseMessageId) },
  view: {
    commands: ['receive'],
    isOn: true,
    default: true,
    help: 'print messages only, without a page of the inbox',
    parse: one(parseSwitch),
  },
  export: { commands: ['receive'], default: false, help: 'print all stored messages as JSON lines, and exit', parse: one(parseSwitch) },
  receive: { commands: ['start'], value: 'name', help: 'receive messages too, as the receiver of this name', parse: one(parseFilled) },
  tap: {
    commands: RECEIVERS,
    value: '#end',
    repeatable: true,
    default: [],
    help: 'open end to listen at, besides the own address; repeatable',
    parse: each(parseFilled),
  },
  rule: {
    commands: RECEIVERS,
    value: 'json',
    repeatable: true,
    separator: null,
    default: [],
    help: 'messages of open ends to keep: {"is":{"field":"value"},"has":["field"]}; repeatable, one match is enough',
    parse: (values) => values.flatMap(parseJson),
  },
  policy: {
    commands: RECEIVERS,
    value: 'open|known',
    default: 'open',
    help: 'who may write: everybody, or only senders with a name here',
    parse: one(parsePolicy),
  },
  name: {
    commands: RECEIVERS,
    value: 'hashname=name',
    repeatable: true,
    separator: /\s*,\s*/,
    default: [],
    help: 'name of a sender, who is known from then on; repeatable, remembered',
    parse: each(parseSenderName),
  },
  mute: {
    commands: RECEIVERS,
    value: 'hashname',
    repeatable: true,
    default: [],
    help: 'sender to refuse; repeatable, remembered',
    parse: each(parseHashname),
  },
  keepDays: {
    commands: RECEIVERS,
    value: 'days',
    defaultText: 'for ever',
    help: 'how long to keep messages; older ones are removed',
    parse: one(parseCount),
  },
  keepCount: {
    commands: RECEIVERS,
    value: 'number',
    defaultText: 'all',
    help: 'how many messages to keep; the oldest of the sender with the most are removed first',
    parse: one(parseCount),
  },
  senderRate: {
    commands: RECEIVERS,
    value: 'number',
    defaultText: '6000',
    help: 'messages per minute of one sender; 0 is no limit',
    parse: one(parseAmount),
  },
}

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
  const { default: common, defaultFor = {} }: Setting<unknown> = SETTINGS[name]
  return (command && defaultFor[command]) ?? common
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
  return `--${SETTINGS[name].isOn ? 'no-' : ''}${words(name).join('-')}`
}

export function environmentVariableOf(name: SettingName): string {
  return `MAYFLY_${words(name).join('_').toUpperCase()}`
}

function words(name: SettingName): string[] {
  return fileKeyOf(name)
    .split(/(?=[A-Z])/)
    .map((word) => word.toLowerCase())
}

function one<T>(parse: (text: string) => T): (values: string[]) => T {
  return (values) => {
    const [first] = values
    if (first === undefined || values.length > 1) throw refuseValue('one value', values.join(' '))
    return parse(first)
  }
}

function each<T>(parse: (text: string) => T): (values: string[]) => T[] {
  return (values) => values.map(parse)
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level === undefined) throw refuseValue(`one of ${LOG_LEVELS.join(', ')}`, text)
  return level
}
