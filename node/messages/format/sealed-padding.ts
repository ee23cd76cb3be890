/** Padding of sealed payloads: length, payload, zeros. A page loads it with what seals. */

import { padmeBytes } from '../../keys/padme.ts'
import { LENGTH_BYTES, MIN_PADDED_BYTES } from './hpke-sizes.ts'

/** @param besides bytes that travel besides, and count for the size */
export function padded(payload: Uint8Array, besides: number = 0): Uint8Array {
  const bytes = new Uint8Array(paddedPayloadBytes(payload.byteLength + besides) - besides)
  new DataView(bytes.buffer).setUint32(0, payload.byteLength)
  bytes.set(payload, LENGTH_BYTES)
  return bytes
}

/** @throws when it is not padded so */
export function unpadded(bytes: Uint8Array, besides: number = 0): Uint8Array {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  if (paddedPayloadBytes(size + besides) !== bytes.byteLength + besides) throw new Error('not the padding of its size')
  if (bytes.subarray(LENGTH_BYTES + size).some((byte) => byte !== 0)) throw new Error('not padded with zeros')
  return Uint8Array.from(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + size))
}

/** Size of length, payload and padding together. */
function paddedPayloadBytes(size: number): number {
  return padmeBytes(LENGTH_BYTES + size, MIN_PADDED_BYTES)
}
