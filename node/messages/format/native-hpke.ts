/**
 * HPKE's mode *auth* for one message (RFC 9180, sections 4.1, 5.1 and 6.1), with Node.js's primitives, which work at once. `@hpke/core` is a chain
 * of some forty promises whatever its primitives are: with these it took 275 µs a seal where this takes 110, and 630 over WebCrypto (processor
 * time, Node.js 24, 2026-11, a busy machine). Tabs have only WebCrypto: web-hpke.ts.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9180
 */

import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { createImportedKeys } from '../../keys/imported-keys.ts'
import type { NodeCrypto } from '../../keys/native-crypto.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import { HPKE_INFO, type Hpke, montgomeryOf, scalarOf } from './hpke-keys.ts'
import { ENCAPSULATED_BYTES, TAG_BYTES } from './hpke-sizes.ts'

type KeyObject = ReturnType<NodeCrypto['createPublicKey']>

/** Prefixes of the 32 bytes in PKCS #8 and in SPKI. @see https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const SECRET_PREFIX = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20)
const PUBLIC_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00)

const ascii = (text: string) => new TextEncoder().encode(text)
const VERSION = ascii('HPKE-v1')
/** DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002. */
const KEM_ID = [0x00, 0x20]
const KEM_SUITE = concatBytes(VERSION, ascii('KEM'), Uint8Array.from(KEM_ID))
const SUITE = concatBytes(VERSION, ascii('HPKE'), Uint8Array.from([...KEM_ID, 0x00, 0x01, 0x00, 0x02]))
const MODE_AUTH = 0x02
const KEY_BYTES = 32
const NONCE_BYTES = 12
const LABELS = {
  eaePrk: ascii('eae_prk'),
  sharedSecret: ascii('shared_secret'),
  pskIdHash: ascii('psk_id_hash'),
  infoHash: ascii('info_hash'),
  secret: ascii('secret'),
  key: ascii('key'),
  nonce: ascii('base_nonce'),
}
const NONE = new Uint8Array(0)

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  return extract(sha256, concatBytes(suite, label, ...parts), salt)
}

function labeledExpand(suite: Uint8Array, prk: Uint8Array, label: Uint8Array, info: Uint8Array, bytes: number): Uint8Array {
  return expand(sha256, prk, concatBytes(Uint8Array.of(0, bytes), suite, label, info), bytes)
}

/** A key and its 32 bytes, which are part of what is derived. */
export interface X25519Key {
  key: KeyObject
  bytes: Uint8Array
}

/** Both sides of a message, as they know each other before it. */
export interface HpkeParties {
  /** Public keys of both. */
  sender: Uint8Array
  receiver: Uint8Array
  /** The secret that their two keys agree on. */
  agreed: Uint8Array
  aad: Uint8Array
}

export function createX25519({ createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync }: NodeCrypto) {
  const importPublic = (bytes: Uint8Array) => createPublicKey({ key: der(PUBLIC_PREFIX, bytes), format: 'der', type: 'spki' })
  return {
    importPublic,
    importPrivate: (scalar: Uint8Array) => createPrivateKey({ key: der(SECRET_PREFIX, scalar), format: 'der', type: 'pkcs8' }),
    generate() {
      const { privateKey, publicKey } = generateKeyPairSync('x25519')
      return { privateKey, publicKey: rawBytes(publicKey) }
    },
    /** @throws for a public key of small order, with which any secret agrees on zero */
    agree: (privateKey: KeyObject, publicKey: KeyObject): Uint8Array => diffieHellman({ privateKey, publicKey }),
  }
}

/** The suite with one `info`: seals and opens the first message of a context. */
export function createHpkeAuth(crypto: NodeCrypto, info: Uint8Array) {
  const { createCipheriv, createDecipheriv } = crypto
  const pskIdHash = labeledExtract(SUITE, NONE, LABELS.pskIdHash)
  const infoHash = labeledExtract(SUITE, NONE, LABELS.infoHash, info)
  const context = concatBytes(Uint8Array.of(MODE_AUTH), pskIdHash, infoHash)

  /** Key and nonce, of what the message's own key agrees on with the receiver's and of what both parties' keys agree on. */
  function keySchedule(agreedOnce: Uint8Array, enc: Uint8Array, { sender, receiver, agreed }: HpkeParties) {
    const prk = labeledExtract(KEM_SUITE, NONE, LABELS.eaePrk, agreedOnce, agreed)
    const shared = labeledExpand(KEM_SUITE, prk, LABELS.sharedSecret, concatBytes(enc, receiver, sender), KEY_BYTES)
    const secret = labeledExtract(SUITE, shared, LABELS.secret)
    return [
      labeledExpand(SUITE, secret, LABELS.key, context, KEY_BYTES),
      labeledExpand(SUITE, secret, LABELS.nonce, context, NONCE_BYTES),
    ] as const
  }

  return {
    seal(agreedOnce: Uint8Array, enc: Uint8Array, parties: HpkeParties, plain: Uint8Array): Uint8Array {
      const cipher = createCipheriv('aes-256-gcm', ...keySchedule(agreedOnce, enc, parties))
      cipher.setAAD(parties.aad)
      return concatBytes(enc, cipher.update(plain), cipher.final(), cipher.getAuthTag())
    },
    /** @throws when it was not sealed so */
    open(agreedOnce: Uint8Array, parties: HpkeParties, sealed: Uint8Array): Uint8Array {
      const tagAt = sealed.byteLength - TAG_BYTES
      const keyAndNonce = keySchedule(agreedOnce, sealed.subarray(0, ENCAPSULATED_BYTES), parties)
      const decipher = createDecipheriv('aes-256-gcm', ...keyAndNonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(parties.aad)
      decipher.setAuthTag(sealed.subarray(tagAt))
      return concatBytes(decipher.update(sealed.subarray(ENCAPSULATED_BYTES, tagAt)), decipher.final())
    },
  }
}

const SECRETS_KEPT = 64
const PARTNERS_KEPT = 1_024

export function createNativeHpke(crypto: NodeCrypto): Hpke {
  const x25519 = createX25519(crypto)
  const hpke = createHpkeAuth(crypto, HPKE_INFO)
  const own = createImportedKeys(SECRETS_KEPT, (secret) => ({
    privateKey: x25519.importPrivate(scalarOf(secret)),
    publicKey: montgomeryOf(publicKeyOf(secret)),
  }))
  /** By secret and public key, one after the other. */
  const partners = createImportedKeys(PARTNERS_KEPT, (both) => {
    const publicKey = montgomeryOf(both.subarray(KEY_BYTES))
    const key = x25519.importPublic(publicKey)
    return { key, publicKey, agreed: x25519.agree(own(both.subarray(0, KEY_BYTES)).privateKey, key) }
  })
  return {
    seal({ secret, receiver, aad }, plain) {
      const { publicKey: sender } = own(secret)
      const { key, publicKey, agreed } = partners(concatBytes(secret, receiver))
      const once = x25519.generate()
      return hpke.seal(x25519.agree(once.privateKey, key), once.publicKey, { sender, receiver: publicKey, agreed, aad }, plain)
    },
    open({ secret, sender, aad }, sealed) {
      const { privateKey, publicKey: receiver } = own(secret)
      const { publicKey, agreed } = partners(concatBytes(secret, sender))
      const once = x25519.importPublic(sealed.subarray(0, ENCAPSULATED_BYTES))
      return hpke.open(x25519.agree(privateKey, once), { sender: publicKey, receiver, agreed, aad }, sealed)
    },
  }
}

/** As a JWK, whose making takes a twentieth of the time that SPKI takes. */
function rawBytes(publicKey: KeyObject): Uint8Array {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')
}

function der(prefix: Uint8Array, key: Uint8Array): Buffer {
  return Buffer.concat([prefix, key])
}
