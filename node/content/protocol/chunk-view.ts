/** Decodes a frame whose last entry are many bytes, as content travels, without a copy of these. */

import { decodeFrame, type Frame } from '../../network/index.ts'

/** The first byte of a CBOR array of no entry, of one of 23, and of a byte string whose length follows in two bytes. */
const [ARRAY, ARRAY_END, BYTES] = [0x80, 0x97, 0x59]
/** Bytes of a whole number behind its first byte, by that byte. */
const MORE_BYTES: Readonly<Record<number, number>> = { 24: 1, 25: 2, 26: 4, 27: 8 }
const LENGTH_BYTES = 3
/** A shorter one has another length in front. */
const MIN_BYTES = 256

/**
 * The same as `decodeFrame`, of the same frames; but bytes behind whole numbers are a view of the frame's memory, which is theirs alone to keep.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeFrameView(bytes: Uint8Array): Frame {
  const at = placeOfBytes(bytes)
  if (at === undefined) return decodeFrame(bytes)
  const head = new Uint8Array(bytes.subarray(0, at - LENGTH_BYTES)) // not `slice`, which is no copy for a Buffer
  head[0] = (head[0] as number) - 1
  const frame = decodeFrame(head)
  frame.push(bytes.subarray(at))
  return frame
}

/** Where the bytes of the last entry begin; undefined when it is another kind of frame, or none. */
function placeOfBytes(bytes: Uint8Array): number | undefined {
  const [first = 0] = bytes
  if (first <= ARRAY + 1 || first > ARRAY_END) return undefined
  let at = 1
  for (let entry = 1; entry < first - ARRAY; entry++) {
    const lead = bytes[at] ?? BYTES
    const more = lead < 0x18 ? 0 : MORE_BYTES[lead]
    if (more === undefined) return undefined
    at += 1 + more
  }
  const size = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
  const isLast = bytes[at] === BYTES && size >= MIN_BYTES && at + LENGTH_BYTES + size === bytes.byteLength
  return isLast ? at + LENGTH_BYTES : undefined
}
