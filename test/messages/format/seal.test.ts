import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { expect, onTestFinished, test, vi } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/index.ts'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { decodeEnvelope, isEnvelopeSigned, sealTerms, signEnvelope } from '../../../node/messages/format/envelope.ts'
import { openMessage } from '../../../node/messages/format/open-message.ts'
import { encodePayload } from '../../../node/messages/format/payload.ts'
import { openSealedPayload, sealPayload } from '../../../node/messages/format/seal.ts'
import { isSealedSize } from '../../../node/messages/format/sealed-size.ts'

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

test('seal: a sender with another padding than all others is refused', async () => {
  const padded = (size: number, last: number) => {
    const bytes = new Uint8Array(256).with(3, size & 255).with(2, size >> 8)
    return bytes.with(255, last)
  }
  const right = { secret: RECEIVER, sender: publicKeyOf(SENDER), aad: sealTerms(TERMS) }
  expect(await openSealedPayload(right, await sealAsIs(padded(5, 0)))).toEqual(new Uint8Array(5))
  for (const plain of [padded(5, 1), padded(253, 0), padded(60_000, 0)]) {
    await expect(openSealedPayload(right, await sealAsIs(plain))).rejects.toEqual(DAMAGED)
  }
})

/** Seals as `sealPayload` does, without padding. */
async function sealAsIs(plain: Uint8Array): Promise<Uint8Array> {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
  const importKey = (bytes: Uint8Array, isPublic: boolean) => suite.kem.importKey('raw', Uint8Array.from(bytes).buffer, isPublic)
  const context = await suite.createSenderContext({
    recipientPublicKey: await importKey(ed25519.utils.toMontgomery(publicKeyOf(RECEIVER)), true),
    senderKey: await importKey(ed25519.utils.toMontgomerySecret(SENDER), false),
    info: new TextEncoder().encode('mayfly-message').buffer,
  })
  const cipherText = await context.seal(Uint8Array.from(plain).buffer, Uint8Array.from(sealTerms(TERMS)).buffer)
  return Buffer.concat([new Uint8Array(context.enc), new Uint8Array(cipherText)])
}

test('seal: WebKitGTK, which refuses scalars with a zero in front and fails to make some pairs, seals and opens', async () => {
  const { subtle } = crypto
  const importKey = subtle.importKey.bind(subtle) as (...args: unknown[]) => Promise<CryptoKey>
  const generateKey = subtle.generateKey.bind(subtle) as (...args: unknown[]) => Promise<CryptoKey>
  let pairs = 0
  const spies = [
    vi.spyOn(subtle, 'importKey').mockImplementation((...args: unknown[]) => {
      if (args[0] !== 'pkcs8' || (args[1] as Uint8Array)[PKCS8_SCALAR_AT] !== 0) return importKey(...args)
      return Promise.reject(new DOMException('refused', 'DataError'))
    }),
    vi.spyOn(subtle, 'generateKey').mockImplementation((...args: unknown[]) => {
      if (pairs++ > 0) return generateKey(...args) as never
      return Promise.reject(new DOMException('failed', 'OperationError'))
    }),
  ]
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore()
  })
  const secret = secretWithZeroInFront()
  const sealed = await sealPayload({ secret, receiver: publicKeyOf(RECEIVER), aad: sealTerms(TERMS) }, Uint8Array.of(1, 2))
  expect(pairs).toBe(2)
  expect(await openSealedPayload({ secret: RECEIVER, sender: publicKeyOf(secret), aad: sealTerms(TERMS) }, sealed)).toEqual(
    Uint8Array.of(1, 2),
  )
  const answer = await sealPayload({ secret: RECEIVER, receiver: publicKeyOf(secret), aad: sealTerms(TERMS) }, Uint8Array.of(3))
  expect(await openSealedPayload({ secret, sender: publicKeyOf(RECEIVER), aad: sealTerms(TERMS) }, answer)).toEqual(Uint8Array.of(3))
})

/** Where the 32 bytes of an X25519 scalar begin in PKCS #8. */
const PKCS8_SCALAR_AT = 16

/** A secret whose clamped X25519 scalar begins with a zero, as that of one in 32 does. */
function secretWithZeroInFront(): Uint8Array {
  for (let number = 0; ; number++) {
    const secret = sha256AtOnce(Uint8Array.of(number))
    if (ed25519.utils.toMontgomerySecret(secret)[0] === 0) return secret
  }
}
