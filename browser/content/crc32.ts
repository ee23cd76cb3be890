/** The checksum of zip archives. @see https://www.rfc-editor.org/rfc/rfc1952 (8. CRC code) */

const POLYNOMIAL = 0xedb8_8320

const byteAt = (bytes: Uint8Array, at: number) => bytes[at] as number
const entry = (table: Int32Array, byte: number) => table[byte & 0xff] as number

/** Four tables, one for each byte of a word: three times as fast as one. */
const [LAST, THIRD, SECOND, FIRST] = tables() as [Int32Array, Int32Array, Int32Array, Int32Array]

/** @param before the checksum of the bytes before, which it goes on from */
export function crc32(bytes: Uint8Array, before = 0): number {
  const end = bytes.length - (bytes.length % 4)
  let value = ~before
  for (let at = 0; at < end; at += 4) {
    value ^= byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24)
    value = entry(FIRST, value) ^ entry(SECOND, value >>> 8) ^ entry(THIRD, value >>> 16) ^ entry(LAST, value >>> 24)
  }
  for (let at = end; at < bytes.length; at++) value = entry(LAST, value ^ byteAt(bytes, at)) ^ (value >>> 8)
  return ~value >>> 0
}

function tables(): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
    return value
  })
  const all = [first]
  for (let table = 1; table < 4; table++) {
    const before = all[table - 1] as Int32Array
    all.push(before.map((value) => entry(first, value) ^ (value >>> 8)))
  }
  return all
}
