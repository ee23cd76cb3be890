/** scrypt: makes a guess at a pass phrase cost memory and time. */

import { KEY_BYTES } from '../../keys/key.ts'

export interface StretchCost {
  /** The binary logarithm of N: memory and time. */
  log2N: number
  r: number
  p: number
}

/** The key, 32 bytes. Pages hand in one that runs in a worker, so that the page goes on meanwhile. */
export type Stretch = (secret: Uint8Array, salt: Uint8Array, cost: StretchCost) => Promise<Uint8Array>

/** Node.js's own, in threads of its own; undefined in a tab. */
const native = globalThis.process?.getBuiltinModule?.('node:crypto')

/** Natively where that is; else in this thread, in small steps. @see https://www.rfc-editor.org/rfc/rfc7914 */
export const stretch: Stretch = async (secret, salt, { log2N, r, p }) => {
  const [N, maxmem] = [2 ** log2N, 2 ** log2N * r * 256]
  if (native === undefined) {
    const { scryptAsync } = await import('@noble/hashes/scrypt.js')
    return scryptAsync(secret, salt, { N, r, p, dkLen: KEY_BYTES, maxmem })
  }
  return new Promise((resolve, reject) => {
    native.scrypt(secret, salt, KEY_BYTES, { N, r, p, maxmem }, (error, bytes) => {
      // Bun's says undefined where there is no error.
      if (error) reject(error)
      else resolve(new Uint8Array(bytes))
    })
  })
}
