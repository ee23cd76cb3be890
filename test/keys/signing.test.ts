import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createImportedKeys } from '../../node/keys/imported-keys.ts'
import { decodeKeyHex, sha256, sha256AtOnce } from '../../node/keys/index.ts'
import { nativeSigning } from '../../node/keys/native-signing.ts'
import { isPortablySigned, portablePublicKey, portableSign } from '../../node/keys/portable-signing.ts'
import { isPublicKey } from '../../node/keys/public-key-form.ts'
import { createSigningSecret, hashnameOf, isSigned, publicKeyOf, signBytes } from '../../node/keys/signing.ts'

const { Point } = ed25519
const ORDER = Point.Fn.ORDER
const SECRET = new Uint8Array(32).fill(7)
const KEY = publicKeyOf(SECRET)
const BYTES = new TextEncoder().encode('signed')
const SIGNATURE = signBytes(SECRET, BYTES)
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 })

/** All eight points that a cofactor makes nothing of. */
const TORSION = ['00', '01', '26', 'c7', 'ec'].flatMap((first) => {
  const rest: Record<string, string> = {
    '00': '00'.repeat(31),
    '01': '00'.repeat(31),
    '26': 'e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    c7: '176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ec: `${'ff'.repeat(30)}7f`,
  }
  const bytes = decodeKeyHex(first + rest[first])
  return [bytes, bytes.with(31, (bytes[31] ?? 0) | 0x80)]
})

function littleEndian(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((number >> BigInt(8 * i)) & 255n))
}

function withS(s: bigint): Uint8Array {
  return Uint8Array.from([...SIGNATURE.subarray(0, 32), ...littleEndian(s)])
}

function sOf(signature: Uint8Array): bigint {
  return signature.subarray(32).reduceRight((number, byte) => number * 256n + BigInt(byte), 0n)
}

/** Verdict of Node.js's own and of the portable implementation, which must be the same. */
function bothSay(key: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const portable = isPortablySigned(key, bytes, signature)
  expect(nativeSigning?.isSigned(key, bytes, signature)).toBe(portable)
  return portable
}

test('signing: the key, its signature and its hashname are those of RFC 8032', () => {
  const secret = decodeKeyHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  expect(publicKeyOf(secret)).toEqual(decodeKeyHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'))
  expect(Buffer.from(signBytes(secret, new Uint8Array())).toString('hex')).toMatch(/^e5564300c360ac72.*24655141438e7a100b$/)
  expect(hashnameOf(publicKeyOf(secret))).toMatch(/^[a-z2-7]{52}$/)
})

test('signing: Node.js and a tab make the same keys and signatures, and each takes what the other signed', () => {
  fc.assert(
    fc.property(seed, fc.uint8Array({ maxLength: 300 }), (secret, bytes) => {
      expect(nativeSigning?.publicKey(secret)).toEqual(portablePublicKey(secret))
      const signature = portableSign(secret, bytes)
      expect(nativeSigning?.sign(secret, bytes)).toEqual(signature)
      expect(bothSay(portablePublicKey(secret), bytes, signature)).toBe(true)
    }),
    { numRuns: 20 },
  )
})

test('signing: any changed bit makes a signature wrong, for both', () => {
  fc.assert(
    fc.property(fc.nat(64 * 8 - 1), (bit) => {
      const changed = SIGNATURE.with(bit >> 3, (SIGNATURE[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
      expect(bothSay(KEY, BYTES, changed)).toBe(false)
    }),
    { numRuns: 60 },
  )
})

test('signing: a second form of S is refused by both', () => {
  const s = sOf(SIGNATURE)
  expect(bothSay(KEY, BYTES, withS(s))).toBe(true)
  for (const other of [s + ORDER, s + 2n * ORDER, ORDER, 2n ** 256n - 1n]) expect(bothSay(KEY, BYTES, withS(other))).toBe(false)
})

test('signing: an R with a part of small order is refused by both, though eight times the equation would hold', () => {
  for (const torsion of TORSION.filter((bytes) => isPoint(bytes))) {
    const point = Point.fromBytes(torsion)
    if (point.is0()) continue
    const r = Point.fromBytes(SIGNATURE.subarray(0, 32)).add(point).toBytes()
    expect(bothSay(KEY, BYTES, Uint8Array.from([...r, ...SIGNATURE.subarray(32)]))).toBe(false)
  }
})

test('signing: a key with a part of small order gets the same answer from both, whatever it is', () => {
  const secret = ed25519.utils.getExtendedPublicKey(SECRET)
  const torsion = Point.fromBytes(TORSION[4] ?? KEY)
  const mixed = Point.fromBytes(KEY).add(torsion).toBytes()
  const answers = new Set<boolean>()
  for (let i = 0; i < 40; i++) {
    const bytes = Uint8Array.of(i)
    const r = Point.BASE.multiply(BigInt(i + 5))
    const challenge = Point.Fn.create(
      BigInt(
        `0x${Buffer.from(hashOf(r.toBytes(), mixed, bytes))
          .reverse()
          .toString('hex')}`,
      ),
    )
    const s = Point.Fn.create(BigInt(i + 5) + challenge * secret.scalar)
    answers.add(bothSay(mixed, bytes, Uint8Array.from([...r.toBytes(), ...littleEndian(s)])))
  }
  expect(answers).toEqual(new Set([true, false]))
})

test('signing: a key of small order signs nothing, nor does a second form of a key', () => {
  const any = Uint8Array.from([...(TORSION[2] ?? KEY), ...new Uint8Array(32)])
  for (const key of TORSION) {
    expect(isPublicKey(key)).toBe(false)
    expect(isSigned(key, BYTES, any)).toBe(false)
  }
  const secondForms = [0xed, 0xee, 0xff].map((first) => new Uint8Array(32).fill(255).with(0, first))
  for (const key of secondForms.flatMap((bytes) => [bytes, bytes.with(31, 0x7f)])) expect(isPublicKey(key)).toBe(false)
  expect(isPublicKey(KEY)).toBe(true)
  expect(isPublicKey(KEY.subarray(1))).toBe(false)
  expect(isSigned(KEY, BYTES, SIGNATURE)).toBe(true)
})

test('signing: both refuse bytes that are no point', () => {
  const none = Array.from({ length: 40 }, (_, i) => new Uint8Array(32).fill(i + 2)).filter((bytes) => !isPoint(bytes))
  expect(none.length).toBeGreaterThan(5)
  for (const key of none) expect(bothSay(key, BYTES, SIGNATURE)).toBe(false)
})

test('signing: a secret that is not 32 bytes is refused', () => {
  expect(() => publicKeyOf(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  expect(() => signBytes(new Uint8Array(64), BYTES)).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  expect(createSigningSecret()).not.toEqual(createSigningSecret())
})

test('imported keys: a key that is used is kept, and the longest unused goes first', () => {
  const made: number[] = []
  const imported = createImportedKeys(2, (bytes) => made.push(bytes[0] ?? 0))
  for (const key of [1, 2, 1, 3, 1, 2]) imported(Uint8Array.of(key))
  expect(made).toEqual([1, 2, 3, 2])
})

test('sha256AtOnce: the same as sha256', async () => {
  expect(sha256AtOnce(BYTES)).toEqual(await sha256(BYTES))
})

function isPoint(bytes: Uint8Array): boolean {
  try {
    Point.fromBytes(bytes)
    return true
  } catch {
    return false
  }
}

function hashOf(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(process.getBuiltinModule('node:crypto').hash('sha512', Buffer.concat(parts), 'buffer'))
}
