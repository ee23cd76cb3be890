/**
 * Declines: a receiver's signed statement that it does not take a message. The signature keeps nodes on the way from ending a message in its
 * receiver's name. Pure; the layout is in WIRE.md.
 */

import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/index.ts'
import { decodeSigned, isPartSigned, SIGNED_OVERHEAD_BYTES, signPart } from '../../keys/signed.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import { readBytes, readInteger } from '../../network/fields.ts'
import type { Key } from '../../types.ts'
import type { MessageRefusal, MessageSecret } from '../types.ts'
import { refusalOf, WIRE_REFUSALS } from './refusals.ts'

export interface Decline {
  /** The receiver's public key. */
  receiver: Uint8Array
  /** The declined message. */
  id: Key
  reason: MessageRefusal
  declinedAtMs: number
  /** Signed part and signature, as received. */
  bytes: Uint8Array
}

/** Array, version, two keys, the reason's number, the time. */
const PART_BYTES = 1 + 1 + 2 * (2 + KEY_BYTES) + 2 + 9
export const MAX_DECLINE_BYTES = SIGNED_OVERHEAD_BYTES + PART_BYTES

const VERSION = 1
const DOMAIN = 'mayfly-decline:'

export function signDecline(secret: MessageSecret, id: Key, reason: MessageRefusal, declinedAtMs: number): Decline {
  const receiver = publicKeyOf(secret)
  const part = encodeCanonical([VERSION, receiver, id, WIRE_REFUSALS[reason].number, declinedAtMs])
  return { receiver, id, reason, declinedAtMs, bytes: signPart(secret, DOMAIN, part) }
}

/**
 * Reads a decline without checking its signature.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeDecline(bytes: Uint8Array): Decline {
  const { part } = decodeSigned('a decline', bytes, MAX_DECLINE_BYTES)
  return decodeCanonical('a decline', part, MAX_DECLINE_BYTES, (value) => {
    const [version, receiver, id, number, declinedAtMs] = mustBeArray(value, 5)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    const reason = refusalOf(number)
    if (reason === undefined) throw new Error('an unknown reason')
    return {
      receiver: readBytes(receiver, 'receiver', KEY_BYTES),
      id: readBytes(id, 'id', KEY_BYTES),
      reason,
      declinedAtMs: readInteger(declinedAtMs, 'declined'),
      bytes: bytes.slice(),
    }
  })
}

/** True when the receiver named in a decoded decline signed it. Whether that receiver may speak for the message's end is not checked here. */
export function isDeclineSigned(decline: Decline): boolean {
  return isPartSigned(decline.receiver, DOMAIN, decline.bytes)
}
