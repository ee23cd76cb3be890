/** Receipts: a receiver's signed statement that it has stored messages, sent after its durable commit. Pure; the layout is in WIRE.md. */

import { MayflyError } from '../../errors.ts'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { KEY_BYTES } from '../../keys/index.ts'
import { decodeSigned, isPartSigned, SIGNED_OVERHEAD_BYTES, signPart } from '../../keys/signed.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import { readBytes, readInteger } from '../../network/fields.ts'
import type { Key } from '../../types.ts'
import type { MessageSecret, Receipt } from '../types.ts'

export const MAX_RECEIPT_IDS = 64
/** Array, version, the receiver's key, the list of ids, the time. */
const PART_BYTES = 1 + 1 + (2 + KEY_BYTES) + 2 + MAX_RECEIPT_IDS * (2 + KEY_BYTES) + 9
export const MAX_RECEIPT_BYTES = SIGNED_OVERHEAD_BYTES + PART_BYTES

const VERSION = 1
const DOMAIN = 'mayfly-receipt:'

/** @throws {MayflyError} ERR_LIMIT, without ids or with more than `MAX_RECEIPT_IDS` */
export function signReceipt(secret: MessageSecret, ids: readonly Key[], storedAtMs: number): Receipt {
  if (ids.length < 1 || ids.length > MAX_RECEIPT_IDS) {
    throw new MayflyError('ERR_LIMIT', `Cannot sign a receipt: ${ids.length} ids, not 1 to ${MAX_RECEIPT_IDS}`)
  }
  const receiver = publicKeyOf(secret)
  const part = encodeCanonical([VERSION, receiver, ids, storedAtMs])
  return { receiver, ids: [...ids], storedAtMs, bytes: signPart(secret, DOMAIN, part) }
}

/**
 * Reads a receipt without checking its signature.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const { part } = decodeSigned('a receipt', bytes, MAX_RECEIPT_BYTES)
  return decodeCanonical('a receipt', part, MAX_RECEIPT_BYTES, (value) => {
    const [version, receiver, ids, storedAtMs] = mustBeArray(value, 4)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    if (!Array.isArray(ids) || ids.length < 1 || ids.length > MAX_RECEIPT_IDS) throw new Error(`1 to ${MAX_RECEIPT_IDS} ids were expected`)
    return {
      receiver: readBytes(receiver, 'receiver', KEY_BYTES),
      ids: ids.map((id) => readBytes(id, 'id', KEY_BYTES)),
      storedAtMs: readInteger(storedAtMs, 'stored'),
      bytes: new Uint8Array(bytes),
    }
  })
}

/** True when the receiver named in a decoded receipt signed it. Whether that receiver may speak for a message's end is not checked here. */
export function isReceiptSigned(receipt: Receipt): boolean {
  return isPartSigned(receipt.receiver, DOMAIN, receipt.bytes)
}
