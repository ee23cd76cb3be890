import { encode } from 'cborg'
import { describe, expect, it } from 'vitest'
import { decodeSigned, isPartSigned, isPartSignedElsewhere, signPart } from '../../node/keys/signed.ts'
import { publicKeyOf } from '../../node/keys/signing.ts'

const SECRET = new Uint8Array(32).fill(1)
const DOMAIN = 'test:'
const SIGNATURE = new Uint8Array(64).fill(7)

function codeOf(bytes: Uint8Array): unknown {
  try {
    decodeSigned('a test', bytes, 1_000_000)
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('signed parts', () => {
  for (const length of [0, 1, 23, 24, 255, 256, 65_535, 65_536]) {
    it(`reads what a CBOR library writes, with a part of ${length} bytes`, () => {
      const part = new Uint8Array(length).fill(5)
      const { part: readPart, signature } = decodeSigned('a test', new Uint8Array(encode([part, SIGNATURE])), 1_000_000)
      expect(Buffer.compare(readPart, part)).toBe(0)
      expect(signature).toEqual(SIGNATURE)
    })
  }

  const whole = [...encode([new Uint8Array(10).fill(5), SIGNATURE])]
  const bad: [string, number[]][] = [
    ['nothing', []],
    ['only its beginning', whole.slice(0, 40)],
    ['one byte less', whole.slice(0, -1)],
    ['one byte more', [...whole, 0]],
    ['an array of three', [0x83, ...whole.slice(1), 0]],
    ['a length that is not written in the shortest way', [0x82, 0x58, 10, ...whole.slice(2)]],
    ['a length of two bytes that would fit into one', [0x82, 0x59, 0, 10, ...whole.slice(2)]],
    ['a length of four bytes that would fit into one', [0x82, 0x5a, 0, 0, 0, 10, ...whole.slice(2)]],
    ['a length without its end', [0x82, 0x5f, ...whole.slice(2)]],
    ['a text for a part', [0x82, 0x6a, ...whole.slice(2)]],
    ['a signature of 63 bytes', [...encode([new Uint8Array(10), SIGNATURE.subarray(1)])]],
    ['a text for a signature', [...whole.slice(0, 12), 0x78, ...whole.slice(13)]],
  ]
  for (const [what, bytes] of bad) {
    it(`refuses ${what}`, () => expect(codeOf(Uint8Array.from(bytes))).toBe('ERR_BAD_FRAME'))
  }

  it('refuses bytes over the limit', () => {
    expect(() => decodeSigned('a test', Uint8Array.from(whole), whole.length - 1)).toThrow()
    expect(() => decodeSigned('a test', Uint8Array.from(whole), whole.length)).not.toThrow()
  })

  it('finds the same right and wrong in another thread as in this one', async () => {
    const publicKey = publicKeyOf(SECRET)
    const right = signPart(SECRET, DOMAIN, new Uint8Array(300).fill(3))
    const changed = Uint8Array.from(right, (byte, i) => (i === 50 ? byte ^ 1 : byte))
    const cases: [Uint8Array, string, boolean][] = [
      [right, DOMAIN, true],
      [right, 'other:', false],
      [changed, DOMAIN, false],
      [right.subarray(0, -1), DOMAIN, false],
    ]
    for (const [bytes, domain, expected] of cases) {
      expect(isPartSigned(publicKey, domain, bytes)).toBe(expected)
      expect(await isPartSignedElsewhere(publicKey, domain, bytes)).toBe(expected)
    }
    expect(await isPartSignedElsewhere(new Uint8Array(32), DOMAIN, right)).toBe(false)
  })
})
