import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { equalBytes, KEY_BYTES, multihashOf, positionOf, sha256 } from '../../node/keys/index.ts'

const digest = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())

test('key: is what sha256sum says, of any bytes and of none', async () => {
  expect(Buffer.from(await sha256(new Uint8Array())).toString('hex')).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => equalBytes(await sha256(bytes), digest(bytes))))
  for (const size of [4_095, 4_096, 4_097, 262_144]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251)
    expect(await sha256(bytes)).toEqual(digest(bytes))
  }
})

/** On both sides of where WebCrypto takes over, in a tab and in Node.js. */
const SIZES = [0, 1, 4_095, 4_096, 4_097, 262_144, 1_048_576, 1_048_577]

test('key: is the SHA-256 at every size', async () => {
  for (const size of SIZES) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251)
    expect(await sha256(bytes)).toEqual(digest(bytes))
  }
})

test('key: is the same where there is no WebCrypto, as in a page served over plain http', async () => {
  const text = new TextEncoder().encode('páge\r\n🪰')
  vi.stubGlobal('crypto', {})
  try {
    for (const bytes of [text, ...SIZES.map((size) => new Uint8Array(size))]) expect(await sha256(bytes)).toEqual(digest(bytes))
  } finally {
    vi.unstubAllGlobals()
  }
})

test('key: covers only the part of a buffer that it is given', async () => {
  const whole = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251)
  for (const end of [20, 9_000]) expect(await sha256(whole.subarray(10, end))).toEqual(digest(whole.slice(10, end)))
})

test('key: bytes are equal when every one is, and the lengths are', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(equalBytes(a, a.slice())).toBe(true)
      expect(equalBytes(a, b)).toBe(Buffer.from(a).equals(Buffer.from(b)))
    }),
  )
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false)
})

test('key: its multihash is the sha2-256 one, and its position the hash of that', async () => {
  const key = digest(Uint8Array.of(1, 2, 3))
  const multihash = multihashOf(key)
  expect(Buffer.from(multihash).toString('hex')).toBe(`1220${Buffer.from(key).toString('hex')}`)
  expect(multihash.byteLength).toBe(KEY_BYTES + 2)
  expect(await positionOf(key)).toEqual(digest(multihash))
})
