import { LengthPrefixedDecoder } from '@libp2p/utils'
import { encode } from 'cborg'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { MAX_ENVELOPE_BYTES, REFUSALS } from '../../../node/messages/index.ts'
import {
  decodeMessageFrame,
  encodeMessageFrame,
  MAX_MESSAGE_FRAME_BYTES,
  MESSAGE_PROTOCOL,
  type MessageFrame,
} from '../../../node/messages/protocol/wire.ts'
import type { MessageRefusal } from '../../../node/messages/types.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../../node/network/index.ts'
import { SHOWN } from '../../helpers/message-frames.ts'
import { frameBody, readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })

describe('the page', () => {
  let page: WirePage
  beforeAll(async () => {
    page = await readWirePage('node/messages/STREAM.md')
  })

  test('message wire: the examples of the page are what they say, in both directions', () => {
    expect([...page.examples.keys()]).toEqual(SHOWN.map(({ type }) => type))
    for (const frame of SHOWN) {
      const body = frameBody(page.examples.get(frame.type) as Uint8Array)
      expect(decodeMessageFrame(decodeFrame(body))).toEqual(frame)
      expect(Buffer.from(encodeFrame(encodeMessageFrame(frame))).equals(body)).toBe(true)
    }
  })

  test('message wire: the page names the protocol, and the number of each frame', () => {
    expect(page.text).toContain(`\`${MESSAGE_PROTOCOL}\``)
    const rows = new Map([...page.text.matchAll(/^\| (\d+) \| ([a-z-]+) \|/gm)].map(([, number, name]) => [name, Number(number)]))
    expect(rows).toEqual(new Map(SHOWN.map((frame) => [frame.type, encodeMessageFrame(frame)[0]])))
  })

  test('message wire: the examples of the page, one behind another, are a stream', () => {
    const decoder = new LengthPrefixedDecoder({ maxDataLength: MAX_MESSAGE_FRAME_BYTES })
    const types = [...decoder.decode(Buffer.concat([...page.examples.values()]))].map(
      (body) => decodeMessageFrame(decodeFrame(body.subarray())).type,
    )
    expect(types).toEqual([...page.examples.keys()])
  })
})

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const whole = fc.maxSafeNat()
const envelope = fc.uint8Array({ maxLength: 400 })
const reason = fc.constantFrom(...(Object.keys(REFUSALS) as MessageRefusal[]))
const proof = fc.record({
  publicKey: key,
  nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  atMs: whole,
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
})
const as = <T extends MessageFrame['type']>(type: T) => fc.constant(type)
const FRAME: fc.Arbitrary<MessageFrame> = fc.oneof(
  fc.record({
    type: as('post'),
    sequence: whole,
    task: fc.constantFrom(0 as const, 1 as const, 2 as const),
    rank: fc.nat(255),
    envelope,
  }),
  fc.record({ type: as('offer'), sequence: whole, id: key, end: key }),
  fc.record({
    type: as('tap'),
    sequence: whole,
    end: key,
    rules: fc.array(fc.record({ is: fc.constant({ type: 'text/plain' }), has: fc.constant(['re', 'via']) }), { maxLength: 4 }),
    keeps: fc.boolean(),
    proof: fc.option(proof, { nil: undefined }),
  }),
  fc.record({ type: as('untap'), end: key }),
  fc.record({ type: as('receipt'), receipt: envelope }),
  fc.record({ type: as('decline'), decline: fc.uint8Array({ maxLength: 150 }) }),
  fc.record({ type: as('ask-key'), sequence: whole, end: key, isForTab: fc.boolean() }),
  fc.record({ type: as('collect'), end: key, proof }),
  fc.record({
    type: as('taken'),
    sequence: whole,
    taps: whole,
    keepers: whole,
    nodes: whole,
    untilMs: whole,
    refusal: fc.option(fc.record({ reason, retryAfterMs: whole }), { nil: undefined }),
  }),
  fc.record({ type: as('want'), sequence: whole }),
  fc.record({ type: as('deliver'), envelope }),
  fc.record({ type: as('tapped'), sequence: whole, refused: fc.constantFrom(undefined, 'taps' as const, 'proof' as const) }),
  fc.record({ type: as('key'), sequence: whole, publicKey: fc.option(key, { nil: undefined }) }),
)

test('message wire: whatever is written is read as the same', () => {
  fc.assert(
    fc.property(FRAME, (frame) => {
      expect(decodeMessageFrame(decodeFrame(encodeFrame(encodeMessageFrame(frame))))).toEqual(frame)
    }),
  )
})

test('message wire: whatever bytes come, they are a frame or refused by code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeMessageFrame(decodeFrame(bytes))
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
  )
})

test('message wire: a frame with one entry replaced is read or refused by code', () => {
  const item = fc.oneof(fc.integer(), fc.string(), envelope, fc.constantFrom(null, true, false), fc.array(envelope, { maxLength: 3 }))
  fc.assert(
    fc.property(FRAME, fc.nat(6), item, (frame, index, other) => {
      const fields = [...encodeMessageFrame(frame)] as Frame
      fields[1 + (index % (fields.length - 1))] = other
      try {
        decodeMessageFrame(decodeFrame(encode(fields)))
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
    { numRuns: 1_000 },
  )
})

const z = new Uint8Array(32)
test.each<[what: string, frame: unknown[]]>([
  ['an unknown type', [99]],
  ['a post without an envelope', [1, 1, 0, 0]],
  ['a post with an unknown task', [1, 1, 3, 0, z]],
  ['a post with a negative sequence', [1, -1, 0, 0, z]],
  ['an envelope over its limit', [1, 1, 0, 0, new Uint8Array(MAX_ENVELOPE_BYTES + 1)]],
  ['an offer with a short id', [2, 1, z.subarray(1), z]],
  ['a tap whose rules are none', [3, 1, z, [1], true, null]],
  ['a tap with more rules than there may be', [3, 1, z, Array.from({ length: 17 }, () => [{}, []]), true, null]],
  ['a tap that neither stores nor does not', [3, 1, z, [], 1, null]],
  ['a proof without a signature', [8, z, [z, z.subarray(16), 0]]],
  ['an unknown refusal', [17, 1, 0, 0, 0, 0, 200, 0]],
  ['a tapped with an unknown reason', [20, 1, 9]],
  ['a public key that is short', [21, 1, z.subarray(1)]],
])('message wire: %s is refused', (_, frame) => {
  expect(() => decodeMessageFrame(decodeFrame(encode(frame)) as Frame)).toThrow(BAD_FRAME)
})
