/** The tables of limits: numbers from the code, and the docstrings of the declarations as descriptions. */

import { MESSAGE_FORM_LIMITS } from '../../gateway/api/limits-answer.ts'
import { GATEWAY_SERVER_DEFAULTS } from '../../gateway/server.ts'
import { GATEWAY_DEFAULTS } from '../../gateway/types.ts'
import { NODE_LIMITS, TAB_LIMITS } from '../../node/limits.ts'
import { docstringsOf, numberOf } from './source.ts'
import { bytesText, cellText, code, limitText, markdownTable, numberText, timeText } from './table.ts'

/** The limits that `GET /limits` answers under `http`. */
export function httpLimits(): string {
  return namedLimits(GATEWAY_DEFAULTS, docstringsOf('GATEWAY_DEFAULTS'))
}

/** The limits of the HTTP server, which `GET /limits` does not answer: they are not the gateway's. */
export function serverLimits(): string {
  return namedLimits(GATEWAY_SERVER_DEFAULTS, docstringsOf('GATEWAY_SERVER_DEFAULTS'))
}

/** The limits that `GET /limits` answers under `message`, `rules` and `outbox`. */
export function messageLimits(): string {
  const { message, rules, outbox } = MESSAGE_FORM_LIMITS
  const docs = {
    ...docstringsOf('MESSAGE_LIMITS'),
    ...docstringsOf('ENVELOPE_DEFAULTS'),
    ...docstringsOf('RULE_LIMITS'),
    ...docstringsOf('OUTBOX_DEFAULTS'),
  }
  return namedLimits({ ...message, ...rules, ...outbox }, docs)
}

/** A node's limits, and a tab's where they differ: what `GET /limits` answers under `peer`. */
export function peerLimits(): string {
  const docs = ['NetworkLimits', 'RendezvousLimits', 'ContentLimits', 'MessageLimits', 'RelayLimits'].map(docstringsOf)
  const meaning: Record<string, string> = Object.assign({}, ...docs)
  const tab: Readonly<Record<string, number>> = { ...TAB_LIMITS }
  const rows = Object.entries(NODE_LIMITS).map(([name, value]) => {
    const inTab = tab[name] ?? value
    return [code(name), limitText(name, value), inTab === value ? 'the same' : limitText(name, inTab), described(name, meaning)]
  })
  return markdownTable(['name', 'a node', 'a tab', 'what'], rows)
}

function namedLimits(limits: object, meaning: Record<string, string>): string {
  const numbers = Object.entries(limits).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const rows = numbers.map(([name, value]) => [code(name), limitText(name, value), described(name, meaning)])
  return markdownTable(['name', 'limit', 'what'], rows)
}

/** @throws when nobody has written down what it is: a limit without a sentence is of no use to its reader */
function described(name: string, meaning: Record<string, string>): string {
  const text = meaning[name]
  if (!text) throw new Error(`The limit ${name} has no docstring`)
  return cellText(text)
}

type Row = readonly [what: string, ...limits: string[]]

/** The rest of a peer's: what is fixed in its protocols and parts. */
export function partLimits(): string {
  return plainLimits([
    [
      'a bundle · its files · a path · a part of it',
      b('MAX_BUNDLE_BYTES'),
      n('MAX_BUNDLE_ENTRIES'),
      b('MAX_PATH_BYTES'),
      b('MAX_PATH_PART_BYTES'),
    ],
    ['the pieces of one content · the largest piece', n('MAX_PIECES'), b('MAX_PIECE_BYTES')],
    ['contents in the cache of what others hold; served only while somebody holds them', n('node/content/memory#MAX_ENTRIES')],
    [
      'requests of one peer for content at once · contents whose pieces one stream follows',
      n('node/content/protocol#MAX_ANSWERS'),
      n('node/content/protocol#MAX_FOLLOWS'),
    ],
    ['pieces under way to one receiver (two at least)', `${n('node/content/swarm#MAX_AHEAD')}, ${b('node/content/swarm#MAX_AHEAD_BYTES')}`],
    ['a lease; renewed at half of it', ms('LEASE_DEFAULTS.lifetimeMs')],
    ['servers asked before the answer is "nobody"', n('RENDEZVOUS_DEFAULTS.maxServersAsked')],
    [
      'a silent node is gone · the tabs of a home that is gone still count',
      ms('RENDEZVOUS_DEFAULTS.silentMs'),
      ms('RENDEZVOUS_DEFAULTS.graceMs'),
    ],
    [
      "tabs that can be reached through a node's relay · a reservation",
      n('RELAY_LIMITS.maxReservations'),
      ms('RELAY_LIMITS.reservationMs'),
    ],
    [
      'a circuit · circuits of one peer · circuits to one tab',
      `${b('RELAY_LIMITS.maxCircuitBytes')}, ${ms('RELAY_LIMITS.maxCircuitMs')}`,
      n('RELAY_LIMITS.maxCircuitsFrom'),
      n('RELAY_LIMITS.maxCircuitsTo'),
    ],
    [
      'direct connections of a tab · one without use · not tried again after a failure, at first and at most',
      n('DIRECT_DEFAULTS.maxConnections'),
      ms('DIRECT_DEFAULTS.idleMs'),
      `${ms('DIRECT_DEFAULTS.unreachableMs')}, ${ms('DIRECT_DEFAULTS.maxUnreachableMs')}`,
    ],
    ["an open end's name", `${n('MAX_NAME_LENGTH')} characters`],
    [
      'connections of a node · of one client · of them plain HTTP · websockets whose peer is not proved yet',
      n('LISTENER_DEFAULTS.maxSockets'),
      n('CLIENT_CONNECTIONS_DEFAULTS.maxPerClient'),
      n('CLIENT_CONNECTIONS_DEFAULTS.maxHttpPerClient'),
      n('LISTENER_DEFAULTS.maxPendingPerAddress'),
    ],
    [
      'one websocket frame · by when a new socket must have proved its peer id',
      b('LISTENER_DEFAULTS.maxFrameBytes'),
      ms('LISTENER_DEFAULTS.upgradeTimeoutMs'),
    ],
    [
      'bytes of one connection that wait unsent behind its socket · one frame of its muxer',
      b('FRAME_GUARD_DEFAULTS.maxUnsentBytes'),
      b('FRAME_GUARD_DEFAULTS.maxFrameBytes'),
    ],
    [
      'frames of one connection that carry nothing, besides those that answer data: at once · per second · slowed before it is cut',
      n('FRAME_ALLOWANCE_DEFAULTS.burst'),
      n('FRAME_ALLOWANCE_DEFAULTS.perSecond'),
      ms('FRAME_ALLOWANCE_DEFAULTS.maxSlowedMs'),
    ],
    [
      'a message of a protocol of libp2p itself · of them waiting on one stream · proposals of a protocol on one stream',
      b('LENGTH_GUARD_DEFAULTS.maxMessageBytes'),
      b('LENGTH_GUARD_DEFAULTS.maxWaitingBytes'),
      n('LENGTH_GUARD_DEFAULTS.maxProposals'),
    ],
    [
      'an inbox · of it one sender · all senders without a name · messages of one sender per minute',
      `${n('INBOX_DEFAULTS.maxMessages')} messages, ${b('INBOX_DEFAULTS.maxBytes')}`,
      `1/${1 / numberOf('INBOX_DEFAULTS.senderShare')}`,
      'a half',
      n('INBOX_DEFAULTS.senderRate'),
    ],
  ])
}

/** The limits of a tab, besides those that it has as a peer. */
export function tabLimits(): string {
  return plainLimits([
    ['held content that is kept over a reload', `${n('KEPT_CONTENT_DEFAULTS.maxCharacters')} characters of base64`],
    ['received content, where the browser gives no disk', b('MEMORY_FILES_DEFAULTS.maxBytes')],
    ['files of a bundle that come at once', n('TRANSFER_DEFAULTS.maxFilesAtOnce')],
    ['a PDF that is shown', b('MAX_SHOWN_PDF_BYTES')],
    ['private content that is shown: a picture, sound, film or PDF · text', b('PRIVATE_SHOWN_BYTES.media'), b('PRIVATE_SHOWN_BYTES.text')],
    [
      'the mailbox: messages · their size · ids known',
      n('INBOX_RECORDS_DEFAULTS.maxMessages'),
      b('INBOX_RECORDS_DEFAULTS.maxBytes'),
      n('INBOX_RECORDS_DEFAULTS.maxKnown'),
    ],
    ['open names · named and muted senders', n('RECEIVER_LIMITS.ends'), n('RECEIVER_LIMITS.senders')],
    [
      'bodies over 64 KiB that it sent, held again after a reload',
      `${n('LARGE_BODIES_DEFAULTS.maxBodies')}, ${b('LARGE_BODIES_DEFAULTS.maxBytes')}`,
    ],
  ])
}

/** The limits of the command, besides those that it has as a peer. */
export function commandLimits(): string {
  return plainLimits([
    ['standard input that `hold` takes', b('INPUT_STREAM_DEFAULTS.maxBytes')],
    ['files of a bundle that `get` fetches at once', n('node/cli#FILES_AT_ONCE')],
  ])
}

function plainLimits(rows: readonly Row[]): string {
  return markdownTable(
    ['what', 'limit'],
    rows.map(([what, ...limits]) => [what, limits.join(' · ')]),
  )
}

function n(path: string): string {
  return numberText(numberOf(path))
}

function b(path: string): string {
  return bytesText(numberOf(path))
}

function ms(path: string): string {
  return timeText(numberOf(path))
}
