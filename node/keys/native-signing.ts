/**
 * Native Ed25519 of Node.js; undefined in a tab. Per message, measured in Node.js 24, 2026-11: importing a public key 22 µs, verifying 94 µs,
 * so imported keys are cached.
 */

import { createImportedKeys } from './imported-keys.ts'
import { type NodeCrypto, nativeCrypto } from './native-crypto.ts'
import { isPublicKey } from './public-key-form.ts'

const SECRETS_KEPT = 64
const PUBLIC_KEYS_KEPT = 1_024
/** Prefixes of the 32 bytes in PKCS #8 and in SPKI. @see https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const SECRET_PREFIX = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
const PUBLIC_PREFIX = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]

export const nativeSigning = nativeCrypto === undefined ? undefined : createNativeSigning(nativeCrypto)

function createNativeSigning({ createPrivateKey, createPublicKey, sign, verify }: NodeCrypto) {
  const secretOf = createImportedKeys(SECRETS_KEPT, (secret) => {
    const privateKey = createPrivateKey({ key: der(SECRET_PREFIX, secret), format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
    return { privateKey, publicKey: Uint8Array.from(spki.subarray(PUBLIC_PREFIX.length)) }
  })
  /** Undefined when the bytes are not a public key. */
  const publicKeyOf = createImportedKeys(PUBLIC_KEYS_KEPT, (publicKey) =>
    isPublicKey(publicKey) ? createPublicKey({ key: der(PUBLIC_PREFIX, publicKey), format: 'der', type: 'spki' }) : undefined,
  )
  return {
    publicKey: (secret: Uint8Array): Uint8Array => secretOf(secret).publicKey.slice(),
    sign: (secret: Uint8Array, bytes: Uint8Array): Uint8Array => Uint8Array.from(sign(null, bytes, secretOf(secret).privateKey)),
    isSigned(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
      const key = publicKeyOf(publicKey)
      return key !== undefined && verify(null, bytes, key, signature)
    },
    /** Verifies in another thread: this one spends a sixth of the time; in total it costs a few µs more. */
    isSignedElsewhere: (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> =>
      new Promise((resolve) => {
        const key = publicKeyOf(publicKey)
        if (key === undefined) resolve(false)
        else verify(null, bytes, key, signature, (error, isRight) => resolve(!error && isRight))
      }),
  }
}

function der(prefix: number[], key: Uint8Array): Buffer {
  return Buffer.from([...prefix, ...key])
}
