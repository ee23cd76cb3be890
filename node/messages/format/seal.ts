/**
 * Seals payloads for one receiver, which also learns who wrote them: HPKE in its authenticated mode, with X25519 keys derived from the Ed25519
 * keys that sign. The layout is in WIRE.md. Node.js seals with its own primitives, tabs with WebCrypto.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9180 (HPKE, section 5.1.3)
 */

import { MayflyError } from '../../errors.ts'
import { nativeCrypto } from '../../keys/native-crypto.ts'
import type { Hpke, SealKeys, UnsealKeys } from './hpke-keys.ts'
import { isSealedSize, LENGTH_BYTES, paddedPayloadBytes } from './sealed-size.ts'

let loading: Promise<Hpke> | undefined

/** Loaded with the first sealed message: a page that only posts to open ends does without it. */
function loadHpke(): Promise<Hpke> {
  loading ??=
    nativeCrypto === undefined
      ? import('./web-hpke.ts').then(({ webHpke }) => webHpke)
      : import('./native-hpke.ts').then(({ createNativeHpke }) => createNativeHpke(nativeCrypto))
  loading.catch(() => {
    loading = undefined // the next message tries again
  })
  return loading
}

/**
 * Seals an encoded payload.
 *
 * @throws {MayflyError} ERR_NO_CRYPTO; ERR_BAD_FRAME, when the receiver's public key is not one
 */
export async function sealPayload(keys: SealKeys, payload: Uint8Array): Promise<Uint8Array> {
  return (await loadHpke()).seal(keys, padded(payload))
}

/**
 * Opens a sealed payload.
 *
 * @throws {MayflyError} ERR_DAMAGED, when it is from another sender, for another receiver, or was changed; ERR_NO_CRYPTO
 */
export async function openSealedPayload(keys: UnsealKeys, sealed: Uint8Array): Promise<Uint8Array> {
  const hpke = await loadHpke()
  try {
    if (!isSealedSize(sealed.byteLength)) throw new Error('not its size')
    return unpadded(await hpke.open(keys, sealed))
  } catch (cause) {
    if (cause instanceof MayflyError && cause.code === 'ERR_NO_CRYPTO') throw cause
    throw new MayflyError('ERR_DAMAGED', 'Cannot open this message: it is not from its sender, not for this receiver, or was changed', {
      cause,
    })
  }
}

function padded(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(paddedPayloadBytes(payload.byteLength))
  new DataView(bytes.buffer).setUint32(0, payload.byteLength)
  bytes.set(payload, LENGTH_BYTES)
  return bytes
}

function unpadded(bytes: Uint8Array): Uint8Array {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (paddedPayloadBytes(size) !== bytes.byteLength) throw new Error('not the padding of its size')
  if (bytes.subarray(LENGTH_BYTES + size).some((byte) => byte !== 0)) throw new Error('not padded with zeros')
  return bytes.slice(LENGTH_BYTES, LENGTH_BYTES + size)
}
