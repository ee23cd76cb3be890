import { LengthPrefixedDecoder } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { encode } from 'cborg'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { decodeKeyHex } from '../../node/keys/index.ts'
import { decodeFrame, encodeFrame, type Frame, MAX_SERVER_RECORD_BYTES } from '../../node/network/index.ts'
import { decodeLease, isLeaseSigned, MAX_LEASE_BYTES } from '../../node/rendezvous/lease.ts'
import {
  decodePresence,
  encodePresence,
  MAX_ADDRESS_BYTES,
  MAX_ADDRESSES,
  MAX_HOLDERS_PER_FOUND,
  MAX_LEASES_PER_FRAME,
  MAX_PRESENCE_FRAME_BYTES,
  MAX_RECORDS_PER_WELCOME,
  MAX_RELEASES_PER_FRAME,
  MAX_SERVERS_PER_WELCOME,
  PRESENCE_PROTOCOL,
} from '../../node/rendezvous/wire.ts'
import { type PresenceFrame, REFUSAL } from '../../node/rendezvous/wire-frames.ts'
import { createSeededPeer, createServerRecord, type SeededPeer } from '../helpers/seeded-peer.ts'
import { frameBody, readNumberedRows, readWirePage, type WirePage } from '../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
const KEY = decodeKeyHex('5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03')
/** Of that key. */
const CONTENT = new TextEncoder().encode('hello\n')
const ADDRESS = multiaddr('/ip4/192.0.2.7/tcp/4000/ws')
const ISSUED_AT_MS = 1_760_000_000_000

describe('the page', () => {
  let page: WirePage
  let holder: SeededPeer
  let home: SeededPeer
  beforeAll(async () => {
    page = await readWirePage('node/rendezvous/WIRE.md')
    holder = await createSeededPeer(1)
    home = await createSeededPeer(2)
  })

  test('presence wire: the examples of the page are what they say, in both directions', async () => {
    const lease = page.examples.get('lease') as Uint8Array
    const key = KEY
    const shown: PresenceFrame[] = [
      { type: 'hello', role: 'node', addresses: [ADDRESS], answersProbes: false, readsRecords: true, readsNews: true },
      { type: 'hold', sequence: 1, leases: [lease], marks: [new Uint8Array(16).fill(3)], contents: [CONTENT] },
      { type: 'release', records: [{ key, holder: holder.multihash }] },
      { type: 'heartbeat', bits: 1 },
      { type: 'find', id: 2, key, limit: 16, scope: 0, maxContentBytes: 4_096 },
      { type: 'watch', key, scope: 1 },
      { type: 'unwatch', key },
      { type: 'probe-reply' },
      { type: 'homes', records: [await createServerRecord(home, [ADDRESS], ISSUED_AT_MS)] },
      {
        type: 'welcome',
        addresses: [ADDRESS],
        nowMs: ISSUED_AT_MS + 5,
        servers: [{ peer: home.multihash, addresses: [ADDRESS] }],
        records: [await createServerRecord(home, [ADDRESS], ISSUED_AT_MS)],
        group: { bits: 1, size: 40, letsRest: true },
      },
      { type: 'held', sequence: 1, refused: [{ index: 0, reason: 'expired' }] },
      { type: 'probe' },
      { type: 'heartbeat-reply', nowMs: ISSUED_AT_MS + 5, group: { bits: 1, size: 40, letsRest: true } },
      {
        type: 'found',
        id: 2,
        leases: [lease],
        stock: [{ peer: home.multihash, expiresAtMs: ISSUED_AT_MS + 600_000 }],
        homes: [{ peer: home.multihash, addresses: [ADDRESS] }],
        count: 2,
        content: CONTENT,
      },
      { type: 'count', key, count: 3, people: 2 },
      { type: 'servers', records: [await createServerRecord(home, [ADDRESS], ISSUED_AT_MS)] },
      { type: 'refused', id: 2, reason: 'busy', text: 'at most 8 finds at once' },
    ]
    expect([...page.examples.keys()].filter((name) => name !== 'lease')).toEqual(shown.map(({ type }) => type))
    for (const frame of shown) {
      const body = frameBody(page.examples.get(frame.type) as Uint8Array)
      expect(decodePresence(decodeFrame(body))).toEqual(frame)
      expect(Buffer.from(encodeFrame(encodePresence(frame))).equals(body)).toBe(true)
    }
  })

  test('presence wire: the lease of the page is signed by its holder', async () => {
    const lease = decodeLease(page.examples.get('lease') as Uint8Array)
    expect(lease).toMatchObject({
      key: KEY,
      holder: holder.id,
      home: home.id,
      issuedAtMs: ISSUED_AT_MS,
      expiresAtMs: ISSUED_AT_MS + 600_000,
    })
    expect(await isLeaseSigned(lease)).toBe(true)
  })

  test('presence wire: the page names the protocol and every reason for a refusal with its number', () => {
    expect(page.text).toContain(`\`${PRESENCE_PROTOCOL}\``)
    expect(readNumberedRows(page.text, 'Refusals')).toEqual(new Map(Object.entries(REFUSAL).map(([name, number]) => [number, name])))
  })

  test('presence wire: the examples of the page, one behind another, are a stream', () => {
    const frames = [...page.examples].filter(([name]) => name !== 'lease')
    const decoder = new LengthPrefixedDecoder({ maxDataLength: MAX_PRESENCE_FRAME_BYTES })
    const types = [...decoder.decode(Buffer.concat(frames.map(([, bytes]) => bytes)))].map(
      (body) => decodePresence(decodeFrame(body.subarray())).type,
    )
    expect(types).toEqual(frames.map(([name]) => name))
  })
})

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const mark = fc.uint8Array({ minLength: 16, maxLength: 16 })
const whole = fc.maxSafeNat()
const scope = fc.constantFrom(0 as const, 1 as const)
const peer = fc.uint8Array({ minLength: 1, maxLength: 64 })
const lease = fc.uint8Array({ maxLength: MAX_LEASE_BYTES })
const reason = fc.constantFrom(...(Object.keys(REFUSAL) as (keyof typeof REFUSAL)[]))
const addresses = fc.array(
  fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })).map(([ip, port]) => multiaddr(`/ip4/${ip}/tcp/${port}/ws`)),
  { maxLength: MAX_ADDRESSES },
)
const peers = (most: number) => fc.array(fc.record({ peer, addresses }), { maxLength: most })
const as = <T extends PresenceFrame['type']>(type: T) => fc.constant(type)
const FRAME: fc.Arbitrary<PresenceFrame> = fc.oneof(
  fc.record({ type: as('hello'), role: fc.constantFrom('tab' as const, 'node' as const), addresses, answersProbes: fc.boolean() }),
  fc.record({ type: as('hold'), sequence: whole, leases: fc.array(lease, { maxLength: 4 }) }),
  fc.record({
    type: as('hold'),
    sequence: whole,
    leases: fc.array(lease, { maxLength: 4 }),
    marks: fc.array(fc.option(mark, { nil: undefined }), { maxLength: 3 }).map((marks) => [...marks, new Uint8Array(16)]),
  }),
  fc.record({ type: as('release'), records: fc.array(fc.record({ key, holder: peer }), { maxLength: 4 }) }),
  fc.record({ type: as('heartbeat') }),
  fc.record({ type: as('heartbeat'), bits: fc.nat({ max: 32 }) }),
  fc.record({ type: as('heartbeat-reply') }),
  fc.record({ type: as('probe') }),
  fc.record({ type: as('probe-reply') }),
  fc.record({ type: as('heartbeat-reply'), nowMs: fc.nat() }),
  fc.record({ type: as('find'), id: whole, key, limit: whole, scope }),
  fc.record({ type: as('watch'), key, scope }),
  fc.record({ type: as('unwatch'), key }),
  fc.record({
    type: as('hello'),
    role: fc.constant('node' as const),
    addresses,
    answersProbes: fc.boolean(),
    readsRecords: fc.constant(true),
  }),
  fc.record({
    type: as('hello'),
    role: fc.constant('node' as const),
    addresses,
    answersProbes: fc.boolean(),
    readsRecords: fc.constant(true),
    readsNews: fc.constant(true),
  }),
  fc.record({ type: as('servers'), records: fc.array(fc.uint8Array({ maxLength: MAX_SERVER_RECORD_BYTES }), { maxLength: 4 }) }),
  fc.record({ type: as('welcome'), addresses, nowMs: whole, servers: peers(4) }),
  fc.record({
    type: as('welcome'),
    addresses,
    nowMs: whole,
    servers: peers(0),
    records: fc.array(fc.uint8Array({ maxLength: MAX_SERVER_RECORD_BYTES }), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ type: as('held'), sequence: whole, refused: fc.array(fc.record({ index: whole, reason }), { maxLength: 4 }) }),
  fc.record({
    type: as('found'),
    id: whole,
    leases: fc.array(lease, { maxLength: 4 }),
    stock: fc.array(fc.record({ peer, expiresAtMs: whole }), { maxLength: 4 }),
    homes: peers(4),
    count: whole,
  }),
  fc.record({ type: as('count'), key, count: whole }),
  fc.record({ type: as('count'), key, count: fc.constant(9), people: fc.nat({ max: 8 }) }),
  fc.record({ type: as('refused'), id: whole, reason, text: fc.string({ maxLength: 200 }) }),
)

test('presence wire: every frame comes back as it was, and as the same bytes', () => {
  fc.assert(
    fc.property(FRAME, (frame) => {
      const bytes = encodeFrame(encodePresence(frame))
      const read = decodePresence(decodeFrame(bytes))
      expect(encodeFrame(encodePresence(read))).toEqual(bytes)
      expect(read).toEqual(frame)
    }),
    { numRuns: 200 },
  )
})

const ITEM = fc.letrec((tie) => ({
  item: fc.oneof(
    { maxDepth: 3 },
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.string(),
    fc.uint8Array({ maxLength: 70 }),
    key,
    fc.constantFrom(null, true, false),
    fc.array(tie('item'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('toString', 'length', '__proto__', 'a'), tie('item'), { maxKeys: 3 }),
  ),
})).item

test('presence wire: a frame that is none is refused as a bad frame and as nothing else', () => {
  const types = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 17, 18, 20, 21, 22, 23, 31, 8, 255, -1)
  fc.assert(
    fc.property(types, fc.array(ITEM, { maxLength: 6 }), (type, fields) => {
      let frame: Frame
      try {
        frame = decodeFrame(encode([type, ...fields]))
        decodePresence(frame)
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('presence wire: a frame with one entry replaced is read or refused, and never anything else', () => {
  fc.assert(
    fc.property(FRAME, fc.nat(6), ITEM, (frame, index, item) => {
      const fields = [...encodePresence(frame)] as Frame
      fields[index % fields.length] = item as number
      try {
        decodePresence(decodeFrame(encode(fields)))
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
    { numRuns: 1_000 },
  )
})

test.each<[string, Frame]>([
  ['another version', [1, 2, 0, []]],
  ['a version that cannot be printed', [1, { toString: 1 }, 0, []]],
  ['a third role', [1, 1, 2, []]],
  ['too many addresses', [1, 1, 1, Array(MAX_ADDRESSES + 1).fill(ADDRESS.bytes)]],
  ['too long an address', [1, 1, 1, [new Uint8Array(MAX_ADDRESS_BYTES + 1)]]],
  ['an address that is none', [1, 1, 1, [Uint8Array.of(0xff, 0xff, 0xff)]]],
  ['too many leases', [2, 1, Array(MAX_LEASES_PER_FRAME + 1).fill(Uint8Array.of(1))]],
  ['too long a lease', [2, 1, [new Uint8Array(MAX_LEASE_BYTES + 1)]]],
  ['too many releases', [3, Array(MAX_RELEASES_PER_FRAME + 1).fill([KEY, Uint8Array.of(1)])]],
  ['a release without a holder', [3, [[KEY]]]],
  ['a short key', [6, KEY.slice(1), 0]],
  ['a long key', [7, Uint8Array.of(...KEY, 0)]],
  ['a fourth scope', [6, KEY, 3]],
  ['a number below zero', [5, -1, KEY, 1, 0]],
  ['a number that is none', [5, 1.5, KEY, 1, 0]],
  ['a number too large to count with', [22, KEY, 2 ** 53]],
  ['too many servers', [17, 1, [], 0, Array(MAX_SERVERS_PER_WELCOME + 1).fill([KEY, []])]],
  ['too many records of servers', [23, Array(MAX_RECORDS_PER_WELCOME + 1).fill(Uint8Array.of(1))]],
  ['too long a record of a server', [23, [new Uint8Array(MAX_SERVER_RECORD_BYTES + 1)]]],
  ['an unknown reason', [31, 0, 99, '']],
  ['an unknown type', [16]],
])('presence wire: refuses %s', (_, frame) => {
  expect(() => decodePresence(frame)).toThrow(BAD_FRAME)
})

test('presence wire: entries behind those that are known are left unread', () => {
  expect(decodePresence([6, KEY, 0, 'from a later version'])).toEqual({ type: 'watch', key: KEY, scope: 0 })
})

test('presence wire: a key that was read does not keep the stream’s buffer', () => {
  const bytes = encodeFrame([7, KEY])
  const { key: read } = decodePresence(decodeFrame(bytes)) as { key: Uint8Array }
  expect(read.buffer).not.toBe(bytes.buffer)
  expect(read.buffer.byteLength).toBe(32)
})

test('presence wire: the longest frames that are sent fit into a frame', () => {
  const address = multiaddr(`/dns/${'a'.repeat(MAX_ADDRESS_BYTES - 8)}/tcp/4000/ws`)
  expect(address.bytes.byteLength).toBeLessThanOrEqual(MAX_ADDRESS_BYTES)
  const far = { peer: new Uint8Array(64), addresses: Array(100).fill(address) }
  const now = Number.MAX_SAFE_INTEGER
  const leases = (count: number) => Array(count).fill(new Uint8Array(MAX_LEASE_BYTES))
  const longest: PresenceFrame[] = [
    { type: 'hello', role: 'node', addresses: far.addresses, answersProbes: false },
    { type: 'hold', sequence: now, leases: leases(MAX_LEASES_PER_FRAME) },
    { type: 'release', records: Array(MAX_RELEASES_PER_FRAME).fill({ key: KEY, holder: far.peer }) },
    { type: 'welcome', addresses: far.addresses, nowMs: now, servers: Array(100).fill(far) },
    {
      type: 'welcome',
      addresses: far.addresses,
      nowMs: now,
      servers: [],
      records: Array(100).fill(new Uint8Array(MAX_SERVER_RECORD_BYTES)),
    },
    { type: 'servers', records: Array(100).fill(new Uint8Array(MAX_SERVER_RECORD_BYTES)) },
    { type: 'held', sequence: now, refused: Array(MAX_LEASES_PER_FRAME).fill({ index: now, reason: 'older' }) },
    {
      type: 'found',
      id: now,
      leases: leases(MAX_HOLDERS_PER_FOUND),
      stock: [],
      homes: Array(MAX_HOLDERS_PER_FOUND).fill(far),
      count: now,
    },
    { type: 'refused', id: now, reason: 'busy', text: '🪰'.repeat(1_000) },
  ]
  for (const frame of longest) {
    const bytes = encodeFrame(encodePresence(frame))
    expect(bytes.byteLength, frame.type).toBeLessThanOrEqual(MAX_PRESENCE_FRAME_BYTES)
    expect(decodePresence(decodeFrame(bytes)).type).toBe(frame.type)
  }
})
