import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sha256AtOnce } from '../../../node/keys/index.ts'
import { publicKeyOf } from '../../../node/keys/signing.ts'
import { decodeEnvelope, isEnvelopeSigned, sealTerms, signEnvelope } from '../../../node/messages/format/envelope.ts'
import { openMessage } from '../../../node/messages/format/open-message.ts'
import { encodePayload } from '../../../node/messages/format/payload.ts'
import { isSealedSize } from '../../../node/messages/format/sealed-size.ts'

const DAMAGED = expect.objectContaining({
  code: 'ERR_DAMAGED',
  message: 'Cannot open this message: it is not from its sender, not for this receiver, or was changed',
})
const SENDER = new Uint8Array(32).fill(1)
const RECEIVER = new Uint8Array(32).fill(2)
const STRANGER = new Uint8Array(32).fill(3)
const to = sha256AtOnce(publicKeyOf(RECEIVER))
const TERMS = { from: publicKeyOf(SENDER), to, sentAtMs: 1_760_000_000_000, ttlMs: 60_000 }
const KEYS = { secret: SENDER, receiver: publicKeyOf(RECEIVER), aad: sealTerms(TERMS) }
const RIGHT = { secret: RECEIVER, sender: publicKeyOf(SENDER), aad: sealTerms(TERMS) }

/** The face of sealing as Node.js has it, or as a tab has it, which has no primitives but WebCrypto's. */
async function faceOf(platform: 'Node.js' | 'a tab') {
  const NATIVE = '../../../node/keys/native-crypto.ts'
  vi.resetModules()
  if (platform === 'a tab') vi.doMock(NATIVE, () => ({ nativeCrypto: undefined }))
  try {
    const { sealPayload, openSealedPayload } = await import('../../../node/messages/format/seal.ts')
    // It loads its primitives with the first message: this one must come while the platform is pretended.
    await sealPayload(KEYS, Uint8Array.of(0))
    return { platform, sealPayload, openSealedPayload }
  } finally {
    vi.doUnmock(NATIVE)
    vi.resetModules() // Files of unit tests share their modules: the next one must not get what was loaded for a tab.
  }
}

const FACES = [await faceOf('Node.js'), await faceOf('a tab')]
const PAIRS = FACES.flatMap((from) => FACES.map((to) => ({ from, to, name: `${from.platform} to ${to.platform}` })))

test('seal: a sealed message travels, and its receiver reads what was written', async () => {
  const payload = await (FACES[0] as (typeof FACES)[0]).sealPayload(KEYS, encodePayload({ body: 'hush', fields: { re: 'x' } }))
  const envelope = decodeEnvelope(signEnvelope(SENDER, { ...TERMS, isSealed: true, payload }).bytes)
  expect(isEnvelopeSigned(envelope)).toBe(true)
  const message = await openMessage(envelope, RECEIVER)
  expect(message).toMatchObject({ isSealed: true, type: 'text/plain', fields: { re: 'x' }, expiresAtMs: TERMS.sentAtMs + 60_000 })
  expect(new TextDecoder().decode(message.body)).toBe('hush')
  expect(Buffer.from(envelope.bytes).includes('hush')).toBe(false)
  await expect(openMessage(envelope, STRANGER)).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
  await expect(openMessage(envelope)).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
})

describe.each(PAIRS)('seal: from $name', ({ from, to }) => {
  test('a payload is read, and another sender, receiver, terms or byte opens nothing', async () => {
    const sealed = await from.sealPayload(KEYS, Uint8Array.of(1, 2, 3))
    expect(await to.openSealedPayload(RIGHT, sealed)).toEqual(Uint8Array.of(1, 2, 3))
    const wrong = await Promise.allSettled([
      to.openSealedPayload({ ...RIGHT, sender: publicKeyOf(STRANGER) }, sealed),
      to.openSealedPayload({ ...RIGHT, sender: new Uint8Array(32) }, sealed),
      to.openSealedPayload({ ...RIGHT, secret: STRANGER }, sealed),
      to.openSealedPayload({ ...RIGHT, aad: sealTerms({ ...TERMS, ttlMs: 60_001 }) }, sealed),
      ...[0, 31, 32, 200, sealed.byteLength - 1].map((at) => to.openSealedPayload(RIGHT, sealed.with(at, (sealed[at] ?? 0) ^ 1))),
      to.openSealedPayload(RIGHT, sealed.subarray(0, 100)),
    ])
    expect(wrong).toEqual(Array.from(wrong, () => ({ status: 'rejected', reason: DAMAGED })))
  })

  test('payloads of any size are read', async () => {
    for (const size of [0, 252, 253, 65_000]) {
      const payload = crypto.getRandomValues(new Uint8Array(size))
      expect(await to.openSealedPayload(RIGHT, await from.sealPayload(KEYS, payload))).toEqual(payload)
    }
  })
})

describe.each(FACES)('seal: in $platform', ({ sealPayload, openSealedPayload }) => {
  test('short payloads are of one size, and each size is one of the few that may be', async () => {
    const sizes = await Promise.all([1, 100, 252].map(async (size) => (await sealPayload(KEYS, new Uint8Array(size))).byteLength))
    expect(sizes).toEqual([304, 304, 304])
    expect((await sealPayload(KEYS, new Uint8Array(253))).byteLength).toBeGreaterThan(304)
    expect([303, 304, 305, 1_000_000].map(isSealedSize)).toEqual([false, true, false, false])
  })

  test('a receiver whose public key is none is refused', async () => {
    const notOnTheCurve = new Uint8Array(32).fill(2)
    for (const receiver of [new Uint8Array(32), new Uint8Array(31), notOnTheCurve]) {
      await expect(sealPayload({ ...KEYS, receiver }, Uint8Array.of(1))).rejects.toMatchObject({
        code: 'ERR_BAD_FRAME',
        message: 'Cannot seal for this receiver: its public key is none',
      })
    }
  })

  test('a sender with another padding than all others is refused', async () => {
    const padded = (size: number, last: number) => {
      const bytes = new Uint8Array(256).with(3, size & 255).with(2, size >> 8)
      return bytes.with(255, last)
    }
    expect(await openSealedPayload(RIGHT, await sealAsIs(padded(5, 0)))).toEqual(new Uint8Array(5))
    for (const plain of [padded(5, 1), padded(253, 0), padded(60_000, 0)]) {
      await expect(openSealedPayload(RIGHT, await sealAsIs(plain))).rejects.toEqual(DAMAGED)
    }
  })

  test.each(SMALL_ORDER)('a message key of small order, on which any secret agrees to zero, is refused: %s', async (enc) => {
    await expect(openSealedPayload(RIGHT, await sealWithAgreedZero(enc))).rejects.toEqual(DAMAGED)
  })
})

/** Points of X25519 of small order. @see https://www.rfc-editor.org/rfc/rfc7748#section-6.1 (the check for zero) */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

/** A message that a receiver would open who took zero for an agreed secret. */
async function sealWithAgreedZero(enc: string): Promise<Uint8Array> {
  const { createHpkeAuth, createX25519 } = await import('../../../node/messages/format/native-hpke.ts')
  const { HPKE_INFO, montgomeryOf, scalarOf } = await import('../../../node/messages/format/hpke-keys.ts')
  const native = await import('node:crypto')
  const x25519 = createX25519(native)
  const receiver = montgomeryOf(publicKeyOf(RECEIVER))
  const agreed = x25519.agree(x25519.importPrivate(scalarOf(SENDER)), x25519.importPublic(receiver))
  const parties = { sender: montgomeryOf(publicKeyOf(SENDER)), receiver, agreed, aad: KEYS.aad }
  return createHpkeAuth(native, HPKE_INFO).seal(new Uint8Array(32), Buffer.from(enc, 'hex'), parties, new Uint8Array(256))
}

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
  const { sealPayload, openSealedPayload } = FACES[1] as (typeof FACES)[1]
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
  const sealed = await sealPayload({ ...KEYS, secret }, Uint8Array.of(1, 2))
  expect(pairs).toBe(2)
  expect(await openSealedPayload({ ...RIGHT, sender: publicKeyOf(secret) }, sealed)).toEqual(Uint8Array.of(1, 2))
  const answer = await sealPayload({ ...KEYS, secret: RECEIVER, receiver: publicKeyOf(secret) }, Uint8Array.of(3))
  expect(await openSealedPayload({ ...RIGHT, secret, sender: publicKeyOf(RECEIVER) }, answer)).toEqual(Uint8Array.of(3))
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
