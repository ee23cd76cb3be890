/**
 * Encrypts and opens the records of one private content: AES-256-GCM in the STREAM construction, by WebCrypto. `sealed-layout.ts` places the
 * records.
 *
 * @see https://eprint.iacr.org/2015/189 (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
 *   Misuse-Resistance, 2015, section 7: STREAM)
 */

import { MayflyError } from '../../errors.ts'
import { equalBytes, KEY_BYTES, type LinkKey } from '../../keys/index.ts'
import { encodeHeader, KEY_CHECK_BYTES, nonceOf, type SealedHeader } from './sealed-layout.ts'

/** Domain separation of the key derivation: no other use of a link's key derives the same bytes. */
const KEY_INFO = new TextEncoder().encode('mayfly private content 1: key')
const CHECK_INFO = new TextEncoder().encode('mayfly private content 1: key check')

export type SealedRecords = ReturnType<typeof recordsOf>

/**
 * Records for new content.
 *
 * @throws {MayflyError} ERR_NO_CRYPTO
 */
export async function createRecords(key: LinkKey, salt: Uint8Array): Promise<SealedRecords> {
  const { keyCheck, contentKey } = await deriveKeys(key, salt)
  return recordsOf(encodeHeader({ salt, keyCheck }), contentKey)
}

/**
 * Records of existing content.
 *
 * @throws {MayflyError} ERR_WRONG_KEY, ERR_NO_CRYPTO
 */
export async function openRecords(key: LinkKey, header: SealedHeader): Promise<SealedRecords> {
  const { keyCheck, contentKey } = await deriveKeys(key, header.salt)
  if (!equalBytes(keyCheck, header.keyCheck)) {
    throw new MayflyError('ERR_WRONG_KEY', 'Cannot open private content: the key in the link is not its key')
  }
  return recordsOf(encodeHeader(header), contentKey)
}

function recordsOf(header: Uint8Array<ArrayBuffer>, contentKey: CryptoKey) {
  const algorithm = (record: number, isLast: boolean) => ({
    name: 'AES-GCM',
    iv: nonceOf(record, isLast),
    additionalData: header,
    tagLength: 128,
  })
  return {
    /** In clear before all records, and authenticated with each of them. */
    header,
    async seal(record: number, isLast: boolean, plain: Uint8Array): Promise<Uint8Array> {
      return new Uint8Array(await subtle().encrypt(algorithm(record, isLast), contentKey, plain as Uint8Array<ArrayBuffer>))
    },
    /** @throws {MayflyError} ERR_DAMAGED when the bytes were not sealed as this record of this content */
    async open(record: number, isLast: boolean, sealed: Uint8Array): Promise<Uint8Array> {
      try {
        return new Uint8Array(await subtle().decrypt(algorithm(record, isLast), contentKey, sealed as Uint8Array<ArrayBuffer>))
      } catch (cause) {
        const what = record === 0 ? 'its name and size were' : `record ${record}${isLast ? ', the last,' : ''} was`
        throw new MayflyError('ERR_DAMAGED', `Cannot open private content: ${what} changed, or not made for this place`, { cause })
      }
    },
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc5869 (HKDF) */
async function deriveKeys(key: LinkKey, salt: Uint8Array): Promise<{ contentKey: CryptoKey; keyCheck: Uint8Array }> {
  const material = await subtle().importKey('raw', key as Uint8Array<ArrayBuffer>, 'HKDF', false, ['deriveBits', 'deriveKey'])
  const by = (info: Uint8Array<ArrayBuffer>) => ({ name: 'HKDF', hash: 'SHA-256', salt: salt as Uint8Array<ArrayBuffer>, info })
  const [contentKey, keyCheck] = await Promise.all([
    subtle().deriveKey(by(KEY_INFO), material, { name: 'AES-GCM', length: 8 * KEY_BYTES }, false, ['encrypt', 'decrypt']),
    subtle().deriveBits(by(CHECK_INFO), material, 8 * KEY_CHECK_BYTES),
  ])
  return { contentKey, keyCheck: new Uint8Array(keyCheck) }
}

function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle as SubtleCrypto | undefined
  if (found === undefined) {
    throw new MayflyError('ERR_NO_CRYPTO', 'Cannot encrypt or decrypt: a browser does that only in pages from https, or from this machine')
  }
  return found
}
