/**
 * The settings of the command, each declared once: its flag, its environment variable, its key in the configuration file, its default, and
 * which values it can have. Where a value comes from is `configuration.ts`.
 */

import { resolve } from 'node:path'
import { MayflyError } from '../errors.ts'
import type { IceServer, InboxPolicy } from '../index.ts'
import { isKeyHex } from '../keys/index.ts'
import { SENDER_FORM } from '../server/inbox/inbox-senders.ts'
import { parseByteRate } from './values/byte-rate-text.ts'
import { parseDurationSetting } from './values/duration.ts'
import { parseIceServer } from './values/ice-server.ts'
import { parseJoinAddress } from './values/join-address.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface Configuration {
  /** Gateways' origins and multiaddrs. */
  join: string[]
  /** Absolute path of the directory for the identity and the outbox. */
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
  /** Content that one client of the gateway may take, in bytes per second; 0: as fast as it goes. */
  clientRate?: number
  /** The same for one peer of the overlay. */
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
  /** How long a message is worth delivering, in ms; a day when left out. */
  ttlMs?: number
  /** A message's media type; found out when left out. */
  type?: string
  /** A message's fields: names and values. */
  field: [name: string, value: string][]
  /** The id of the message that is answered, hex. */
  re?: string
  /** Open ends to receive besides the own address. */
  tap: string[]
  /** What of the open ends to keep, as it was given: the receiver checks it. */
  rule: unknown[]
  policy: InboxPolicy
  /** Senders that the receiver's owner knows. */
  name: SenderName[]
  /** Hashnames of senders to refuse. */
  mute: string[]
  /** Remove messages that were stored so many days ago; never when left out. */
  keepDays?: number
  /** Keep so many messages; all when left out. */
  keepCount?: number
  /** Messages per minute of one sender; 0: no limit. The inbox's own default when left out. */
  senderRate?: number
  /** The page of the inbox. */
  view: boolean
  /** Write out the inbox, and end. */
  export: boolean
  /** Name of the receiver that a node is besides. */
  receive?: string
}

/** What a receiver's owner calls a sender; empty takes the name away. */
export interface SenderName {
  hashname: string
  name: string
}

export type SettingName = keyof Configuration

/** `data` has no value here: it depends on the environment, see `defaultDataDirectory`. */
export const CONFIGURATION_DEFAULTS: Readonly<Omit<Configuration, 'data'>> = {
  join: ['http://localhost:4000'],
  json: false,
  timeoutMs: 30_000, // longer than a gateway searches before it gives up
  port: 4000,
  host: '127.0.0.1', // other machines only when asked for
  trustProxy: false,
  iceServer: [], // a stranger's server would learn who speaks with whom
  logLevel: 'info',
  waitMs: 0,
  watch: false,
  private: false,
  field: [],
  tap: [],
  rule: [],
  policy: 'open',
  name: [],
  mute: [],
  view: true,
  export: false,
}

interface Setting<T> {
  /** The flag's short form and the name of its value, as the help shows them. A switch has no value. */
  short?: string
  value?: string
  /** May be given several times. */
  repeatable?: boolean
  /** What stands between several values in an environment variable; white space and commas when left out, and null where it is one value. */
  separator?: RegExp | null
  /** Of a switch that is on unless its flag, which then begins with `--no-`, turns it off. */
  isOn?: boolean
  help: string
  /** @throws {MayflyError} ERR_BAD_OPTION, whose message says what is expected */
  parse(values: string[]): T
}

export const SETTINGS: Readonly<{ [Name in SettingName]-?: Setting<Exclude<Configuration[Name], undefined>> }> = {
  join: {
    value: 'url',
    repeatable: true,
    help: "a gateway's URL or a multiaddr to join; repeatable",
    parse: (values) => values.map(parseJoinAddress),
  },
  data: { value: 'dir', help: 'directory of the identity and the outbox', parse: one((text) => resolve(filled(text))) },
  json: { help: 'answers as JSON, one object a line', parse: one(parseSwitch) },
  timeoutMs: { value: 'time', help: 'how long to try to reach the network', parse: one(parseDurationSetting) },
  port: { value: 'number', help: 'port of the gateway and the overlay; 0 takes a free one', parse: one(parsePort) },
  host: { value: 'address', help: 'address to listen at; 0.0.0.0 for other machines too', parse: one(filled) },
  publicUrl: { value: 'url', help: 'origin at which people reach this gateway', parse: one(parseOrigin) },
  token: { value: 'token', help: 'bearer token with which other machines may hold and release', parse: one(parseToken) },
  trustProxy: { help: "believe a reverse proxy on this machine about its clients' addresses", parse: one(parseSwitch) },
  clientFetches: {
    value: 'number',
    help: 'fetches at once for one client of the gateway; programs on this machine are exempt',
    parse: one(parseCount),
  },
  clientRate: {
    value: 'rate',
    help: 'bytes per second for one client of the gateway, such as 2MB; programs on this machine are exempt',
    parse: one(parseByteRate),
  },
  peerRate: { value: 'rate', help: 'bytes per second for one peer that takes content from here, such as 2MB', parse: one(parseByteRate) },
  messageRate: {
    value: 'number',
    help: 'messages of one sender passed on per second, and ten times as many at once (default: 100)',
    parse: one(parseCount),
  },
  iceServer: {
    value: 'url',
    repeatable: true,
    help: 'STUN or TURN server for tabs: stun:host:port, turn:user:password@host:port; repeatable',
    parse: (values) => values.map(parseIceServer),
  },
  logLevel: { value: 'level', help: LOG_LEVELS.join(', '), parse: one(parseLogLevel) },
  output: {
    short: '-o',
    value: 'file',
    help: 'write to a file instead of standard output; the files of a bundle into a folder',
    parse: one(filled),
  },
  waitMs: { value: 'time', help: 'wait that long for a holder, or until a receiver has stored it', parse: one(parseDurationSetting) },
  watch: { help: 'go on, and print each change', parse: one(parseSwitch) },
  private: { help: 'encrypt it: only who has the link can read it, and its name', parse: one(parseSwitch) },
  ttlMs: {
    value: 'time',
    help: 'how long it is worth delivering, a second to 7 days (168h); a day when not said',
    parse: one(parseDurationSetting),
  },
  type: { value: 'type', help: 'its media type, such as text/markdown', parse: one(filled) },
  field: {
    value: 'name=value',
    repeatable: true,
    help: 'what receivers can select by; repeatable',
    parse: (values) => values.map(parseField),
  },
  re: { value: 'id', help: 'the id of the message that it answers', parse: one(parseId) },
  tap: {
    value: '#end',
    repeatable: true,
    help: 'an open end to receive besides the own address; repeatable',
    parse: (values) => values.map(filled),
  },
  rule: {
    value: 'json',
    repeatable: true,
    separator: null,
    help: 'what to keep of the open ends: {"is":{"field":"value"},"has":["field"]}; repeatable, any of them is enough',
    parse: (values) => values.flatMap(parseJson),
  },
  policy: { value: 'open|known', help: 'who may write: anybody, or senders that have a name here', parse: one(parsePolicy) },
  name: {
    value: 'hashname=name',
    repeatable: true,
    separator: /\s*,\s*/,
    help: 'what to call a sender, who is known from then on; repeatable, kept',
    parse: (values) => values.map(parseSenderName),
  },
  mute: { value: 'hashname', repeatable: true, help: 'refuse a sender; repeatable, kept', parse: (values) => values.map(parseHashname) },
  keepDays: { value: 'days', help: 'remove messages that were stored so many days ago (default: never)', parse: one(parseCount) },
  keepCount: {
    value: 'number',
    help: 'keep so many messages: the oldest of whoever has the most go first (default: all)',
    parse: one(parseCount),
  },
  senderRate: { value: 'number', help: 'messages per minute of one sender; 0: no limit (default: 6000)', parse: one(parseAmount) },
  view: { help: 'no page of the inbox, only lines', isOn: true, parse: one(parseSwitch) },
  export: { help: 'write all messages as JSON lines, and end', parse: one(parseSwitch) },
  receive: { value: 'name', help: 'receive messages too, as this receiver', parse: one(filled) },
}

export type CommandName = 'start' | 'hold' | 'get' | 'holders' | 'send' | 'receive' | 'status'

/** Settings that every sub-command has. */
export const COMMON_SETTINGS: readonly SettingName[] = ['join', 'data', 'json', 'timeoutMs']

/** Settings of what receives messages. */
const RECEIVER_SETTINGS: readonly SettingName[] = ['tap', 'rule', 'policy', 'name', 'mute', 'keepDays', 'keepCount', 'senderRate']

/** The settings of each sub-command, besides the common ones. */
export const COMMAND_SETTINGS: Readonly<Record<CommandName, readonly SettingName[]>> = {
  start: [
    'port',
    'host',
    'publicUrl',
    'token',
    'trustProxy',
    'clientFetches',
    'clientRate',
    'peerRate',
    'messageRate',
    'iceServer',
    'logLevel',
    'receive',
    ...RECEIVER_SETTINGS,
  ],
  hold: ['peerRate', 'private'],
  get: ['output', 'waitMs'],
  holders: ['watch'],
  send: ['waitMs', 'ttlMs', 'type', 'field', 're'],
  receive: ['port', 'host', 'publicUrl', 'token', 'view', 'export', ...RECEIVER_SETTINGS],
  status: [],
}

/** Defaults of a sub-command that differ from the common ones. */
export const COMMAND_DEFAULTS = {
  start: { join: [] },
  receive: { port: 4100 }, // beside a node on the same machine
} as const satisfies Partial<Record<CommandName, Partial<Configuration>>>

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
    if (first === undefined || values.length > 1) throw expected('one value', values.join(' '))
    return parse(first)
  }
}

function filled(text: string): string {
  if (text === '') throw expected('a value', text)
  return text
}

function parseSwitch(text: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true
  if (/^(?:false|0|no|off)$/i.test(text)) return false
  throw expected('true or false', text)
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw expected('a number from 1 to 999999', text)
  return Number(text)
}

function parseAmount(text: string): number {
  return text === '0' ? 0 : parseCount(text)
}

/** One value, or an array of several. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw expected('JSON', text)
  }
}

function parsePolicy(text: string): InboxPolicy {
  if (text === 'open' || text === 'known') return text
  throw expected('open or known', text)
}

function parseSenderName(text: string): SenderName {
  const [hashname = '', ...name] = text.split('=')
  if (name.length === 0) throw expected('HASHNAME=NAME', text)
  return { hashname: parseHashname(hashname.trim()), name: name.join('=').trim() }
}

function parseHashname(text: string): string {
  if (!SENDER_FORM.test(text)) throw expected('a hashname of 52 base32 characters', text)
  return text
}

function parsePort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw expected('a port from 0 to 65535', text)
  return port
}

function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw expected('an origin such as https://pages.example', text)
  }
  return url.origin
}

/** @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1 (what an Authorization header can carry) */
function parseToken(text: string): string {
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(text)) {
    throw new MayflyError('ERR_BAD_OPTION', 'expected letters, digits and - . _ ~ + / only') // the token itself stays untold
  }
  return text
}

/** Which names and values a field can have is known to the message itself. */
function parseField(text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw expected('a field such as topic=news', text)
  return [text.slice(0, at), text.slice(at + 1)]
}

function parseId(text: string): string {
  if (!isKeyHex(text)) throw expected('an id of 64 lower-case hex digits', text)
  return text
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level === undefined) throw expected(`one of ${LOG_LEVELS.join(', ')}`, text)
  return level
}

function expected(what: string, got: string): MayflyError {
  return new MayflyError('ERR_BAD_OPTION', `expected ${what}, got ${JSON.stringify(got)}`)
}
