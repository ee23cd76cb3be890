/** Key pairs of a first stage from private keys that a test chooses. */

import { createECDH } from 'node:crypto'
import type { FirstKeys } from '../../node/sharing/first/first-keys.ts'

/** @param secret 32 bytes */
export async function firstKeysOf(secret: Uint8Array): Promise<FirstKeys> {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(secret)
  const publicKey = new Uint8Array(pair.getPublicKey())
  const part = (from: number, to: number) => Buffer.from(publicKey.subarray(from, to)).toString('base64url')
  const key = { kty: 'EC', crv: 'P-256', x: part(1, 33), y: part(33, 65), d: Buffer.from(secret).toString('base64url') }
  const algorithm = { name: 'ECDH', namedCurve: 'P-256' }
  return { publicKey, privateKey: await crypto.subtle.importKey('jwk', key, algorithm, false, ['deriveBits']) }
}
