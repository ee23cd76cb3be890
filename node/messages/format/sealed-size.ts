/** Sizes of sealed payloads: all that nodes on the way see of them. seal.ts seals, sealed-padding.ts pads. */

import { padmeBytes } from '../../keys/index.ts'
import { ENCAPSULATED_BYTES, LENGTH_BYTES, MIN_PADDED_BYTES, TAG_BYTES } from './hpke-sizes.ts'
import { MAX_PAYLOAD_BYTES } from './payload.ts'

export function sealedPayloadBytes(size: number): number {
  return ENCAPSULATED_BYTES + padmeBytes(LENGTH_BYTES + size, MIN_PADDED_BYTES) + TAG_BYTES
}

/** True for a size that a sealed payload can have. Each stands for many sizes of payloads. */
export function isSealedSize(bytes: number): boolean {
  const padded = bytes - ENCAPSULATED_BYTES - TAG_BYTES
  return padded >= MIN_PADDED_BYTES && bytes <= sealedPayloadBytes(MAX_PAYLOAD_BYTES) && padmeBytes(padded, MIN_PADDED_BYTES) === padded
}
