import { ristretto255 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { generatorString, lvCat, startCpace } from '../../../node/people/format/cpace.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const utf8 = (value: string) => new TextEncoder().encode(value)

/** @see https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-cpace-21#appendix-B.3 (drafts 19 to 21; older ones have another CI) */
const DRAFT = {
  input: {
    secret: utf8('Password'),
    context: hex('0b415f696e69746961746f720b425f726573706f6e646572'),
    sessionId: hex('7e4b4791d6a8ef019b936c79fb7f2c57'),
  },
  scalarA: hex('da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08'),
  scalarB: hex('d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d'),
  shareA: 'd6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157',
  shareB: '3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258',
  common: '80b69a8a76457ab6a4d7f887a4bf6b55a2f80ac19c333f917a05fc9887c8b40f',
  generator: '222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56',
  keyStart: 'b69effbf61b51d56',
}

const exchange = (secretA: string, secretB: string, context = 'test') => {
  const sessionId = crypto.getRandomValues(new Uint8Array(32))
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  const input = (secret: string) => ({ secret: utf8(secret), context: utf8(context), sessionId })
  const a = startCpace(input(secretA), 'A', utf8('alice'), random)
  const b = startCpace(input(secretB), 'B', utf8('bob'), random)
  return { a, b, ofA: a.finish(b.share, utf8('bob')), ofB: b.finish(a.share, utf8('alice')) }
}

test('cpace: the lengths of parts are LEB128', () => {
  expect(text(lvCat(utf8('1234'), new Uint8Array(0)))).toBe('043132333400')
  expect(text(lvCat(new Uint8Array(127)).subarray(0, 1))).toBe('7f')
  expect(text(lvCat(new Uint8Array(128)).subarray(0, 2))).toBe('8001')
})

test("cpace: generator, shares, common point and key are the draft's", () => {
  expect(generatorString(DRAFT.input)).toHaveLength(170)
  const a = startCpace(DRAFT.input, 'A', utf8('ADa'), () => DRAFT.scalarA)
  const b = startCpace(DRAFT.input, 'B', utf8('ADb'), () => DRAFT.scalarB)
  expect([text(a.share), text(b.share)]).toEqual([DRAFT.shareA, DRAFT.shareB])
  // A scalar of one gives the generator as the share.
  const one = Uint8Array.of(1, ...new Uint8Array(31))
  expect(text(startCpace(DRAFT.input, 'A', utf8(''), () => one).share)).toBe(DRAFT.generator)
  const { Point } = ristretto255
  const common = Point.fromBytes(b.share).multiply(Point.Fn.fromBytes(DRAFT.scalarA))
  expect(text(common.toBytes())).toBe(DRAFT.common)
  const [ofA, ofB] = [a.finish(b.share, utf8('ADb')), b.finish(a.share, utf8('ADa'))]
  expect(text(ofA.key)).toBe(text(ofB.key))
  expect(text(ofA.key).slice(0, 16)).toBe(DRAFT.keyStart)
  expect([ofA.key.byteLength, ofA.tag.byteLength]).toEqual([64, 64])
})

test('cpace: two ends with the same secret confirm each other, and with another one neither does', () => {
  const same = exchange('mango guitar', 'mango guitar')
  expect(same.ofA.isConfirmedBy(same.ofB.tag)).toBe(true)
  expect(same.ofB.isConfirmedBy(same.ofA.tag)).toBe(true)
  expect(same.ofA.isConfirmedBy(same.ofA.tag)).toBe(false) // its own, sent back
  const other = exchange('mango guitar', 'mango piano')
  expect(other.ofA.isConfirmedBy(other.ofB.tag)).toBe(false)
  expect(other.ofB.isConfirmedBy(other.ofA.tag)).toBe(false)
  expect(text(other.ofA.key)).not.toBe(text(other.ofB.key))
})

test('cpace: a name, a context or a session id that differs ends in another key', () => {
  const { a, b } = exchange('mango', 'mango')
  expect(a.finish(b.share, utf8('mallory')).isConfirmedBy(b.finish(a.share, utf8('alice')).tag)).toBe(false)
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  for (const change of [{ context: utf8('other') }, { sessionId: new Uint8Array(16).fill(1) }]) {
    const one = startCpace(DRAFT.input, 'A', utf8('a'), random)
    const two = startCpace({ ...DRAFT.input, ...change }, 'B', utf8('b'), random)
    expect(one.finish(two.share, utf8('b')).isConfirmedBy(two.finish(one.share, utf8('a')).tag)).toBe(false)
  }
})

test('cpace: the neutral element and encodings of no element are refused', () => {
  const { a } = exchange('mango', 'mango')
  const notElements = [
    '00'.repeat(32),
    'ff'.repeat(32),
    `01${'00'.repeat(31)}`,
    `edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
    '00',
  ]
  for (const share of notElements)
    expect(() => a.finish(hex(share), utf8('bob')), share).toThrow(expect.objectContaining({ code: 'ERR_BAD_FRAME' }))
})

test('cpace: a scalar of zero is drawn again', () => {
  const draws = [new Uint8Array(32), Uint8Array.of(...new Uint8Array(31), 0xf0), DRAFT.scalarA]
  expect(text(startCpace(DRAFT.input, 'A', utf8(''), () => draws.shift() as Uint8Array).share)).toBe(DRAFT.shareA)
})

test('cpace: no two lists of parts have the same bytes', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 })
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      const isSame = one.length === other.length && one.every((part, i) => text(part) === text(other[i] as Uint8Array))
      expect(text(lvCat(...one)) === text(lvCat(...other))).toBe(isSame)
    }),
  )
})
