/** Ten thousand forgeries, each made from a valid message or receipt; none is accepted. */

import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/index.ts'
import { publicKeyOf, signBytes } from '../../../node/keys/signing.ts'
import { parseEnd } from '../../../node/messages/format/end.ts'
import { decodeEnvelope, isEnvelopeSigned, signEnvelope } from '../../../node/messages/format/envelope.ts'
import { encodePayload } from '../../../node/messages/format/payload.ts'
import { decodeReceipt, isReceiptSigned, signReceipt } from '../../../node/messages/format/receipt.ts'

const SEED = 4
const NOW_MS = 1_760_000_000_000
const ANNA = new Uint8Array(32).fill(1)
const BEN = new Uint8Array(32).fill(2)
const FORGER = new Uint8Array(32).fill(3)

const MESSAGES = [
  message(ANNA, parseEnd('#wall').key, NOW_MS, 60_000, false, encodePayload({ body: 'pay Ben 10' })),
  message(BEN, parseEnd('#hall').key, NOW_MS + 1, 70_000, false, encodePayload({ body: 'pay Anna 20', fields: { re: 'x' } })),
  message(BEN, sha256AtOnce(publicKeyOf(ANNA)), NOW_MS + 2, 80_000, true, new Uint8Array(304).fill(7)),
]
const RECEIPTS = [
  signReceipt(ANNA, [sha256AtOnce(Uint8Array.of(1))], NOW_MS).bytes,
  signReceipt(BEN, [sha256AtOnce(Uint8Array.of(2)), sha256AtOnce(Uint8Array.of(3))], NOW_MS + 1).bytes,
]
const RIGHT = [...MESSAGES, ...RECEIPTS]

/** How to forge one that is right, with another that is right at hand, and a number to choose by. */
type Forge = (bytes: Uint8Array, other: Uint8Array, choice: number) => Uint8Array

const FORGERIES: Record<string, Forge> = {
  'a bit flipped': flip,
  'two bits flipped': (bytes, _, choice) => flip(flip(bytes, _, choice), _, Math.floor(choice / 7) + 3),
  'a bit of the signature flipped': (bytes, _, choice) => {
    const [part, signature] = signed(bytes)
    return encode([part, flip(signature, part, choice)])
  },
  "another's signature": (bytes, other) => encode([signed(bytes)[0], signed(other)[1]]),
  'an entry of another': (bytes, other, choice) =>
    changed(bytes, (entries) => {
      const others = decode(signed(other)[0]) as unknown[]
      const at = choice % Math.min(entries.length, others.length)
      return entries.with(at, others[at])
    }),
  "the forger's signature": (bytes) => {
    const [part] = signed(bytes)
    return encode([part, signBytes(FORGER, part)])
  },
  "the forger's signature, for both domains": (bytes, _, choice) => {
    const [part] = signed(bytes)
    const domain = choice % 2 === 0 ? 'mayfly-message:' : 'mayfly-receipt:'
    return encode([part, signBytes(FORGER, Buffer.concat([Buffer.from(domain), part]))])
  },
  "the sender's own signature, for something else": (bytes, _, choice) => {
    const [part] = signed(bytes)
    const domain = ['', 'mayfly-lease:', 'mayfly-proof:', 'mayfly-message'][choice % 4] ?? ''
    return encode([part, signBytes(choice % 3 === 0 ? BEN : ANNA, Buffer.concat([Buffer.from(domain), part]))])
  },
  'another sender': (bytes) => changed(bytes, (entries) => entries.with(1, publicKeyOf(FORGER))),
  'another end, or other ids': (bytes, _, choice) =>
    changed(bytes, (entries) => {
      const key = sha256AtOnce(Uint8Array.of(choice & 255, choice >> 8))
      return entries.with(2, Array.isArray(entries[2]) ? [...entries[2].slice(1), key] : key)
    }),
  'another time': (bytes, _, choice) => changed(bytes, (entries) => entries.with(3, NOW_MS + 3 + choice)),
  'a longer life': (bytes, _, choice) => changed(bytes, (entries) => entries.with(entries.length > 4 ? 4 : 3, 80_001 + choice)),
  'a byte more': (bytes, _, choice) => Uint8Array.from([...bytes, choice & 255]),
  'cut off': (bytes, _, choice) => bytes.subarray(0, choice % bytes.byteLength),
  'a longer form of the same CBOR': (bytes) => {
    const [part, signature] = signed(bytes)
    return Buffer.concat([Uint8Array.of(0x82, 0x5a, 0, 0, part.byteLength >> 8, part.byteLength & 255), part, encode(signature)])
  },
}

test('forgeries: the messages that they are made from are right', () => {
  expect(MESSAGES.map((bytes) => isTaken(bytes))).toEqual([true, true, true])
  expect(RECEIPTS.map((bytes) => isTaken(bytes))).toEqual([true, true])
})

test('forgeries: none of 10,000 is taken', () => {
  const tried = new Map<string, number>()
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(FORGERIES)),
      fc.constantFrom(...RIGHT),
      fc.constantFrom(...RIGHT),
      fc.nat(1_000_000),
      (kind, bytes, other, choice) => {
        const forged = FORGERIES[kind]?.(bytes, other, choice) ?? bytes
        fc.pre(!RIGHT.some((right) => Buffer.from(right).equals(forged)))
        tried.set(kind, (tried.get(kind) ?? 0) + 1)
        expect(isTaken(forged)).toBe(false)
      },
    ),
    { numRuns: 10_000, seed: SEED },
  )
  expect([...tried.values()].reduce((sum, count) => sum + count)).toBe(10_000)
  expect(Math.min(...tried.values())).toBeGreaterThan(300)
  expect(tried.size).toBe(Object.keys(FORGERIES).length)
}, 60_000)

function message(secret: Uint8Array, to: Uint8Array, sentAtMs: number, ttlMs: number, isSealed: boolean, payload: Uint8Array): Uint8Array {
  return signEnvelope(secret, { to, sentAtMs, ttlMs, isSealed, payload }).bytes
}

/** As a message or as a receipt, whichever it may pass for. */
function isTaken(bytes: Uint8Array): boolean {
  return isRight(() => isEnvelopeSigned(decodeEnvelope(bytes))) || isRight(() => isReceiptSigned(decodeReceipt(bytes)))
}

function isRight(check: () => boolean): boolean {
  try {
    return check()
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_BAD_FRAME' })
    return false
  }
}

function signed(bytes: Uint8Array): [part: Uint8Array, signature: Uint8Array] {
  return decode(bytes) as [Uint8Array, Uint8Array]
}

function changed(bytes: Uint8Array, change: (entries: unknown[]) => unknown[]): Uint8Array {
  const [part, signature] = signed(bytes)
  return encode([encode(change(decode(part) as unknown[])), signature])
}

function flip(bytes: Uint8Array, _: unknown, choice: number): Uint8Array {
  const bit = choice % (bytes.byteLength * 8)
  return bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)))
}
