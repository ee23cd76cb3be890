/**
 * HPKE's mode *auth* (RFC 9180, sections 4.1, 5.1, 5.3 and 6.1) for one message, and for rows of them, with Node.js's primitives, which work at once. `@hpke/core` is a chain
 * of some forty promises whatever its primitives are: with these it took 275 µs a seal where this takes 110, and 630 over WebCrypto (processor
 * time, Node.js 24, 2026-11, a busy machine). Tabs have only WebCrypto: web-hpke.ts.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9180
 */

import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { createRecentMap } from '../../async/recent-map.ts'
import { createImportedKeys } from '../../keys/imported-keys.ts'
import type { NodeCrypto } from '../../keys/native-crypto.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import { HPKE_INFO, type Hpke, montgomeryOf, scalarOf } from './hpke-keys.ts'
import { ENCAPSULATED_BYTES, ROW_SEQUENCE_BYTES, TAG_BYTES } from './hpke-sizes.ts'
import { padded, unpadded } from './sealed-padding.ts'
import { joinRowMessage, ROW_INFO, ROW_KEY_CONTEXT, ROW_LIMITS, rowNonce, splitRowMessage } from './sealed-row.ts'

type KeyObject = ReturnType<NodeCrypto['createPublicKey']>
/** A cipher takes 6 µs to make and use with a key object, and 17 with bytes (Node.js 24, 2026-11). */
type AeadKey = Uint8Array | KeyObject

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
  exporter: ascii('exp'),
  exported: ascii('sec'),
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

/** The suite with one `info`: seals and opens the first message of a context, and exports a secret of it. */
export function createHpkeAuth(crypto: NodeCrypto, info: Uint8Array) {
  const { encrypt, decrypt } = createAead(crypto)
  const pskIdHash = labeledExtract(SUITE, NONE, LABELS.pskIdHash)
  const infoHash = labeledExtract(SUITE, NONE, LABELS.infoHash, info)
  const context = concatBytes(Uint8Array.of(MODE_AUTH), pskIdHash, infoHash)

  /** The secret of a context: of what the message's own key agrees on with the receiver's, and of what both parties' keys agree on. */
  function contextSecret(agreedOnce: Uint8Array, enc: Uint8Array, { sender, receiver, agreed }: Omit<HpkeParties, 'aad'>): Uint8Array {
    const prk = labeledExtract(KEM_SUITE, NONE, LABELS.eaePrk, agreedOnce, agreed)
    const shared = labeledExpand(KEM_SUITE, prk, LABELS.sharedSecret, concatBytes(enc, receiver, sender), KEY_BYTES)
    return labeledExtract(SUITE, shared, LABELS.secret)
  }

  function keyAndNonce(secret: Uint8Array) {
    return [
      labeledExpand(SUITE, secret, LABELS.key, context, KEY_BYTES),
      labeledExpand(SUITE, secret, LABELS.nonce, context, NONCE_BYTES),
    ] as const
  }

  return {
    seal(agreedOnce: Uint8Array, enc: Uint8Array, parties: HpkeParties, plain: Uint8Array): Uint8Array {
      return concatBytes(enc, ...encrypt(...keyAndNonce(contextSecret(agreedOnce, enc, parties)), parties.aad, plain))
    },
    /** @throws when it was not sealed so */
    open(agreedOnce: Uint8Array, parties: HpkeParties, sealed: Uint8Array): Uint8Array {
      const secret = contextSecret(agreedOnce, sealed.subarray(0, ENCAPSULATED_BYTES), parties)
      return decrypt(...keyAndNonce(secret), parties.aad, sealed.subarray(ENCAPSULATED_BYTES))
    },
    /** A secret of 32 bytes for another use. */
    exportSecret(agreedOnce: Uint8Array, enc: Uint8Array, parties: Omit<HpkeParties, 'aad'>, exporterContext: Uint8Array): Uint8Array {
      const exporter = labeledExpand(SUITE, contextSecret(agreedOnce, enc, parties), LABELS.exporter, context, KEY_BYTES)
      return labeledExpand(SUITE, exporter, LABELS.exported, exporterContext, KEY_BYTES)
    },
  }
}

/** AES-256-GCM: cipher text and tag. */
function createAead({ createCipheriv, createDecipheriv }: NodeCrypto) {
  return {
    encrypt(key: AeadKey, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array[] {
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(aad)
      const cipherText = cipher.update(plain)
      cipher.final() // GCM has no last block
      return [cipherText, cipher.getAuthTag()]
    },
    /** @throws when it was not encrypted so */
    decrypt(key: AeadKey, nonce: Uint8Array, aad: Uint8Array, cipherText: Uint8Array): Uint8Array {
      const tagAt = cipherText.byteLength - TAG_BYTES
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(aad)
      decipher.setAuthTag(cipherText.subarray(tagAt))
      const plain = decipher.update(cipherText.subarray(0, tagAt))
      decipher.final()
      return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength)
    },
  }
}

const SECRETS_KEPT = 64
const PARTNERS_KEPT = 1_024
/** Rows whose keys are known, of this sender and of others. One that is forgotten is derived again, or begun anew. */
const ROWS_KEPT = 1_024

interface OwnRow {
  enc: Uint8Array
  key: AeadKey
  /** Messages so far. */
  sealed: number
}

/** @param rowMs how long a row goes on, in ms */
export function createNativeHpke(
  crypto: NodeCrypto,
  rowMs = ROW_LIMITS.maxMs,
): { [Name in keyof Hpke]: (...given: Parameters<Hpke[Name]>) => Uint8Array } {
  const x25519 = createX25519(crypto)
  const hpke = createHpkeAuth(crypto, HPKE_INFO)
  const rowHpke = createHpkeAuth(crypto, ROW_INFO)
  const { encrypt, decrypt } = createAead(crypto)
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
  /** Rows of this sender, likewise. Their keys are forgotten when their time is over. */
  const ownRows = createRecentMap<string, OwnRow>({ maxEntries: ROWS_KEPT })
  /** Keys of others' rows: by secret, the sender's public key and enc, one after the other. */
  const othersRows = createImportedKeys(ROWS_KEPT, (all) => {
    const enc = all.subarray(2 * KEY_BYTES)
    const { agreedOnce, parties } = decapsulated(all.subarray(0, KEY_BYTES), all.subarray(KEY_BYTES, 2 * KEY_BYTES), enc)
    return crypto.createSecretKey(rowHpke.exportSecret(agreedOnce, enc, parties, ROW_KEY_CONTEXT))
  })

  function encapsulated(secret: Uint8Array, receiver: Uint8Array) {
    const { publicKey: sender } = own(secret)
    const { key, publicKey, agreed } = partners(concatBytes(secret, receiver))
    const once = x25519.generate()
    return { enc: once.publicKey, agreedOnce: x25519.agree(once.privateKey, key), parties: { sender, receiver: publicKey, agreed } }
  }

  function decapsulated(secret: Uint8Array, from: Uint8Array, enc: Uint8Array) {
    const { privateKey, publicKey: receiver } = own(secret)
    const { publicKey: sender, agreed } = partners(concatBytes(secret, from))
    return { agreedOnce: x25519.agree(privateKey, x25519.importPublic(enc)), parties: { sender, receiver, agreed } }
  }

  function rowOf(secret: Uint8Array, receiver: Uint8Array): OwnRow {
    const name = String.fromCharCode(...secret, ...receiver)
    const known = ownRows.get(name)
    if (known !== undefined && known.sealed < ROW_LIMITS.maxMessages) return known
    const { enc, agreedOnce, parties } = encapsulated(secret, receiver)
    const row = { enc, key: crypto.createSecretKey(rowHpke.exportSecret(agreedOnce, enc, parties, ROW_KEY_CONTEXT)), sealed: 0 }
    ownRows.set(name, row)
    const end = () => void (ownRows.peek(name) === row && ownRows.delete(name))
    setTimeout(end, rowMs).unref()
    return row
  }

  return {
    seal({ secret, receiver, aad }, payload, isInRow) {
      if (isInRow) {
        const row = rowOf(secret, receiver)
        const sequence = row.sealed++
        return joinRowMessage(row.enc, sequence, encrypt(row.key, rowNonce(sequence), aad, padded(payload, ROW_SEQUENCE_BYTES)))
      }
      const { enc, agreedOnce, parties } = encapsulated(secret, receiver)
      return hpke.seal(agreedOnce, enc, { ...parties, aad }, padded(payload))
    },
    open({ secret, sender, aad }, sealed) {
      const inRow = splitRowMessage(sealed)
      if (inRow !== undefined) {
        const { enc, sequence, cipherText } = inRow
        return unpadded(decrypt(othersRows(concatBytes(secret, sender, enc)), rowNonce(sequence), aad, cipherText), ROW_SEQUENCE_BYTES)
      }
      const { agreedOnce, parties } = decapsulated(secret, sender, sealed.subarray(0, ENCAPSULATED_BYTES))
      return unpadded(hpke.open(agreedOnce, { ...parties, aad }, sealed))
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
