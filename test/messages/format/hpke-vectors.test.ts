/**
 * The suite that seals, against a vector of its authors: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM in mode *auth*. The appendix of RFC
 * 9180 has none of this suite; this one is of its draft 8, whose bytes the RFC kept.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-hpke-08
 */

import * as native from 'node:crypto'
import { expect, test } from 'vitest'
import { createHpkeAuth, createX25519 } from '../../../node/messages/format/native-hpke.ts'
import { webSuite } from '../../../node/messages/format/web-hpke.ts'

const VECTOR = {
  info: '4f6465206f6e2061204772656369616e2055726e',
  skRm: 'de1b7aec456fc43d6f5c5a83cca23fe1cf6037ca7dcb8f331016272cf752ba75',
  skSm: 'fe3184b8589464f694322961a6660307dca66485c53d1b9f3f71362b16e85eb2',
  skEm: 'a8c0423973fca3ed136c2b8f8ef9368c3703c431474f098b56a48438a86a7843',
  pkRm: '915cf185d937cf5fe261ddb6237682bddaf41423ddbbf9709de7c994b1a62e71',
  pkSm: '8420f244a6d9f2ed5951912f66310d8b078932b511953272a6986904a08ea51c',
  enc: 'b2522dca3e0f209dd6c28d654605c308a79829effa5fe608e5820d149a85eb1c',
  aad: '436f756e742d30',
  plain: '4265617574792069732074727574682c20747275746820626561757479',
  cipherText: '3d83a89c1ddc05f73d4762be65e38ade112af135e3a01d30e52674be7361e95f5ff679af7095a799a0d5582912',
}
const bytes = (name: keyof typeof VECTOR) => Uint8Array.from(Buffer.from(VECTOR[name], 'hex'))
const SEALED = Uint8Array.from([...bytes('enc'), ...bytes('cipherText')])

test('hpke: the primitives of Node.js seal and open what the authors sealed', () => {
  const { agree, importPrivate, importPublic } = createX25519(native)
  const hpke = createHpkeAuth(native, bytes('info'))
  const parties = {
    sender: bytes('pkSm'),
    receiver: bytes('pkRm'),
    agreed: agree(importPrivate(bytes('skSm')), importPublic(bytes('pkRm'))),
    aad: bytes('aad'),
  }
  const agreedOnce = agree(importPrivate(bytes('skEm')), importPublic(bytes('pkRm')))
  expect(hpke.seal(agreedOnce, bytes('enc'), parties, bytes('plain'))).toEqual(SEALED)
  expect(hpke.open(agree(importPrivate(bytes('skRm')), importPublic(bytes('enc'))), parties, SEALED)).toEqual(bytes('plain'))
})

test('hpke: WebCrypto seals and opens the same', async () => {
  const importPair = async (privateKey: Uint8Array<ArrayBuffer>, publicKey: Uint8Array<ArrayBuffer>) => ({
    privateKey: await webSuite.kem.importKey('raw', privateKey.buffer, false),
    publicKey: await webSuite.kem.importKey('raw', publicKey.buffer, true),
  })
  const sender = await importPair(bytes('skSm'), bytes('pkSm'))
  const receiver = await importPair(bytes('skRm'), bytes('pkRm'))
  const ekm = await importPair(bytes('skEm'), bytes('enc'))
  const info = bytes('info').buffer
  const sealing = await webSuite.createSenderContext({ recipientPublicKey: receiver.publicKey, senderKey: sender, info, ekm })
  expect(new Uint8Array(sealing.enc)).toEqual(bytes('enc'))
  expect(new Uint8Array(await sealing.seal(bytes('plain').buffer, bytes('aad').buffer))).toEqual(bytes('cipherText'))
  const opening = await webSuite.createRecipientContext({
    recipientKey: receiver,
    senderPublicKey: sender.publicKey,
    enc: bytes('enc').buffer,
    info,
  })
  expect(new Uint8Array(await opening.open(bytes('cipherText').buffer, bytes('aad').buffer))).toEqual(bytes('plain'))
})
