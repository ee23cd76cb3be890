/** The bytes that HPKE adds to a plain text. This file has no code: bundlers take numbers over, and a page that seals nothing loads nothing for them. */

/** The public part of a key that was made for one message (`enc` of HPKE). */
export const ENCAPSULATED_BYTES = 32
export const TAG_BYTES = 16
