/**
 * Envelopes: messages as they travel, signed by their senders. Pure; the layout is in WIRE.md. The payload inside is read by payload.ts and
 * sealed by seal.ts; rates, room and policies belong to admission and receivers.
 */

import { MayflyError } from '../../errors.ts'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import { encodeKeyHex, KEY_BYTES, sha256AtOnce } from '../../keys/index.ts'
import { decodeSigned, isPartSigned, isPartSignedElsewhere, SIGNED_OVERHEAD_BYTES, signedBytes, signPart } from '../../keys/signed.ts'
import { publicKeyOf } from '../../keys/signing.ts'
import { readBytes, readInteger } from '../../network/fields.ts'
import type { Message, MessageSecret } from '../types.ts'
import { MAX_PAYLOAD_BYTES } from './payload.ts'
import { isSealedSize, sealedPayloadBytes } from './sealed-size.ts'

export interface Envelope extends Pick<Message, 'id' | 'from' | 'to' | 'sentAtMs' | 'expiresAtMs' | 'isSealed'> {
  /** Encoded payload (payload.ts), sealed when `isSealed`. */
  payload: Uint8Array
  /** Signed part and signature. */
  bytes: Uint8Array
}

export const ENVELOPE_DEFAULTS = {
  /** The time to live of a message whose author sets none, in ms. */
  ttlMs: 86_400_000,
  /** The longest time to live, in ms. */
  maxTtlMs: 604_800_000,
  /** The shortest time to live, in ms. */
  minTtlMs: 1_000,
  /** How far ahead of this peer's clock a message may have been sent, in ms. */
  maxSkewMs: 60_000,
}

export type EnvelopeOptions = Partial<typeof ENVELOPE_DEFAULTS>

/** The signed entries besides the payload; a seal is bound to them. */
export type EnvelopeTerms = Pick<Envelope, 'from' | 'to' | 'sentAtMs'> & { ttlMs: number }

const VERSION = 1
const DOMAIN = 'mayfly-message:'
/** Array, version, two keys, two times, a flag, and the length of the payload. */
const TERMS_BYTES = 1 + 1 + 2 * (2 + KEY_BYTES) + 2 * 9 + 1 + 5

export const MAX_ENVELOPE_BYTES = SIGNED_OVERHEAD_BYTES + TERMS_BYTES + sealedPayloadBytes(MAX_PAYLOAD_BYTES)

/**
 * Signs an encoded payload, which has been sealed if it is for a hashname.
 *
 * @throws {MayflyError} ERR_BAD_MESSAGE, for a time to live out of its bounds
 */
export function signEnvelope(
  secret: MessageSecret,
  { to, sentAtMs, ttlMs, isSealed, payload }: Omit<EnvelopeTerms, 'from'> & Pick<Envelope, 'isSealed' | 'payload'>,
): Envelope {
  const reason = refuseTtl(ttlMs)
  if (reason !== undefined) throw new MayflyError('ERR_BAD_MESSAGE', `Cannot send this message: ${reason}`)
  const from = publicKeyOf(secret)
  const part = encodeCanonical([VERSION, from, to, sentAtMs, ttlMs, isSealed, payload])
  return {
    id: sha256AtOnce(signedBytes(DOMAIN, part)),
    from,
    to,
    sentAtMs,
    expiresAtMs: sentAtMs + ttlMs,
    isSealed,
    payload,
    bytes: signPart(secret, DOMAIN, part),
  }
}

/**
 * Reads an envelope and checks its form and size limits. `isEnvelopeSigned` checks its signature, `refuseTimes` its times, and `openMessage`
 * reads its payload.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const { part } = decodeSigned('an envelope', bytes, MAX_ENVELOPE_BYTES)
  return decodeCanonical('an envelope', part, MAX_ENVELOPE_BYTES, (value) => {
    const [version, from, to, sentAtMs, ttlMs, isSealed, payload] = mustBeArray(value, 7)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    const sent = readInteger(sentAtMs, 'sent')
    const ttl = readInteger(ttlMs, 'time to live')
    const reason = refuseTtl(ttl)
    if (reason !== undefined) throw new Error(reason)
    if (typeof isSealed !== 'boolean') throw new Error('sealed: true or false were expected')
    if (!(payload instanceof Uint8Array)) throw new Error('a payload was expected')
    if (isSealed && !isSealedSize(payload.byteLength)) throw new Error('not the size of a sealed payload')
    if (!isSealed && payload.byteLength > MAX_PAYLOAD_BYTES) throw new Error(`a payload over ${MAX_PAYLOAD_BYTES} bytes`)
    return {
      id: sha256AtOnce(signedBytes(DOMAIN, part)),
      from: readBytes(from, 'from', KEY_BYTES),
      to: readBytes(to, 'to', KEY_BYTES),
      sentAtMs: sent,
      expiresAtMs: readInteger(sent + ttl, 'end of life'),
      isSealed,
      payload: new Uint8Array(payload),
      bytes: new Uint8Array(bytes),
    }
  })
}

/**
 * The sender's public key that an unchecked envelope claims, in hex; '' where the bytes are too short. Good only for sorting waiting messages
 * into queues.
 */
export function claimedSender(bytes: Uint8Array): string {
  return claimedKey(bytes, 0)
}

/** The end's key that an unchecked envelope claims, likewise. */
export function claimedEnd(bytes: Uint8Array): string {
  return claimedKey(bytes, 1)
}

function claimedKey(bytes: Uint8Array, index: number): string {
  // Array of two; length of the signed part, in 1, 2, 3 or 5 bytes; array of seven; version; then keys of 2 + 32 bytes.
  const at = 1 + (PART_HEADS.get(bytes[1] ?? 0) ?? 1) + 2 + index * (2 + KEY_BYTES) + 2
  return bytes.byteLength < at + KEY_BYTES ? '' : encodeKeyHex(bytes.subarray(at, at + KEY_BYTES))
}

/** Size of a byte string's head, by its first byte. */
const PART_HEADS = new Map([
  [0x58, 2],
  [0x59, 3],
  [0x5a, 5],
])

/** True when the sender named in a decoded envelope signed it. */
export function isEnvelopeSigned(envelope: Envelope): boolean {
  return isPartSigned(envelope.from, DOMAIN, envelope.bytes)
}

/** As `isEnvelopeSigned`, in another thread where the platform has one. Never rejects. */
export function isEnvelopeSignedElsewhere(envelope: Envelope): Promise<boolean> {
  return isPartSignedElsewhere(envelope.from, DOMAIN, envelope.bytes)
}

/** Why an envelope is refused by its times, or undefined. `nowMs` is this peer's clock. */
export function refuseTimes(envelope: Envelope, nowMs: number, options: EnvelopeOptions = {}): 'expired' | 'clock' | undefined {
  const { maxSkewMs } = { ...ENVELOPE_DEFAULTS, ...options }
  if (envelope.expiresAtMs <= nowMs) return 'expired'
  return envelope.sentAtMs > nowMs + maxSkewMs ? 'clock' : undefined
}

/** Associated data of the seal: a sealed payload cannot be put into another envelope. */
export function sealTerms({ from, to, sentAtMs, ttlMs }: EnvelopeTerms): Uint8Array {
  return encodeCanonical([VERSION, from, to, sentAtMs, ttlMs])
}

function refuseTtl(ttlMs: number): string | undefined {
  const { minTtlMs, maxTtlMs } = ENVELOPE_DEFAULTS
  if (Number.isSafeInteger(ttlMs) && ttlMs >= minTtlMs && ttlMs <= maxTtlMs) return undefined
  return `a time to live must be from ${minTtlMs} to ${maxTtlMs} ms`
}
