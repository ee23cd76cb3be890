/** The bytes that HPKE adds to a plain text, and those that padding adds to a payload. This file has no code: bundlers take numbers over, and a page that seals nothing loads nothing for them. */

/** The public part of a key that was made for one message (`enc` of HPKE). */
export const ENCAPSULATED_BYTES = 32
export const TAG_BYTES = 16
/** A message's number in its row (sealed-row.ts). */
export const ROW_SEQUENCE_BYTES = 4
/** The payload's length, before it: 32 bits, big-endian. */
export const LENGTH_BYTES = 4
/** Shorter payloads are padded to this, their length included. */
export const MIN_PADDED_BYTES = 256
