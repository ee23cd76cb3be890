/**
 * Lengths of Noise messages, read without an error for each. Behind the last message that has come, @libp2p/noise looks for another length, finds
 * no bytes, and makes an error with its stack to say so: once for each message, a twentieth of what a tab that joins costs its home.
 */

import type { SecureConnectionOptions, SecuredConnection } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

const LENGTH_BYTES = 2
/** The decoder waits for more bytes when it meets an error of this class. */
const TOO_FEW = new RangeError('The length of a Noise message has not come yet')

/** The field of @libp2p/noise's stream by which its lengths are read. */
interface EncryptedStream {
  decoder: { lengthDecoder(bytes: Uint8ArrayList): number }
}

type Secure = (stream: never, options?: SecureConnectionOptions) => Promise<SecuredConnection>

/** @param encrypter of @libp2p/noise */
export function readLengthsQuietly(encrypter: unknown): void {
  const noise = encrypter as { secureInbound: Secure; secureOutbound: Secure }
  for (const method of ['secureInbound', 'secureOutbound'] as const) {
    const secure = noise[method].bind(noise)
    noise[method] = async (stream, options) => {
      const secured = await secure(stream, options)
      const { decoder } = secured.connection as unknown as EncryptedStream
      decoder.lengthDecoder = readLength
      return secured
    }
  }
}

function readLength(bytes: Uint8ArrayList): number {
  if (bytes.byteLength < LENGTH_BYTES) throw TOO_FEW
  return bytes.get(0) * 256 + bytes.get(1)
}
