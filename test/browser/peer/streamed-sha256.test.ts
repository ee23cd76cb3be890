import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createStreamedSha256 } from '../../../browser/peer/streamed-sha256.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const hashOf = (parts: Iterable<Uint8Array>) => {
  const hash = createStreamedSha256()
  for (const part of parts) hash.update(part)
  return hex(hash.digest())
}

/** @see https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values (SHA-256), and FIPS 180-2, appendix B.3 */
it.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('streamed SHA-256: the digest of a test vector of FIPS 180', (text, digest) => {
  expect(hashOf([new TextEncoder().encode(text)])).toBe(digest)
})

it('streamed SHA-256: every length up to three blocks has the digest of node:crypto', () => {
  for (let length = 0; length <= 192; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7)
    expect(hashOf([bytes])).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})

it('streamed SHA-256: the parts in which bytes come make no difference', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })
  fc.assert(
    fc.property(parts, (parts) => {
      expect(hashOf(parts)).toBe(createHash('sha256').update(Buffer.concat(parts)).digest('hex'))
    }),
  )
})

it('streamed SHA-256: the length of more than 512 MiB counts in more than 32 bits', () => {
  const [part, parts] = [new Uint8Array(1_048_576), 513]
  const expected = createHash('sha256')
  for (let i = 0; i < parts; i++) expected.update(part)
  expect(hashOf(Array.from({ length: parts }, () => part))).toBe(expected.digest('hex'))
}, 120_000)
