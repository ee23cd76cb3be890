/**
 * Seals payloads for one receiver, which also learns who wrote them: HPKE in its authenticated mode, with X25519 keys derived from the Ed25519
 * keys that sign. The layout is in WIRE.md. Node.js seals with its own primitives, tabs with WebCrypto.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9180 (HPKE, section 5.1.3)
 */

import { MayflyError } from '../../errors.ts'
import { nativeCrypto } from '../../keys/native-crypto.ts'
import type { Hpke, SealKeys, UnsealKeys } from './hpke-keys.ts'
import { isSealedSize } from './sealed-size.ts'

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
 * @param isInRow the receiver opens messages of rows (sealed-row.ts): it becomes one where this platform seals rows
 * @throws {MayflyError} ERR_NO_CRYPTO; ERR_BAD_FRAME, when the receiver's public key is not one
 */
export async function sealPayload(keys: SealKeys, payload: Uint8Array, isInRow?: boolean): Promise<Uint8Array> {
  return (await loadHpke()).seal(keys, payload, isInRow)
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
    return await hpke.open(keys, sealed)
  } catch (cause) {
    if (cause instanceof MayflyError && cause.code === 'ERR_NO_CRYPTO') throw cause
    throw new MayflyError('ERR_DAMAGED', 'Cannot open this message: it is not from its sender, not for this receiver, or was changed', {
      cause,
    })
  }
}
