/** Sizes of sealed payloads: all that nodes on the way see of them. seal.ts seals. */

import { padmeBytes } from '../../keys/index.ts'
import { ENCAPSULATED_BYTES, TAG_BYTES } from './hpke-sizes.ts'
import { MAX_PAYLOAD_BYTES } from './payload.ts'

/** The payload's length, before it: 32 bits, big-endian. */
export const LENGTH_BYTES = 4
/** Shorter payloads are padded to this, their length included. */
const MIN_PADDED_BYTES = 256

/** Size of length, payload and padding together. */
export function paddedPayloadBytes(size: number): number {
  return padmeBytes(LENGTH_BYTES + size, MIN_PADDED_BYTES)
}

export function sealedPayloadBytes(size: number): number {
  return ENCAPSULATED_BYTES + paddedPayloadBytes(size) + TAG_BYTES
}

/** True for a size that a sealed payload can have. Each stands for many sizes of payloads. */
export function isSealedSize(bytes: number): boolean {
  const padded = bytes - ENCAPSULATED_BYTES - TAG_BYTES
  return padded >= MIN_PADDED_BYTES && bytes <= sealedPayloadBytes(MAX_PAYLOAD_BYTES) && padmeBytes(padded, MIN_PADDED_BYTES) === padded
}
