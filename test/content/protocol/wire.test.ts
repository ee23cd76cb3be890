import { encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBundle } from '../../../node/content/format/bundle.ts'
import { encodeOutline } from '../../../node/content/format/outline.ts'
import {
  ASK_SCOPE,
  CHUNK_BYTES,
  CONTENT_PROTOCOL,
  type ContentFrame,
  decodeContent,
  encodeContent,
  MAX_CONTENT_FRAME_BYTES,
  NO_CONTENT,
} from '../../../node/content/protocol/wire.ts'
import { decodeKeyHex } from '../../../node/keys/index.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../../node/network/index.ts'
import { frameBody, readNumberedRows, readWirePage } from '../../helpers/wire-page.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
/** Of two pieces. */
const OUTLINE = encodeOutline({ size: 262_145, pieceBytes: 262_144, hashes: new Uint8Array(64).fill(0xaa) })
const KEY = decodeKeyHex('5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03')

test('content wire: the examples of the page are what they say, in both directions', async () => {
  const { examples } = await readWirePage('node/content/WIRE.md')
  const shown = new Map<string, ContentFrame>([
    ['ask', { type: 'ask', id: 1, key: KEY, scope: ASK_SCOPE.own }],
    ['ask for a file of a bundle', { type: 'ask', id: 7, key: KEY, scope: ASK_SCOPE.own, bundle: new Uint8Array(32).fill(0xcc) }],
    ['cancel', { type: 'cancel', id: 1 }],
    ['chunk', { type: 'chunk', id: 1, total: 6, bytes: new TextEncoder().encode('hello\n') }],
    ['chunk of nothing', { type: 'chunk', id: 2, total: 0, bytes: new Uint8Array() }],
    ['none', { type: 'none', id: 3, reason: 'not-held' }],
    ['ask-piece', { type: 'ask-piece', id: 4, key: KEY, index: 1, scope: ASK_SCOPE.own, outline: new Uint8Array(32).fill(0xbb) }],
    ['follow-pieces', { type: 'follow-pieces', id: 6, key: KEY, outline: new Uint8Array(32).fill(0xbb) }],
    ['pieces', { type: 'pieces', id: 6, bitmap: Uint8Array.of(0xa0, 0x80) }],
    ['more-pieces', { type: 'more-pieces', id: 6, indexes: [1, 25] }],
    ['outline-chunk', { type: 'outline-chunk', id: 5, total: OUTLINE.byteLength, bytes: OUTLINE }],
  ])
  expect([...examples.keys()]).toEqual([...shown.keys(), 'bundle'])
  const bundle = frameBody(examples.get('bundle') as Uint8Array)
  expect(decodeBundle(bundle)).toEqual([{ path: 'index.html', size: 6, type: 'text/html', key: KEY }])
  for (const [name, frame] of shown) {
    const body = frameBody(examples.get(name) as Uint8Array)
    expect(decodeContent(decodeFrame(body))).toEqual(frame)
    expect(Buffer.from(encodeFrame(encodeContent(frame))).equals(body)).toBe(true)
  }
})

test('content wire: the page names the protocol and every reason with its number', async () => {
  const { text } = await readWirePage('node/content/WIRE.md')
  expect(text).toContain(`\`${CONTENT_PROTOCOL}\``)
  expect(readNumberedRows(text, 'Refusals')).toEqual(new Map(Object.entries(NO_CONTENT).map(([name, number]) => [number, name])))
})

const id = fc.maxSafeNat()
const FRAME: fc.Arbitrary<ContentFrame> = fc.oneof(
  fc.record({
    type: fc.constant('ask' as const),
    id,
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    scope: fc.constantFrom(0 as const, 1 as const),
  }),
  fc.record({
    type: fc.constant('ask-piece' as const),
    id,
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    index: fc.maxSafeNat(),
    scope: fc.constantFrom(0 as const, 1 as const),
    outline: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  }),
  fc.record({
    type: fc.constantFrom('chunk' as const, 'outline-chunk' as const),
    id,
    total: fc.maxSafeNat(),
    bytes: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.record({
    type: fc.constant('follow-pieces' as const),
    id,
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    outline: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  }),
  fc.record({ type: fc.constant('pieces' as const), id, bitmap: fc.uint8Array({ maxLength: 512 }) }),
  fc.record({ type: fc.constant('more-pieces' as const), id, indexes: fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 100 }) }),
  fc.record({ type: fc.constant('cancel' as const), id }),
  fc.record({
    type: fc.constant('none' as const),
    id,
    reason: fc.constantFrom(...(Object.keys(NO_CONTENT) as (keyof typeof NO_CONTENT)[])),
  }),
)

test('content wire: every frame decodes as it was encoded, and encodes to the same bytes', () => {
  fc.assert(
    fc.property(FRAME, (frame) => {
      const bytes = encodeFrame(encodeContent(frame))
      expect(decodeContent(decodeFrame(bytes))).toEqual(frame)
      expect(encodeFrame(encodeContent(decodeContent(decodeFrame(bytes))))).toEqual(bytes)
    }),
  )
})

test('content wire: an invalid frame is refused as a bad frame and as nothing else', () => {
  const item = fc.oneof(
    fc.integer(),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.string(),
    fc.uint8Array({ minLength: 31, maxLength: 33 }),
    fc.constantFrom(null, true),
    fc.array(fc.integer()),
    fc.dictionary(fc.constantFrom('toString', '__proto__', 'a'), fc.integer()),
  )
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 4, 17, 18, 20, 21, 0, 99, -1), fc.array(item, { maxLength: 4 }), (type, fields) => {
      try {
        decodeContent(decodeFrame(encode([type, ...fields])))
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
    { numRuns: 1_000 },
  )
})

test.each<[string, Frame]>([
  ['no id', [2]],
  ['an id below zero', [2, -1]],
  ['an id that is none', [2, 1.5]],
  ['a short key', [1, 1, KEY.slice(1), 0]],
  ['a third scope', [1, 1, KEY, 2]],
  ['a scope that cannot be printed', [1, 1, KEY, { toString: 1 }]],
  ['a chunk of text', [17, 1, 5, 'hello']],
  ['a total below zero', [17, 1, -1, new Uint8Array()]],
  ['an unknown reason', [18, 1, 6]],
  ['pieces to follow without an outline', [4, 1, KEY]],
  ['a bitmap that is none', [20, 1, [1]]],
  ['no more pieces', [21, 1, []]],
  ['more pieces than there can be', [21, 1, Array.from({ length: 4_097 }, (_, index) => index)]],
  ['a piece below zero', [21, 1, [0, -1]]],
  ['an unknown type', [5, 1]],
])('content wire: refuses %s', (_, frame) => {
  expect(() => decodeContent(frame)).toThrow(BAD_FRAME)
})

test('content wire: the longest chunk fits into a frame', () => {
  const most = Number.MAX_SAFE_INTEGER
  const bytes = encodeFrame(encodeContent({ type: 'chunk', id: most, total: most, bytes: new Uint8Array(CHUNK_BYTES) }))
  expect(bytes.byteLength).toBeLessThanOrEqual(MAX_CONTENT_FRAME_BYTES)
})
