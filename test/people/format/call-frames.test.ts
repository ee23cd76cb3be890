import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, type Frame } from '../../../node/network/index.ts'
import {
  CALL_ERRORS,
  CALL_LIMITS,
  type CallErrorCode,
  type CallFrame,
  decodeCallFrame,
  encodeCallFrame,
} from '../../../node/people/format/call-frames.ts'
import { type ChannelFrame, decodeChannelFrame, encodeChannelFrame } from '../../../node/people/format/channel-frames.ts'
import { decodeValue, encodeValue } from '../../../node/people/format/value.ts'
import { readWirePage, type WirePage } from '../../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
let page: WirePage

beforeAll(async () => {
  page = await readWirePage('node/people/WIRE.md')
})

const CALLS: [string, CallFrame][] = [
  ['call of the module echo', { type: 'call', id: 1, module: 'echo', data: encodeValue('hi') }],
  ['call without data', { type: 'call', id: 2, module: 'time', data: encodeValue(undefined) }],
  ['credit for items', { type: 'credit', id: 1, bytes: 65_536 }],
  ['abort of a call', { type: 'abort', id: 1 }],
  ['answer to a call', { type: 'answer', id: 1, data: encodeValue('hi') }],
  ['item of several', { type: 'item', id: 3, data: encodeValue([1]) }],
  ['end of the items', { type: 'end', id: 3 }],
  ['error of a call', { type: 'error', id: 4, code: 'ERR_NO_MODULE', text: 'none', issues: undefined }],
  [
    'error with the faults of an input',
    { type: 'error', id: 5, code: 'ERR_BAD_INPUT', text: 'a.0: no', issues: [{ message: 'no', path: ['a', 0] }] },
  ],
  ['ping of a session for calls', { type: 'ping', nonce: 7 }],
  ['pong of a session for calls', { type: 'pong', nonce: 7 }],
  ['leave', { type: 'leave' }],
]

const CHANNELS: [string, ChannelFrame][] = [
  ['message of a channel', { type: 'message', data: encodeValue({ x: 1 }) }],
  ['ping of a channel', { type: 'ping', nonce: 7 }],
  ['pong of a channel', { type: 'pong', nonce: 7 }],
  ['move of a channel', { type: 'moved' }],
]

test('the examples of the page are what they say, in both directions', () => {
  for (const [name, frame] of CALLS) {
    const bytes = page.examples.get(name) ?? new Uint8Array()
    expect([name, decodeCallFrame(decodeFrame(bytes))]).toEqual([name, frame])
    expect(encodeFrame(encodeCallFrame(frame))).toEqual(bytes)
  }
  for (const [name, frame] of CHANNELS) {
    const bytes = page.examples.get(name) ?? new Uint8Array()
    expect([name, decodeChannelFrame(decodeFrame(bytes))]).toEqual([name, frame])
    expect(encodeFrame(encodeChannelFrame(frame))).toEqual(bytes)
  }
  const value = page.examples.get('value of a call') ?? new Uint8Array()
  expect(decodeValue(value)).toEqual({ text: 'hi', n: 1.5, raw: new Uint8Array([1, 2]) })
  expect(encodeValue(decodeValue(value))).toEqual(value)
})

test('the page has each code with its number', () => {
  const rows = [...page.text.matchAll(/^\| (\d+) \| `(ERR_[A-Z_]+)` \|/gm)].map(([, number, code]) => [code, Number(number)])
  expect(rows).toEqual(Object.entries(CALL_ERRORS))
})

const id = fc.maxSafeNat()
const data = fc.uint8Array({ maxLength: 100 })
const text = fc.string({ maxLength: 50 })
const issue = fc.record({ message: text, path: fc.array(fc.oneof(text, fc.maxSafeNat()), { maxLength: CALL_LIMITS.maxPathSteps }) })
const call: fc.Arbitrary<CallFrame> = fc.oneof(
  fc.record({ type: fc.constant('call' as const), id, module: text, data }),
  fc.record({ type: fc.constant('credit' as const), id, bytes: id }),
  fc.record({ type: fc.constantFrom('abort' as const, 'end' as const), id }),
  fc.record({ type: fc.constantFrom('answer' as const, 'item' as const), id, data }),
  fc.record({
    type: fc.constant('error' as const),
    id,
    code: fc.constantFrom(...(Object.keys(CALL_ERRORS) as CallErrorCode[])),
    text,
    issues: fc.option(fc.array(issue, { maxLength: CALL_LIMITS.maxIssues }), { nil: undefined }),
  }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), nonce: id }),
  fc.constant({ type: 'leave' as const }),
)
const channel: fc.Arbitrary<ChannelFrame> = fc.oneof(
  fc.record({ type: fc.constant('message' as const), data }),
  fc.record({ type: fc.constantFrom('ping' as const, 'pong' as const), nonce: id }),
)

test('any frame comes back as it was', () => {
  fc.assert(
    fc.property(call, (frame) => {
      expect(decodeCallFrame(decodeFrame(encodeFrame(encodeCallFrame(frame))))).toEqual(frame)
    }),
  )
  fc.assert(
    fc.property(channel, (frame) => {
      expect(decodeChannelFrame(decodeFrame(encodeFrame(encodeChannelFrame(frame))))).toEqual(frame)
    }),
  )
})

test('any other array is a frame that can be sent again, or ERR_BAD_FRAME', () => {
  const field = fc.oneof(fc.integer(), text, data, fc.constant(null), fc.array(fc.anything()), fc.boolean())
  const frame = fc.tuple(fc.integer({ min: 0, max: 30 }), field, field, field, field) as fc.Arbitrary<unknown> as fc.Arbitrary<Frame>
  fc.assert(
    fc.property(frame, (fields) => {
      for (const [decode, encode] of [
        [decodeCallFrame, encodeCallFrame],
        [decodeChannelFrame, encodeChannelFrame],
      ] as [(frame: Frame) => CallFrame, (frame: CallFrame) => Frame][]) {
        let decoded: CallFrame
        try {
          decoded = decode(fields)
        } catch (error) {
          expect(error).toEqual(BAD_FRAME)
          continue
        }
        expect(decode(encode(decoded))).toEqual(decoded)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('names, texts and data over their limits are bad frames', () => {
  expect(() => decodeCallFrame([1, 1, 'x'.repeat(CALL_LIMITS.maxNameLength + 1), new Uint8Array()])).toThrow(BAD_FRAME)
  expect(() => decodeCallFrame([1, 1, 'x', new Uint8Array(262_145)])).toThrow(BAD_FRAME)
  expect(() => decodeCallFrame([1, -1, 'x', new Uint8Array()])).toThrow(BAD_FRAME)
  expect(() => decodeCallFrame([20, 1, 99, 'x', null])).toThrow(BAD_FRAME)
  expect(() => decodeChannelFrame([1, new Uint8Array(262_145)])).toThrow(BAD_FRAME)
})
