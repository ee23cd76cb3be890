/**
 * Texts of any characters at all, as `fc.string({ unit: 'binary' })` makes them: that one fills a map of a million characters first, for more
 * than a second in each process that asks for it.
 */

import fc, { type Arbitrary } from 'fast-check'

const SURROGATES = { from: 0xd800, count: 0x800 }

const character = fc
  .integer({ min: 0, max: 0x10ffff - SURROGATES.count })
  .map((place) => String.fromCodePoint(place < SURROGATES.from ? place : place + SURROGATES.count))

/** Whole characters of all planes, control characters included; lengths are in characters. */
export function anyText(lengths: { minLength?: number; maxLength?: number } = {}): Arbitrary<string> {
  return fc.string({ unit: character, ...lengths })
}
