import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue, VALUE_LIMITS } from '../../../node/people/format/value.ts'

const BAD_INPUT = expect.objectContaining({ code: 'ERR_BAD_INPUT' })
const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0), // no -0
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((name) => name !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
}))

describe('values', () => {
  test('any value comes back as it was, and its keys in their order', () => {
    fc.assert(
      fc.property(value, (sent) => {
        const came = decodeValue(encodeValue(sent))
        expect(came).toEqual(sent)
        expect(JSON.stringify(came)).toBe(JSON.stringify(sent))
      }),
    )
  })

  test('no bytes do anything else than give a value that can be sent again, or ERR_BAD_FRAME', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.anything().map(toCbor)), (bytes) => {
        let came: unknown
        try {
          came = decodeValue(bytes)
        } catch (error) {
          expect(error).toEqual(BAD_FRAME)
          return
        }
        expect(decodeValue(encodeValue(came))).toEqual(came)
      }),
      { numRuns: 500 },
    )
  })

  test('properties that are undefined are left out, as in JSON; nothing at all is undefined', () => {
    expect(decodeValue(encodeValue({ a: undefined, b: { c: undefined, d: 1 } }))).toEqual({ b: { d: 1 } })
    expect([encodeValue(undefined).byteLength, decodeValue(new Uint8Array())]).toEqual([0, undefined])
    expect(decodeValue(encodeValue(Object.assign(Object.create(null), { a: 1 })))).toEqual({ a: 1 })
  })

  const cycle: unknown[] = []
  cycle.push({ cycle })
  const refused: [string, unknown, string][] = [
    ['a function', { a: [() => 1] }, 'the value.a[0]: it is a function'],
    ['a symbol', Symbol('x'), 'the value: it is a symbol'],
    ['a bigint', { n: 1n }, 'the value.n: it is a bigint'],
    ['undefined in a list', [1, undefined], 'the value[1]: it is undefined'],
    ['a hole', new Array(1), 'the value[0]: it is undefined'],
    ['NaN', { x: Number.NaN }, 'the value.x: it is NaN'],
    ['infinity', -1 / 0, 'the value: it is -Infinity'],
    ['a date', new Date(), 'it is a Date'],
    ['a map', new Map(), 'it is a Map'],
    ['an error', new Error('x'), 'it is a Error'],
    ['a typed array', new Float32Array(1), 'it is a Float32Array'],
    ['a buffer of bytes', new ArrayBuffer(1), 'it is a ArrayBuffer'],
    ['an object of a class', new (class Point {})(), 'it is a Point'],
    ['a key __proto__', JSON.parse('{"__proto__": 1}'), 'a key __proto__'],
    ['one that contains itself', cycle, 'deeper than 64'],
  ]
  test.each(refused)('%s cannot be sent, and the error names where it is', (_, sent, words) => {
    expect(() => encodeValue(sent)).toThrow(BAD_INPUT)
    expect(() => encodeValue(sent)).toThrow(words)
  })

  test('as deep as the limit, and no deeper; as large as the limit, and no larger', () => {
    const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)])
    expect(decodeValue(encodeValue(nest(VALUE_LIMITS.maxDepth)))).toEqual(nest(VALUE_LIMITS.maxDepth))
    expect(() => encodeValue(nest(VALUE_LIMITS.maxDepth + 1))).toThrow(BAD_INPUT)
    expect(() => decodeValue(encode(nest(VALUE_LIMITS.maxDepth + 1)))).toThrow(BAD_FRAME)
    expect(() => decodeValue(new Uint8Array(262_144).fill(0x81))).toThrow(BAD_FRAME)
    expect(encodeValue(new Uint8Array(VALUE_LIMITS.maxBytes - 5)).byteLength).toBe(VALUE_LIMITS.maxBytes)
    expect(() => encodeValue(new Uint8Array(VALUE_LIMITS.maxBytes - 4))).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }))
  })

  test('a key __proto__ is refused on arrival', () => {
    const bytes = Uint8Array.from(Buffer.from('a1695f5f70726f746f5f5fa1617801', 'hex'))
    expect(() => decodeValue(bytes)).toThrow(BAD_FRAME)
  })
})

function toCbor(anything: unknown): Uint8Array {
  try {
    return encode(anything)
  } catch {
    return new Uint8Array([0xff])
  }
}
