/**
 * Envelopes: a message as it travels, signed by its sender. Pure; the layout is in WIRE.md. What is inside is payload.ts's, sealing is
 * seal.ts's, and whether to take it (rates, room, policies) is left to others.
 */

import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, KEY_BYTES, sha256AtOnce } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { MessageSecret } from '../types.ts'
import { decodeCanonical, encodeCanonical, mustBeArray, mustBeBytes, mustBeTime } from './canonical.ts'
import { MAX_PAYLOAD_BYTES } from './payload.ts'
import { isSealedSize, sealedPayloadBytes } from './sealed-size.ts'
import { decodeSigned, isPartSigned, isPartSignedElsewhere, SIGNED_OVERHEAD_BYTES, signedBytes, signPart } from './signed.ts'
import { publicKeyOf } from './signing.ts'

export interface Envelope {
  /** The SHA-256 of the signed bytes. */
  id: Key
  /** The sender's public key. */
  from: Uint8Array
  /** The key of an end. */
  to: Key
  sentAtMs: number
  expiresAtMs: number
  isSealed: boolean
  /** Encoded by payload.ts, and sealed when `isSealed`. */
  payload: Uint8Array
  /** As it travels. */
  bytes: Uint8Array
}

export interface EnvelopeOptions {
  /** How long a message is worth delivering when its author says nothing, in ms. */
  ttlMs?: number
  /** The longest time to live, in ms. */
  maxTtlMs?: number
  /** The shortest time to live, in ms. */
  minTtlMs?: number
  /** How far two clocks may be apart, in ms. */
  maxSkewMs?: number
}

export const ENVELOPE_DEFAULTS: Readonly<Required<EnvelopeOptions>> = {
  ttlMs: 86_400_000,
  maxTtlMs: 604_800_000,
  minTtlMs: 1_000,
  maxSkewMs: 60_000,
}

/** What is signed of a message besides its payload; a seal is bound to it. */
export interface EnvelopeTerms {
  from: Uint8Array
  to: Key
  sentAtMs: number
  ttlMs: number
}

const VERSION = 1
const DOMAIN = 'mayfly-message:'
/** Array, version, two keys, two times, a flag, and the length of the payload. */
const TERMS_BYTES = 1 + 1 + 2 * (2 + KEY_BYTES) + 2 * 9 + 1 + 5

export const MAX_ENVELOPE_BYTES = SIGNED_OVERHEAD_BYTES + TERMS_BYTES + sealedPayloadBytes(MAX_PAYLOAD_BYTES)

/**
 * Signs a payload that is encoded, and sealed where it is to be.
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
 * Reads an envelope: its form and the limits of its form. Whether its signature is right is asked with `isEnvelopeSigned`, its times with
 * `refuseTimes`, and its payload is read by `openMessage`.
 *
 * @throws {MayflyError} ERR_BAD_FRAME
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const { part } = decodeSigned('an envelope', bytes, MAX_ENVELOPE_BYTES)
  return decodeCanonical('an envelope', part, MAX_ENVELOPE_BYTES, (value) => {
    const [version, from, to, sentAtMs, ttlMs, isSealed, payload] = mustBeArray(value, 7)
    if (version !== VERSION) throw new Error(`version ${String(version)}`)
    const sent = mustBeTime(sentAtMs, 'sent')
    const ttl = mustBeTime(ttlMs, 'time to live')
    const reason = refuseTtl(ttl)
    if (reason !== undefined) throw new Error(reason)
    if (typeof isSealed !== 'boolean') throw new Error('sealed: true or false were expected')
    if (!(payload instanceof Uint8Array)) throw new Error('a payload was expected')
    if (isSealed && !isSealedSize(payload.byteLength)) throw new Error('not the size of a sealed payload')
    if (!isSealed && payload.byteLength > MAX_PAYLOAD_BYTES) throw new Error(`a payload over ${MAX_PAYLOAD_BYTES} bytes`)
    return {
      id: sha256AtOnce(signedBytes(DOMAIN, part)),
      from: mustBeBytes(from, KEY_BYTES, 'from'),
      to: mustBeBytes(to, KEY_BYTES, 'to'),
      sentAtMs: sent,
      expiresAtMs: mustBeTime(sent + ttl, 'end of life'),
      isSealed,
      payload: new Uint8Array(payload),
      bytes: new Uint8Array(bytes),
    }
  })
}

/**
 * The public key of who it says it is from, hex, of an envelope of which nothing was checked; '' when there is none where it should be. Only to
 * put what waits in order.
 */
export function claimedSender(bytes: Uint8Array): string {
  return claimedKey(bytes, 0)
}

/** The same of the key of its end. */
export function claimedEnd(bytes: Uint8Array): string {
  return claimedKey(bytes, 1)
}

function claimedKey(bytes: Uint8Array, index: number): string {
  // An array of two, the length of the part in one, two, three or five bytes, an array of seven, the version, and then keys, each behind its length.
  const at = 1 + (PART_HEADS.get(bytes[1] ?? 0) ?? 1) + 2 + index * (2 + KEY_BYTES) + 2
  return bytes.byteLength < at + KEY_BYTES ? '' : encodeKeyHex(bytes.subarray(at, at + KEY_BYTES))
}

/** Bytes that tell how long a byte string is, by the first of them. */
const PART_HEADS = new Map([
  [0x58, 2],
  [0x59, 3],
  [0x5a, 5],
])

/** True when who it says it is from signed it. Of an envelope as `decodeEnvelope` gave it. */
export function isEnvelopeSigned(envelope: Envelope): boolean {
  return isPartSigned(envelope.from, DOMAIN, envelope.bytes)
}

/** The same, and where there are other threads for it, in one of them. Never rejects. */
export function isEnvelopeSignedElsewhere(envelope: Envelope): Promise<boolean> {
  return isPartSignedElsewhere(envelope.from, DOMAIN, envelope.bytes)
}

/** Why the times of an envelope cannot be believed now, or undefined when they can. `nowMs` is this peer's clock. */
export function refuseTimes(envelope: Envelope, nowMs: number, options: EnvelopeOptions = {}): 'expired' | 'clock' | undefined {
  const { maxSkewMs } = { ...ENVELOPE_DEFAULTS, ...options }
  if (envelope.expiresAtMs <= nowMs) return 'expired'
  return envelope.sentAtMs > nowMs + maxSkewMs ? 'clock' : undefined
}

/** The bytes that a seal is bound to: a sealed payload cannot be put into another envelope. */
export function sealTerms({ from, to, sentAtMs, ttlMs }: EnvelopeTerms): Uint8Array {
  return encodeCanonical([VERSION, from, to, sentAtMs, ttlMs])
}

function refuseTtl(ttlMs: number): string | undefined {
  const { minTtlMs, maxTtlMs } = ENVELOPE_DEFAULTS
  if (Number.isSafeInteger(ttlMs) && ttlMs >= minTtlMs && ttlMs <= maxTtlMs) return undefined
  return `a time to live is ${minTtlMs} to ${maxTtlMs} ms`
}
