/** The frames of the presence protocol, written and read. Pure; the wire page with limits, states and hex examples is WIRE.md. */

import type { Multiaddr } from '@multiformats/multiaddr'
import { KEY_BYTES } from '../keys/index.ts'
import {
  badField,
  type Frame,
  MAX_SERVER_RECORD_BYTES,
  parseMultiaddr,
  readArray,
  readBytes,
  readInteger,
  readTuple,
  readWord,
  viewBytesUpTo,
} from '../network/index.ts'
import type { Key } from '../types.ts'
import { MAX_LEASE_BYTES } from './lease.ts'
import {
  type AnswererFrame,
  type FoundFrame,
  type GroupSize,
  type HeartbeatFrame,
  type HeldFrame,
  type HomesFrame,
  type OpenerFrame,
  type PeerAddresses,
  type PresenceFrame,
  REFUSAL,
  type ReleaseFrame,
  SCOPE,
  type Scope,
} from './wire-frames.ts'

export const PRESENCE_PROTOCOL = '/mayfly/presence/1.0.0'
export const PRESENCE_VERSION = 1

/** A frame of the presence protocol is at most this long, in bytes. */
export const MAX_PRESENCE_FRAME_BYTES = 65_536
export const MAX_LEASES_PER_FRAME = 128
export const MAX_RELEASES_PER_FRAME = 512
/** Content of at most this many bytes travels with its lease, and with the answer to a find. */
export const MAX_SMALL_CONTENT_BYTES = 4_096
export type SmallContentBytes = typeof MAX_SMALL_CONTENT_BYTES
/** Leases in a frame that has contents: the largest of both fit. */
export const MAX_LEASES_WITH_CONTENT = 12
export const MAX_ADDRESSES = 8
export const MAX_ADDRESS_BYTES = 256
/** With the longest addresses there are, a welcome that tells of so many still fits into a frame. */
export const MAX_SERVERS_PER_WELCOME = 24
/** Signed records of servers in one welcome, which take the place of that list, and in one frame of servers. */
export const MAX_RECORDS_PER_WELCOME = 32
/** The same for the holders in one answer, each with a home of its own. */
export const MAX_HOLDERS_PER_FOUND = 24
/** Bytes of a mark: two browsers with the same one by chance would count as one. */
export const MARK_BYTES = 16
/** A holder's, home's or server's peer id as a multihash: 38 bytes for Ed25519. */
const MAX_PEER_ID_BYTES = 64
const MAX_TEXT = 200
const MAX_BITS = 32

/** Frame types on the wire: below 16 from the opener, 16 and above from the answerer. */
const TYPE = {
  hello: 1,
  hold: 2,
  release: 3,
  heartbeat: 4,
  find: 5,
  watch: 6,
  unwatch: 7,
  'probe-reply': 8,
  homes: 9,
  welcome: 17,
  held: 18,
  probe: 19,
  'heartbeat-reply': 20,
  found: 21,
  count: 22,
  servers: 23,
  refused: 31,
} as const

/** In the place of a mark, or of a content, that a lease has not. */
const NOTHING = new Uint8Array()

const sizeOf = ({ group }: { group?: GroupSize | undefined }) =>
  group === undefined ? [] : [group.bits, group.size, ...(group.letsRest ? [1] : [])]

/** A peer says what it likes of itself: an address that no frame may carry is left out. */
const bytesOf = (addresses: Multiaddr[]) =>
  addresses
    .map(({ bytes }) => bytes)
    .filter(({ byteLength }) => byteLength <= MAX_ADDRESS_BYTES)
    .slice(0, MAX_ADDRESSES)
const withAddresses = ({ peer, addresses }: PeerAddresses) => [peer, bytesOf(addresses)]

/** The first type of the answerer's. */
const FIRST_ANSWER = 16
const isOpeners = (frame: Exclude<PresenceFrame, HomesFrame>): frame is Exclude<OpenerFrame, HomesFrame> => TYPE[frame.type] < FIRST_ANSWER

export function encodePresence(frame: PresenceFrame): Frame {
  if (frame.type === 'homes') return encodeHomesFrame(frame)
  if (frame.type === 'heartbeat') return encodeHeartbeat(frame)
  return isOpeners(frame) ? encodeOpenerFrame(frame) : encodeAnswererFrame(frame)
}

/** By itself, since only a node sends it. */
export const encodeHomesFrame = ({ records }: HomesFrame): Frame => [TYPE.homes, records.slice(0, MAX_RECORDS_PER_WELCOME)]

/** By itself for the same reason: only a node says bits. */
export const encodeHeartbeat = ({ bits }: HeartbeatFrame): Frame => (bits === undefined ? [TYPE.heartbeat] : [TYPE.heartbeat, bits])

/** By itself, since a page's library opens streams and answers none. */
export function encodeOpenerFrame(frame: Exclude<OpenerFrame, HomesFrame>): Frame {
  const type = TYPE[frame.type]
  switch (frame.type) {
    case 'hello': {
      const flags = [frame.answersProbes, frame.readsRecords, frame.readsNews].map((flag) => (flag ? 1 : 0))
      return [type, PRESENCE_VERSION, frame.role === 'node' ? 1 : 0, bytesOf(frame.addresses), ...flags]
    }
    case 'hold': {
      const lists = [frame.marks, frame.contents]
      const listed = lists.slice(0, lists.findLastIndex((items) => items?.some(Boolean)) + 1)
      return [type, frame.sequence, frame.leases, ...listed.map((items = []) => items.map((item) => item ?? NOTHING))]
    }
    case 'release':
      return [type, frame.records.map(({ key, holder }) => [key, holder])]
    case 'heartbeat':
    case 'probe-reply':
      return [type]
    case 'find':
      return [type, frame.id, frame.key, frame.limit, frame.scope, ...(frame.maxContentBytes ? [frame.maxContentBytes] : [])]
    case 'watch':
      return [type, frame.key, frame.scope]
    case 'unwatch':
      return [type, frame.key]
  }
}

function encodeAnswererFrame(frame: AnswererFrame): Frame {
  const type = TYPE[frame.type]
  switch (frame.type) {
    case 'probe':
      return [type]
    case 'heartbeat-reply':
      return frame.nowMs === undefined ? [type] : [type, frame.nowMs, ...sizeOf(frame)]
    case 'welcome':
      return [
        type,
        PRESENCE_VERSION,
        bytesOf(frame.addresses),
        frame.nowMs,
        frame.servers.slice(0, MAX_SERVERS_PER_WELCOME).map(withAddresses),
        ...(frame.records?.length || frame.group ? [frame.records?.slice(0, MAX_RECORDS_PER_WELCOME) ?? []] : []),
        ...sizeOf(frame),
      ]
    case 'held':
      return [type, frame.sequence, frame.refused.map(({ index, reason }) => [index, REFUSAL[reason]])]
    case 'found':
      return [
        type,
        frame.id,
        frame.leases,
        frame.stock.map(({ peer, expiresAtMs }) => [peer, expiresAtMs]),
        frame.homes.map(withAddresses),
        frame.count,
        ...(frame.content ? [frame.content] : []),
      ]
    case 'count':
      return [type, frame.key, frame.count, ...(frame.people === undefined || frame.people === frame.count ? [] : [frame.people])]
    case 'servers':
      return [type, frame.records.slice(0, MAX_RECORDS_PER_WELCOME)]
    case 'refused':
      return [type, frame.id, REFUSAL[frame.reason], frame.text.slice(0, MAX_TEXT)]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodePresence(frame: Frame): PresenceFrame {
  return isAnswer(frame) ? decodeAnswererFrame(frame) : decodeOpenerFrame(frame)
}

/** True for a frame of the answerer's types. */
export const isAnswer = ([type]: Frame): boolean => type >= FIRST_ANSWER

function decodeOpenerFrame([type, a, b, c, d, e, f]: Frame): OpenerFrame {
  switch (type) {
    case TYPE.hello:
      checkVersion(a)
      return {
        type: 'hello',
        role: readInteger(b, 'role', 1) === 1 ? 'node' : 'tab',
        addresses: readAddresses(c, 'addresses'),
        answersProbes: d === 1,
        ...(e === 1 && { readsRecords: true }),
        ...(f === 1 && { readsNews: true }),
      }
    case TYPE.hold:
      return {
        type: 'hold',
        sequence: readInteger(a, 'sequence'),
        leases: readArray(b, 'leases', MAX_LEASES_PER_FRAME, readLease),
        ...(c !== undefined && { marks: readArray(c, 'marks', MAX_LEASES_PER_FRAME, readMark) }),
        ...(d !== undefined && { contents: readArray(d, 'contents', MAX_LEASES_PER_FRAME, readContent) }),
      }
    case TYPE.release:
      return { type: 'release', records: readArray(a, 'records', MAX_RELEASES_PER_FRAME, readRecord) }
    case TYPE.heartbeat:
      return { type: 'heartbeat', ...(a !== undefined && { bits: readInteger(a, 'bits', MAX_BITS) }) }
    case TYPE.find:
      return {
        type: 'find',
        id: readInteger(a, 'id'),
        key: readKey(b),
        limit: readInteger(c, 'limit'),
        scope: readScope(d),
        ...(e !== undefined && { maxContentBytes: readInteger(e, 'largest content') }),
      }
    case TYPE.watch:
      return { type: 'watch', key: readKey(a), scope: readScope(b) }
    case TYPE.unwatch:
      return { type: 'unwatch', key: readKey(a) }
    case TYPE['probe-reply']:
      return { type: 'probe-reply' }
    case TYPE.homes:
      return { type: 'homes', records: readArray(a, 'records', MAX_RECORDS_PER_WELCOME, readRecordBytes) }
    default:
      throw badType(type)
  }
}

/** By itself, as `encodeOpenerFrame` is. @throws {MayflyError} ERR_BAD_FRAME */
export function decodeAnswererFrame([type, a, b, c, d, e, f, g, h]: Frame): AnswererFrame {
  switch (type) {
    case TYPE.welcome:
      checkVersion(a)
      return {
        type: 'welcome',
        addresses: readAddresses(b, 'addresses'),
        nowMs: readInteger(c, 'clock'),
        servers: readArray(d, 'servers', MAX_SERVERS_PER_WELCOME, readPeerAddresses),
        ...(e !== undefined && { records: readArray(e, 'records', MAX_RECORDS_PER_WELCOME, readRecordBytes) }),
        group: readSize(f, g, h),
      }
    case TYPE.held:
      return {
        type: 'held',
        sequence: readInteger(a, 'sequence'),
        refused: readArray(b, 'refused', MAX_LEASES_PER_FRAME, readRefusedLease),
      }
    case TYPE['heartbeat-reply']:
      return { type: 'heartbeat-reply', ...(a !== undefined && { nowMs: readInteger(a, 'clock') }), group: readSize(b, c, d) }
    case TYPE.probe:
      return { type: 'probe' }
    case TYPE.found:
      return {
        type: 'found',
        id: readInteger(a, 'id'),
        leases: readArray(b, 'leases', MAX_LEASES_PER_FRAME, readLease),
        stock: readArray(c, 'stock holders', MAX_LEASES_PER_FRAME, readStockHolder),
        homes: readArray(d, 'homes', MAX_LEASES_PER_FRAME, readPeerAddresses),
        count: readInteger(e, 'count'),
        ...(f !== undefined && { content: readContent(f, 'content') }),
      }
    case TYPE.count:
      return {
        type: 'count',
        key: readKey(a),
        count: readInteger(b, 'count'),
        ...(c !== undefined && { people: readInteger(c, 'people') }),
      }
    case TYPE.servers:
      return { type: 'servers', records: readArray(a, 'records', MAX_RECORDS_PER_WELCOME, readRecordBytes) }
    case TYPE.refused:
      return {
        type: 'refused',
        id: readInteger(a, 'id'),
        reason: readWord(b, 'reason', REFUSAL),
        text: typeof c === 'string' ? c.slice(0, MAX_TEXT) : '',
      }
    default:
      throw badType(type)
  }
}

const badType = (type: number) => badField('type', `a type of the presence protocol, not ${type}`)

function checkVersion(value: unknown): void {
  if (value !== PRESENCE_VERSION) throw badField('version', `${PRESENCE_VERSION}`)
}

const readKey = (value: unknown): Key => readBytes(value, 'key', KEY_BYTES)
const readScope = (value: unknown) => readInteger(value, 'scope', SCOPE.group) as Scope
const readSize = (bits: unknown, size: unknown, letsRest: unknown): GroupSize | undefined =>
  bits === undefined ? undefined : { letsRest: letsRest === 1, bits: readInteger(bits, 'bits', MAX_BITS), size: readInteger(size, 'size') }
const readLease = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_LEASE_BYTES)
const readMark = (value: unknown, name: string) => {
  const mark = viewBytesUpTo(value, name, MARK_BYTES)
  return mark.byteLength === MARK_BYTES ? mark : undefined
}
const readContent = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_SMALL_CONTENT_BYTES)
const readRecordBytes = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_SERVER_RECORD_BYTES)
const readPeer = (value: unknown, name: string) => viewBytesUpTo(value, name, MAX_PEER_ID_BYTES)

function readRecord(value: unknown, name: string): ReleaseFrame['records'][number] {
  const [key, holder] = readTuple(value, name, 2)
  return { key: readKey(key), holder: readPeer(holder, name) }
}

function readRefusedLease(value: unknown, name: string): HeldFrame['refused'][number] {
  const [index, reason] = readTuple(value, name, 2)
  return { index: readInteger(index, name), reason: readWord(reason, name, REFUSAL) }
}

function readStockHolder(value: unknown, name: string): FoundFrame['stock'][number] {
  const [peer, expiresAtMs] = readTuple(value, name, 2)
  return { peer: readPeer(peer, name), expiresAtMs: readInteger(expiresAtMs, name) }
}

function readPeerAddresses(value: unknown, name: string): PeerAddresses {
  const [peer, addresses] = readTuple(value, name, 2)
  return { peer: readPeer(peer, name), addresses: readAddresses(addresses, name) }
}

function readAddresses(value: unknown, name: string): Multiaddr[] {
  return readArray(value, name, MAX_ADDRESSES, (item) => {
    const address = parseMultiaddr(viewBytesUpTo(item, name, MAX_ADDRESS_BYTES))
    if (address === undefined) throw badField(name, 'multiaddrs')
    return address
  })
}
