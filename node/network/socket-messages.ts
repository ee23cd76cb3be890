/** Bytes for a websocket, in as few messages as there may be: libp2p reads a stream of bytes, and each message costs a frame and an event at both ends. */

import type { Uint8ArrayList } from 'uint8arraylist'

/** Largest message that is sent, in bytes: Noise's largest with its length. Listeners end a connection that sends far more. */
export const MAX_MESSAGE_BYTES = 65_537

export function* socketMessages(data: Uint8ArrayList): Generator<Uint8Array> {
  for (let at = 0; at < data.byteLength; at += MAX_MESSAGE_BYTES) {
    yield data.subarray(at, Math.min(at + MAX_MESSAGE_BYTES, data.byteLength))
  }
}
