import { decode, encode } from 'cborg'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeKeyHex, sha256AtOnce } from '../../../node/keys/index.ts'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { parseEnd } from '../../../node/messages/format/end.ts'
import {
  claimedEnd,
  claimedSender,
  decodeEnvelope,
  ENVELOPE_DEFAULTS,
  isEnvelopeSigned,
  MAX_ENVELOPE_BYTES,
  refuseTimes,
  sealTerms,
  signEnvelope,
} from '../../../node/messages/format/envelope.ts'
import { openMessage } from '../../../node/messages/format/open-message.ts'
import { decodePayload, encodePayload, MAX_PAYLOAD_BYTES, MESSAGE_LIMITS } from '../../../node/messages/format/payload.ts'
import { isProofRight, type ProofTerms, signProof } from '../../../node/messages/format/proof.ts'
import { decodeReceipt, isReceiptSigned, MAX_RECEIPT_BYTES, MAX_RECEIPT_IDS, signReceipt } from '../../../node/messages/format/receipt.ts'
import { sealPayload } from '../../../node/messages/format/seal.ts'
import type { MessageDraft } from '../../../node/messages/types.ts'

const BAD_FRAME = expect.objectContaining({ code: 'ERR_BAD_FRAME' })
const BAD_MESSAGE = expect.objectContaining({ code: 'ERR_BAD_MESSAGE' })
const SECRET = new Uint8Array(32).fill(1)
const RECEIVER = new Uint8Array(32).fill(2)
const NOW_MS = 1_760_000_000_000
const TERMS = { to: parseEnd('#wall').key, sentAtMs: NOW_MS, ttlMs: 60_000, isSealed: false, payload: encodePayload({ body: 'hello' }) }

/** As large as a message may be. */
const LARGEST: MessageDraft = {
  type: `text/${'x'.repeat(95)}`,
  fields: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`${i + 10}`.padEnd(32, 'n'), 'é'.repeat(128)])),
  body: new Uint8Array(MESSAGE_LIMITS.maxBodyBytes).fill(9),
}

function withEntries(change: (entries: unknown[]) => unknown[]): Uint8Array {
  const [part, signature] = decode(signEnvelope(SECRET, TERMS).bytes) as [Uint8Array, Uint8Array]
  return encode([encode(change(decode(part) as unknown[])), signature])
}

test('envelope: is read as it was signed, and its id is the hash of the signed bytes', () => {
  const envelope = signEnvelope(SECRET, TERMS)
  const read = decodeEnvelope(envelope.bytes)
  expect(read).toEqual(envelope)
  expect(isEnvelopeSigned(read)).toBe(true)
  const [part] = decode(envelope.bytes) as [Uint8Array]
  expect(read.id).toEqual(sha256AtOnce(Buffer.concat([Buffer.from('mayfly-message:'), part])))
})

test('envelope: its claimed sender and end are found without decoding it, at any size; other bytes have none', () => {
  for (const size of [0, 100, 1_000, MESSAGE_LIMITS.maxBodyBytes]) {
    const { bytes, from, to } = signEnvelope(SECRET, { ...TERMS, payload: encodePayload({ body: new Uint8Array(size) }) })
    expect([claimedSender(bytes), claimedEnd(bytes)]).toEqual([encodeKeyHex(from), encodeKeyHex(to)])
    expect([claimedSender(bytes.subarray(0, 36)), claimedEnd(bytes.subarray(0, 70))]).toEqual(['', ''])
  }
  expect([claimedSender(new Uint8Array(0)), claimedEnd(Uint8Array.of(1))]).toEqual(['', ''])
})

test('envelope: stays as it was read when its buffer is used again', () => {
  const envelope = signEnvelope(SECRET, TERMS)
  const buffer = Buffer.from(envelope.bytes)
  const read = decodeEnvelope(buffer)
  buffer.fill(0)
  expect(read).toEqual(envelope)
})

test('envelope: an open message is opened without a secret', async () => {
  const message = await openMessage(decodeEnvelope(signEnvelope(SECRET, TERMS).bytes))
  expect(message).toMatchObject({ from: publicKeyOf(SECRET), to: TERMS.to, isSealed: false, type: 'text/plain', fields: {} })
  expect(message.expiresAtMs - message.sentAtMs).toBe(TERMS.ttlMs)
  expect(new TextDecoder().decode(message.body)).toBe('hello')
})

test('envelope: a payload that is none is no message', async () => {
  const envelope = signEnvelope(SECRET, { ...TERMS, payload: Uint8Array.of(1) })
  await expect(openMessage(decodeEnvelope(envelope.bytes))).rejects.toEqual(BAD_FRAME)
})

test.each<[string, (entries: unknown[]) => unknown[]]>([
  ['another version', (entries) => entries.with(0, 2)],
  ['a short sender', (entries) => entries.with(1, new Uint8Array(31))],
  ['an end that is text', (entries) => entries.with(2, '#wall')],
  ['a time that is a fraction', (entries) => entries.with(3, 0.5)],
  ['a time before all', (entries) => entries.with(3, -1)],
  ['a time after all', (entries) => entries.with(3, Number.MAX_SAFE_INTEGER)],
  ['too short a life', (entries) => entries.with(4, ENVELOPE_DEFAULTS.minTtlMs - 1)],
  ['too long a life', (entries) => entries.with(4, ENVELOPE_DEFAULTS.maxTtlMs + 1)],
  ['a flag that is a number', (entries) => entries.with(5, 1)],
  ['a sealed payload of a size that none has', (entries) => entries.with(5, true)],
  ['a payload that is text', (entries) => entries.with(6, 'hello')],
  ['a payload that is too long', (entries) => entries.with(6, new Uint8Array(MAX_PAYLOAD_BYTES + 1))],
  ['an entry more', (entries) => [...entries, 0]],
  ['an entry less', (entries) => entries.slice(1)],
])('envelope: %s is refused', (_, change) => {
  expect(() => decodeEnvelope(withEntries(change))).toThrow(BAD_FRAME)
})

test('envelope: whatever comes is refused and nothing else', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void expect(() => decodeEnvelope(bytes)).toThrow(BAD_FRAME)))
  for (const deep of [new Uint8Array(70_000).fill(0x81), new Uint8Array(MAX_ENVELOPE_BYTES + 1)]) {
    expect(() => decodeEnvelope(deep)).toThrow(BAD_FRAME)
    expect(() => decodePayload(deep)).toThrow(BAD_FRAME)
  }
})

test('envelope: the largest sealed message is as long as one may be', async () => {
  const terms = { ...TERMS, to: sha256AtOnce(publicKeyOf(RECEIVER)), ttlMs: ENVELOPE_DEFAULTS.maxTtlMs }
  const aad = sealTerms({ ...terms, from: publicKeyOf(SECRET) })
  const payload = await sealPayload({ secret: SECRET, receiver: publicKeyOf(RECEIVER), aad }, encodePayload(LARGEST))
  const { bytes } = signEnvelope(SECRET, { ...terms, isSealed: true, payload })
  expect(bytes.byteLength).toBeLessThanOrEqual(MAX_ENVELOPE_BYTES)
  expect(bytes.byteLength).toBeGreaterThan(MAX_ENVELOPE_BYTES - 16)
  expect((await openMessage(decodeEnvelope(bytes), RECEIVER)).fields).toEqual(LARGEST.fields)
})

test('envelope: times are believed up to their end, and up to the skew of two clocks', () => {
  const envelope = signEnvelope(SECRET, TERMS)
  const { maxSkewMs } = ENVELOPE_DEFAULTS
  expect(refuseTimes(envelope, NOW_MS + TERMS.ttlMs - 1)).toBeUndefined()
  expect(refuseTimes(envelope, NOW_MS + TERMS.ttlMs)).toBe('expired')
  expect(refuseTimes(envelope, NOW_MS - maxSkewMs)).toBeUndefined()
  expect(refuseTimes(envelope, NOW_MS - maxSkewMs - 1)).toBe('clock')
  expect(refuseTimes(envelope, NOW_MS - 11, { maxSkewMs: 10 })).toBe('clock')
})

test('envelope: a life out of its bounds is not signed', () => {
  for (const ttlMs of [999, 604_800_001, 1.5, Number.NaN]) expect(() => signEnvelope(SECRET, { ...TERMS, ttlMs })).toThrow(BAD_MESSAGE)
})

test('payload: is read as it was written, and fields have one order', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^f[a-z0-9-]{0,31}$/), fc.string({ unit: 'grapheme', maxLength: 20 }), { maxKeys: 16 }),
      fc.uint8Array({ maxLength: 500 }),
      (fields, body) => {
        const bytes = encodePayload({ body, fields })
        expect(decodePayload(bytes)).toEqual({ type: 'application/octet-stream', fields: { ...fields }, body })
        expect(encodePayload({ body, fields: Object.fromEntries(Object.entries(fields).reverse()) })).toEqual(bytes)
      },
    ),
  )
  expect(encodePayload(LARGEST).byteLength).toBe(MAX_PAYLOAD_BYTES)
})

test.each<[string, Partial<MessageDraft>]>([
  ['a body that is too long', { body: new Uint8Array(65_537) }],
  ['a type that is too long', { type: `text/${'x'.repeat(96)}` }],
  ['a type that is none', { type: 'text' }],
  ['a type of two lines', { type: 'text/plain;\n' }],
  ['too many fields', { fields: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, ''])) }],
  ['a name that is too long', { fields: { ['n'.repeat(33)]: '' } }],
  ['a name in capitals', { fields: { Re: '' } }],
  ['no name', { fields: { '': '' } }],
  ['a field named as the sender', { fields: { from: '' } }],
  ['a field named as the body', { fields: { body: '' } }],
  ['a value that is too long', { fields: { re: 'é'.repeat(129) } }],
])('payload: %s is neither written nor read', (_, change) => {
  const { type = 'text/plain', fields = {}, body = new Uint8Array() } = change
  expect(() => encodePayload({ type, fields, body })).toThrow(BAD_MESSAGE)
  expect(() => decodePayload(encode([type, fields, body]))).toThrow(BAD_FRAME)
})

test.each([
  ['in order', 'a2 61 61 61 31 61 62 61 32', true],
  ['in another order', 'a2 61 62 61 32 61 61 61 31', false],
  ['twice', 'a2 61 61 61 31 61 61 61 32', false],
  ['of no end', 'bf 61 61 61 31 61 62 61 32 ff', false],
  ['with a value of no UTF-8', 'a2 61 61 61 31 61 62 61 ff', false],
  ['with a length in a longer form', 'a2 61 61 61 31 61 62 78 01 32', false],
  ['with a number', 'a1 61 61 01', false],
  ['named by a number', 'a1 01 61 31', false],
])('payload: fields %s', (_, fields, isRight) => {
  const bytes = Uint8Array.from(Buffer.from(`836a746578742f706c61696e${fields.replaceAll(' ', '')}4178`, 'hex'))
  if (isRight) expect(decodePayload(bytes).fields).toEqual({ a: '1', b: '2' })
  else expect(() => decodePayload(bytes)).toThrow(BAD_FRAME)
})

test('payload: half a character is not written', () => {
  expect(() => encodePayload({ body: '', fields: { re: '\udc00' } })).toThrow(BAD_MESSAGE)
})

test('receipt: is read as it was signed', () => {
  const ids = Array.from({ length: MAX_RECEIPT_IDS }, (_, i) => sha256AtOnce(Uint8Array.of(i)))
  const receipt = signReceipt(SECRET, ids, NOW_MS)
  expect(decodeReceipt(receipt.bytes)).toEqual(receipt)
  expect(isReceiptSigned(decodeReceipt(receipt.bytes))).toBe(true)
  expect(receipt.bytes.byteLength).toBeLessThanOrEqual(MAX_RECEIPT_BYTES)
  expect(receipt.bytes.byteLength).toBeGreaterThan(MAX_RECEIPT_BYTES - 8)
  for (const wrong of [[], [...ids, ids[0] ?? SECRET]]) {
    expect(() => signReceipt(SECRET, wrong, NOW_MS)).toThrow(expect.objectContaining({ code: 'ERR_LIMIT' }))
  }
})

test('receipt: no ids, too many, or a short one are refused', () => {
  const id = new Uint8Array(32)
  for (const ids of [[], Array.from({ length: 65 }, () => id), [id.subarray(1)], id]) {
    const part = encode([1, publicKeyOf(SECRET), ids, NOW_MS])
    expect(() => decodeReceipt(encode([part, new Uint8Array(64)]))).toThrow(BAD_FRAME)
  }
})

test('proof: it is right for its own terms alone', () => {
  const terms: ProofTerms = { purpose: 'tap', peer: Uint8Array.of(1, 2), nonce: new Uint8Array(16), atMs: NOW_MS }
  const signature = signProof(SECRET, terms)
  expect(isProofRight(publicKeyOf(SECRET), terms, signature)).toBe(true)
  expect(isProofRight(publicKeyOf(RECEIVER), terms, signature)).toBe(false)
  const others: Partial<ProofTerms>[] = [
    { purpose: 'card' },
    { peer: Uint8Array.of(1, 3) },
    { nonce: new Uint8Array(16).fill(1) },
    { nonce: new Uint8Array(15) },
    { atMs: NOW_MS + 1 },
  ]
  for (const other of others) expect(isProofRight(publicKeyOf(SECRET), { ...terms, ...other }, signature)).toBe(false)
})
