/** Form of Ed25519 public keys: only the shortest form counts, and no point of small order, for which signatures can be made up. */

import { KEY_BYTES } from './key.ts'

/** The y of the points of small order, little-endian: with these keys one signature can be valid for any message. */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

/** False for a second form of a number and for a point of small order, which no key pair has. Whether the point exists is not checked. */
export function isPublicKey(bytes: Uint8Array): boolean {
  if (bytes.byteLength !== KEY_BYTES || !isReduced(bytes)) return false
  let y = ''
  for (const [i, byte] of bytes.entries()) y += (i === KEY_BYTES - 1 ? byte & 0x7f : byte).toString(16).padStart(2, '0')
  return !SMALL_ORDER.has(y)
}

/** True when y is below 2²⁵⁵ − 19. */
function isReduced(bytes: Uint8Array): boolean {
  if (((bytes[KEY_BYTES - 1] ?? 0) & 0x7f) !== 0x7f || (bytes[0] ?? 0) < 0xed) return true
  return bytes.subarray(1, KEY_BYTES - 1).some((byte) => byte !== 0xff)
}
