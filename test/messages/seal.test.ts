import { expect, test } from 'vitest'
import { sha256AtOnce } from '../../node/keys/index.ts'
import { decodeEnvelope, isEnvelopeSigned, sealTerms, signEnvelope } from '../../node/messages/envelope.ts'
import { openMessage } from '../../node/messages/open-message.ts'
import { encodePayload } from '../../node/messages/payload.ts'
import { openSealedPayload, sealPayload } from '../../node/messages/seal.ts'
import { isSealedSize } from '../../node/messages/sealed-size.ts'
import { publicKeyOf } from '../../node/messages/signing.ts'

const DAMAGED = expect.objectContaining({ code: 'ERR_DAMAGED' })
const SENDER = new Uint8Array(32).fill(1)
const RECEIVER = new Uint8Array(32).fill(2)
const STRANGER = new Uint8Array(32).fill(3)
const to = sha256AtOnce(publicKeyOf(RECEIVER))
const TERMS = { from: publicKeyOf(SENDER), to, sentAtMs: 1_760_000_000_000, ttlMs: 60_000 }

const seal = (payload: Uint8Array) => sealPayload({ secret: SENDER, receiver: publicKeyOf(RECEIVER), aad: sealTerms(TERMS) }, payload)

test('seal: a sealed message travels, and its receiver reads what was written', async () => {
  const payload = await seal(encodePayload({ body: 'hush', fields: { re: 'x' } }))
  const envelope = decodeEnvelope(signEnvelope(SENDER, { ...TERMS, isSealed: true, payload }).bytes)
  expect(isEnvelopeSigned(envelope)).toBe(true)
  const message = await openMessage(envelope, RECEIVER)
  expect(message).toMatchObject({ isSealed: true, type: 'text/plain', fields: { re: 'x' }, expiresAtMs: TERMS.sentAtMs + 60_000 })
  expect(new TextDecoder().decode(message.body)).toBe('hush')
  expect(Buffer.from(envelope.bytes).includes('hush')).toBe(false)
  await expect(openMessage(envelope, STRANGER)).rejects.toEqual(DAMAGED)
  await expect(openMessage(envelope)).rejects.toEqual(DAMAGED)
})

test('seal: another sender, receiver, terms or byte opens nothing', async () => {
  const sealed = await seal(Uint8Array.of(1, 2, 3))
  const right = { secret: RECEIVER, sender: publicKeyOf(SENDER), aad: sealTerms(TERMS) }
  expect(await openSealedPayload(right, sealed)).toEqual(Uint8Array.of(1, 2, 3))
  const wrong = await Promise.allSettled([
    openSealedPayload({ ...right, sender: publicKeyOf(STRANGER) }, sealed),
    openSealedPayload({ ...right, secret: STRANGER }, sealed),
    openSealedPayload({ ...right, aad: sealTerms({ ...TERMS, ttlMs: 60_001 }) }, sealed),
    ...[0, 31, 32, 200, sealed.byteLength - 1].map((at) => openSealedPayload(right, sealed.with(at, (sealed[at] ?? 0) ^ 1))),
    openSealedPayload(right, sealed.subarray(0, 100)),
  ])
  expect(wrong).toEqual(Array.from(wrong, () => ({ status: 'rejected', reason: DAMAGED })))
})

test('seal: short payloads are of one size, and each size is one of the few that may be', async () => {
  const sizes = await Promise.all([1, 100, 252].map(async (size) => (await seal(new Uint8Array(size))).byteLength))
  expect(sizes).toEqual([304, 304, 304])
  expect((await seal(new Uint8Array(253))).byteLength).toBeGreaterThan(304)
  expect([303, 304, 305, 1_000_000].map(isSealedSize)).toEqual([false, true, false, false])
})

test('seal: a receiver whose public key is none is refused', async () => {
  const receiver = new Uint8Array(32)
  await expect(sealPayload({ secret: SENDER, receiver, aad: sealTerms(TERMS) }, Uint8Array.of(1))).rejects.toMatchObject({
    code: 'ERR_BAD_FRAME',
  })
})
