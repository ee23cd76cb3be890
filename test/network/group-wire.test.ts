import { multiaddr } from '@multiformats/multiaddr'
import { encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeGroupFrame,
  encodeGroupFrame,
  GROUPS_PROTOCOL,
  type GroupFrame,
  MAX_DELEGATES_PER_GROUP,
  MAX_GROUP_FRAME_BYTES,
  MAX_IDS_PER_FETCH,
  MAX_IDS_PER_ROSTER,
  MAX_MATES_PER_GROUP,
} from '../../node/network/group-wire.ts'
import { decodeFrame, encodeFrame, type Frame, MAX_SERVER_RECORD_BYTES } from '../../node/network/index.ts'
import { createSeededPeer, createServerRecord } from '../helpers/seeded-peer.ts'
import { frameBody, readWirePage } from '../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })

test('groups wire: the examples of the page are what they say, in both directions', async () => {
  const page = await readWirePage('node/network/WIRE.md')
  const [a, b] = [await createSeededPeer(1), await createSeededPeer(2)]
  const record = await createServerRecord(b, [multiaddr('/ip4/192.0.2.7/tcp/4000/ws')], 1_760_000_000_000)
  const shown: GroupFrame[] = [
    { type: 'compare', turn: 1, bits: 0, count: 3, mix: 0x1234abcd },
    { type: 'fetch', turn: 2, ids: [b.multihash] },
    { type: 'suggest', turn: 3, bits: 3, group: 5, isPassedOn: true, near: { high: 0xa1234567, low: 7 } },
    { type: 'spare', turn: 4 },
    { type: 'nearest', turn: 5, place: { high: 0xa1234567, low: 7 }, count: 8 },
    { type: 'join', turn: 6, place: { high: 0xa1234567, low: 7 } },
    { type: 'mates', turn: 7, place: { high: 0xa1234567, low: 7 } },
    { type: 'roster', turn: 1, ids: [a.multihash, b.multihash] },
    { type: 'servers', turn: 2, records: [record] },
    { type: 'spared', turn: 4, isSpare: true },
    { type: 'group', turn: 7, bits: 1, isWhole: true, size: 2, records: [record], delegates: [] },
  ]
  expect(page.text).toContain(`\`${GROUPS_PROTOCOL}\``)
  expect([...page.examples.keys()]).toEqual(shown.map(({ type }) => type))
  for (const frame of shown) {
    const body = frameBody(page.examples.get(frame.type) as Uint8Array)
    expect(decodeGroupFrame(decodeFrame(body))).toEqual(frame)
    expect(Buffer.from(encodeFrame(encodeGroupFrame(frame))).equals(body)).toBe(true)
  }
})

test('groups wire: the longest frames that are sent fit into a frame', () => {
  const records = Array(5_000).fill(new Uint8Array(MAX_SERVER_RECORD_BYTES))
  const turn = Number.MAX_SAFE_INTEGER
  const longest: GroupFrame[] = [
    { type: 'group', turn, bits: 12, isWhole: true, size: 5_000, records, delegates: records },
    { type: 'roster', turn, ids: Array(5_000).fill(new Uint8Array(38)) },
    { type: 'fetch', turn, ids: Array(5_000).fill(new Uint8Array(64)) },
    { type: 'servers', turn, records },
  ]
  for (const frame of longest) {
    const bytes = encodeFrame(encodeGroupFrame(frame))
    expect(bytes.byteLength, frame.type).toBeLessThanOrEqual(MAX_GROUP_FRAME_BYTES)
    expect(decodeGroupFrame(decodeFrame(bytes)).type).toBe(frame.type)
  }
})

test.each<[string, Frame]>([
  ['too many peers in a roster', [17, 1, Array(MAX_IDS_PER_ROSTER + 1).fill(Uint8Array.of(1))]],
  ['too many peers in a fetch', [2, 1, Array(MAX_IDS_PER_FETCH + 1).fill(Uint8Array.of(1))]],
  ['too many records', [18, 1, Array(MAX_IDS_PER_FETCH + 1).fill(Uint8Array.of(1))]],
  ['too long a record', [18, 1, [new Uint8Array(MAX_SERVER_RECORD_BYTES + 1)]]],
  ['more bits than a group may have', [1, 1, 33, 1, 1]],
  ['a mix below zero', [1, 1, 0, 1, -1]],
  ['no turn', [2]],
  ['more bits than a group may have that is named', [3, 1, 13, 0, 0]],
  ['a group that its bits cannot name', [3, 1, 2, 4, 0]],
  ['half a place', [3, 1, 2, 3, 0, 7]],
  ['a joiner without a place', [6, 1]],
  ['more bits than a group may have that is joined', [20, 1, 13, 1, 1, [], []]],
  ['too many mates', [20, 1, 1, 1, 1, Array(MAX_MATES_PER_GROUP + 1).fill(Uint8Array.of(1)), []]],
  ['too many delegates', [20, 1, 1, 1, 1, [], Array(MAX_DELEGATES_PER_GROUP + 1).fill(Uint8Array.of(1))]],
  ['an unknown type', [8, 1]],
])('groups wire: refuses %s', (_, frame) => {
  expect(() => decodeGroupFrame(frame)).toThrow(BAD_FRAME)
})

test('groups wire: a frame that is none is refused as a bad frame and as nothing else', () => {
  const item = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.uint8Array({ maxLength: 70 }),
    fc.constant(null),
    fc.array(fc.uint8Array(), { maxLength: 3 }),
  )
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 6, 7, 17, 18, 20, 9, -1), fc.array(item, { maxLength: 6 }), (type, fields) => {
      try {
        decodeGroupFrame(decodeFrame(encode([type, ...fields])))
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
    { numRuns: 1_000 },
  )
})
