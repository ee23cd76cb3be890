/**
 * HPKE over WebCrypto, for tabs: loaded with the first sealed message. Each of its steps is a promise, most of them a way to WebCrypto's threads
 * and back.
 */

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, type SenderContext, type SenderContextParams } from '@hpke/core'
import { concatBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import { createImportedKeys } from '../../keys/imported-keys.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import { HPKE_INFO, type Hpke, montgomeryOf, scalarOf } from './hpke-keys.ts'
import { ENCAPSULATED_BYTES, ROW_SEQUENCE_BYTES } from './hpke-sizes.ts'
import { padded, unpadded } from './sealed-padding.ts'
import { ROW_INFO, ROW_KEY_BYTES, ROW_KEY_CONTEXT, rowNonce, splitRowMessage } from './sealed-row.ts'

const SECRETS_KEPT = 64
const PUBLIC_KEYS_KEPT = 1_024
const INFO = exact(HPKE_INFO)

export const webSuite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

const importedPair = createImportedKeys(SECRETS_KEPT, async (secret): Promise<CryptoKeyPair> => {
  try {
    const [privateKey, publicKey] = await Promise.all([
      webSuite.kem.importKey('raw', exact(scalarOf(secret)), false),
      webSuite.kem.importKey('raw', exact(montgomeryOf(publicKeyOf(secret))), true),
    ])
    return { privateKey, publicKey }
  } catch (cause) {
    throw new MayflyError('ERR_NO_CRYPTO', 'Cannot seal or open messages: this browser has no X25519', { cause })
  }
})

const importedPublicKey = createImportedKeys(PUBLIC_KEYS_KEPT, async (publicKey) =>
  webSuite.kem.importKey('raw', exact(montgomeryOf(publicKey)), true),
)

/** In WebKitGTK 2.50.6 about one of 200 key pairs cannot be made, so a message's own pair is tried a few times. */
const PAIR_TRIES = 4

async function createSenderContext(params: SenderContextParams): Promise<SenderContext> {
  for (let left = PAIR_TRIES - 1; ; left--) {
    try {
      return await webSuite.createSenderContext(params)
    } catch (cause) {
      if (left === 0) throw new MayflyError('ERR_NO_CRYPTO', 'Cannot seal messages: this browser makes no X25519 keys', { cause })
    }
  }
}

export const webHpke: Hpke = {
  async seal({ secret, receiver, aad }, payload) {
    mustHaveCrypto()
    const senderKey = await importedPair(secret)
    const context = await createSenderContext({ recipientPublicKey: await importedPublicKey(receiver), senderKey, info: INFO })
    const cipherText = await context.seal(exact(padded(payload)), exact(aad))
    return concatBytes(new Uint8Array(context.enc), new Uint8Array(cipherText))
  },
  async open({ secret, sender, aad }, sealed) {
    mustHaveCrypto()
    const recipientKey = await importedPair(secret)
    const senderPublicKey = await importedPublicKey(sender)
    const inRow = splitRowMessage(sealed)
    const enc = exact(inRow?.enc ?? sealed.subarray(0, ENCAPSULATED_BYTES))
    const info = inRow === undefined ? INFO : exact(ROW_INFO)
    const context = await webSuite.createRecipientContext({ recipientKey, senderPublicKey, enc, info })
    if (inRow === undefined) {
      return unpadded(new Uint8Array(await context.open(exact(sealed.subarray(ENCAPSULATED_BYTES)), exact(aad))))
    }
    const rowKey = webSuite.aead.createEncryptionContext(await context.export(exact(ROW_KEY_CONTEXT), ROW_KEY_BYTES))
    const plain = await rowKey.open(exact(rowNonce(inRow.sequence)), exact(inRow.cipherText), exact(aad))
    return unpadded(new Uint8Array(plain), ROW_SEQUENCE_BYTES)
  },
}

function mustHaveCrypto(): void {
  if (globalThis.crypto?.subtle !== undefined) return
  throw new MayflyError('ERR_NO_CRYPTO', 'Cannot seal or open messages: this page is not from https, nor from this machine')
}

/** A buffer of exactly these bytes, which is what the library takes. */
function exact(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
