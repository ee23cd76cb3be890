import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../node/keys/index.ts'
import {
  decodeLease,
  isLeaseSigned,
  LEASE_DEFAULTS,
  type Lease,
  MAX_LEASE_BYTES,
  multihashOfPeer,
  readPeerId,
  refuseTerms,
  signLease,
} from '../../node/rendezvous/lease.ts'
import { createSeededPeer, type SeededPeer } from '../helpers/seeded-peer.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
const NOW_MS = 1_760_000_000_000

let holder: SeededPeer
let home: SeededPeer
let key: Uint8Array
beforeAll(async () => {
  holder = await createSeededPeer(1)
  home = await createSeededPeer(2)
  key = await sha256(Uint8Array.of(7))
})

const sign = (terms: { issuedAtMs?: number; expiresAtMs?: number } = {}): Promise<Lease> =>
  signLease(holder.peer, holder.privateKey, {
    key,
    home: home.peer,
    issuedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + LEASE_DEFAULTS.lifetimeMs,
    ...terms,
  })

/** The lease with its signature, and another payload. */
async function tampered(change: (payload: unknown[]) => unknown[]): Promise<Uint8Array> {
  const [payload, signature] = decode((await sign()).bytes) as [Uint8Array, Uint8Array]
  return encode([encode(change(decode(payload) as unknown[])), signature])
}

test('lease: is read as it was signed, and its signature is right', async () => {
  const lease = await sign()
  const { bytes, ...terms } = decodeLease(lease.bytes)
  expect(Buffer.from(lease.bytes).equals(bytes)).toBe(true)
  expect(lease).toMatchObject(terms)
  expect(lease).toMatchObject({ holder: holder.id, home: home.id, issuedAtMs: NOW_MS })
  expect(await isLeaseSigned(decodeLease(lease.bytes))).toBe(true)
  expect(lease.bytes.byteLength).toBeLessThanOrEqual(MAX_LEASE_BYTES)
})

test.each<[string, (payload: unknown[]) => unknown[]]>([
  ['key', ([v, , ...rest]) => [v, new Uint8Array(32), ...rest]],
  ['holder', ([v, k, , ...rest]) => [v, k, home.multihash, ...rest]],
  ['home', ([v, k, h, , ...rest]) => [v, k, h, holder.multihash, ...rest]],
  ['time of issue', ([v, k, h, at, , expires]) => [v, k, h, at, NOW_MS - 1, expires]],
  ['expiry', ([v, k, h, at, issued]) => [v, k, h, at, issued, NOW_MS + 10 * LEASE_DEFAULTS.lifetimeMs]],
])('lease: another %s makes the signature wrong', async (_, change) => {
  const lease = decodeLease(await tampered(change))
  expect(await isLeaseSigned(lease)).toBe(false)
})

test('lease: any changed bit of it makes it unreadable or its signature wrong', async () => {
  const { bytes } = await sign()
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.byteLength * 8 - 1), async (bit) => {
      const changed = Uint8Array.from(bytes) // a copy, which the slice of a Buffer is not
      const at = Math.floor(bit / 8)
      changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8))
      try {
        expect(await isLeaseSigned(decodeLease(changed))).toBe(false)
      } catch (error) {
        expect(error).toEqual(BAD_FRAME)
      }
    }),
    { numRuns: 200 },
  )
})

test('lease: a signature of the same bytes in another domain, or in none, is wrong', async () => {
  const [payload] = decode((await sign()).bytes) as [Uint8Array]
  for (const domain of ['', 'mayfly-message:', 'mayfly-lease']) {
    const signature = await holder.privateKey.sign(Buffer.concat([Buffer.from(domain), payload]))
    expect(await isLeaseSigned(decodeLease(encode([payload, signature])))).toBe(false)
  }
})

test('lease: somebody else’s signature is wrong', async () => {
  const lease = await signLease(holder.peer, home.privateKey, {
    key,
    home: home.peer,
    issuedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 1,
  })
  expect(await isLeaseSigned(lease)).toBe(false)
})

test('lease: is expired from the moment it says', async () => {
  const lease = await sign()
  expect(refuseTerms(lease, lease.expiresAtMs - 1)).toBeUndefined()
  expect(refuseTerms(lease, lease.expiresAtMs)).toBe('expired')
})

test('lease: lifetimeMs bounds how far ahead it may expire', async () => {
  const lease = await sign({ expiresAtMs: NOW_MS + 5_000 })
  expect(refuseTerms(lease, NOW_MS, { lifetimeMs: 5_000, maxSkewMs: 0 })).toBeUndefined()
  expect(refuseTerms(lease, NOW_MS, { lifetimeMs: 4_999, maxSkewMs: 0 })).toBe('clock')
  expect(refuseTerms(await sign({ expiresAtMs: Number.MAX_SAFE_INTEGER }), NOW_MS)).toBe('clock')
})

test('lease: maxSkewMs is how far its holder’s clock may be ahead', async () => {
  const ahead = await sign({ issuedAtMs: NOW_MS + 1_000, expiresAtMs: NOW_MS + 2_000 })
  expect(refuseTerms(ahead, NOW_MS, { maxSkewMs: 1_000 })).toBeUndefined()
  expect(refuseTerms(ahead, NOW_MS, { maxSkewMs: 999 })).toBe('clock')
})

test('lease: a peer id that does not contain its Ed25519 key is refused', async () => {
  const rsa = peerIdFromPrivateKey(await generateKeyPair('RSA', 2_048)).toMultihash().bytes
  const secp256k1 = peerIdFromPrivateKey(await generateKeyPair('secp256k1')).toMultihash().bytes
  for (const peer of [rsa, secp256k1]) {
    expect(() => readPeerId(peer)).toThrow()
    for (const change of [
      ([v, k, , ...rest]: unknown[]) => [v, k, peer, ...rest],
      ([v, k, h, , ...rest]: unknown[]) => [v, k, h, peer, ...rest],
    ]) {
      const bytes = await tampered(change)
      expect(() => decodeLease(bytes)).toThrow(BAD_FRAME)
    }
  }
})

test('lease: a peer id goes to its multihash and back', () => {
  expect(multihashOfPeer(holder.id)).toEqual(holder.multihash)
  expect(readPeerId(holder.multihash).toString()).toBe(holder.id)
})

test.each<[string, (payload: unknown[]) => unknown[]]>([
  ['another version', ([, ...rest]) => [2, ...rest]],
  ['a short key', ([v, , ...rest]) => [v, new Uint8Array(31), ...rest]],
  ['a time that is no whole number', ([v, k, h, at, , expires]) => [v, k, h, at, 1.5, expires]],
  ['a time too large to count with', ([v, k, h, at, issued]) => [v, k, h, at, issued, 2n ** 60n]],
  ['one entry more', (payload) => [...payload, 0]],
  ['one entry less', (payload) => payload.slice(0, -1)],
])('lease: refuses %s', async (_, change) => {
  const bytes = await tampered(change)
  expect(() => decodeLease(bytes)).toThrow(BAD_FRAME)
})

test('lease: refuses bytes longer than a lease can be', async () => {
  const { bytes } = await sign()
  expect(() => decodeLease(encode([...(decode(bytes) as unknown[]), 0]))).toThrow(BAD_FRAME)
  expect(() => decodeLease(new Uint8Array(MAX_LEASE_BYTES + 1))).toThrow(BAD_FRAME)
})

test('lease: bytes that are none are refused as a bad frame and as nothing else', async () => {
  const { bytes } = await sign()
  const cut = fc.nat(bytes.byteLength - 1).map((length) => bytes.slice(0, length))
  const parts = fc.tuple(fc.uint8Array({ maxLength: 150 }), fc.uint8Array({ maxLength: 64 })).map((signed) => encode(signed))
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), cut, parts), async (garbage) => {
      expect(() => decodeLease(garbage)).toThrow(BAD_FRAME)
      expect(await isLeaseSigned({ bytes: garbage } as Lease)).toBe(false)
    }),
  )
})
