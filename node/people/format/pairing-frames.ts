/** The frames of a pairing, and its refusals. Layout, states and examples: WIRE.md. Pure. */

import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import type { Frame } from '../../network/frames.ts'
import { SHARE_BYTES, TAG_BYTES } from './cpace.ts'
import { type SecretKind, TOKEN_ID_BYTES } from './token.ts'

export const PAIRING_VERSION = 1
export const NONCE_BYTES = 16
export const COMMITMENT_BYTES = 32
export const WORK_BYTES = 8
/** A card has an identity, and a statement of trust or what makes a new place. */
export const MAX_SEALED_CARD_BYTES = 4_096
/** The most work that a claimer does for one holder of a code's number, in bits: a second or two. */
export const MAX_WORK_BITS = 20

const TYPES = { claim: 1, challenge: 2, share: 3, answer: 4, confirm: 5, accept: 6, done: 7, refuse: 8 } as const
const KINDS: readonly SecretKind[] = ['contact', 'device', 'share']
const FORMS = ['token', 'code'] as const

/** By number, which is never used again for something else. */
export const PAIRING_REFUSALS = {
  malformed: 1,
  unknown: 2,
  used: 3,
  expired: 4,
  burnt: 5,
  wrong: 6,
  'other-kind': 7,
  busy: 8,
  own: 9,
  blocked: 10,
  'not-stored': 11,
  cancelled: 12,
  unproven: 13,
} as const
export type PairingRefusal = keyof typeof PAIRING_REFUSALS

export interface ClaimFrame {
  type: 'claim'
  kind: SecretKind
  form: (typeof FORMS)[number]
  id: Uint8Array
  nonce: Uint8Array
}

export type PairingFrame =
  | ClaimFrame
  | { type: 'challenge'; nonce: Uint8Array; commitment: Uint8Array; workBits: number }
  | { type: 'share'; share: Uint8Array; work: Uint8Array }
  | { type: 'answer'; share: Uint8Array }
  | { type: 'confirm'; tag: Uint8Array; card: Uint8Array }
  | { type: 'accept'; tag: Uint8Array; card: Uint8Array }
  | { type: 'done'; card: Uint8Array }
  | { type: 'refuse'; refusal: PairingRefusal }

export function encodePairingFrame(frame: PairingFrame): Frame {
  const type = TYPES[frame.type]
  switch (frame.type) {
    case 'claim':
      return [type, PAIRING_VERSION, KINDS.indexOf(frame.kind), FORMS.indexOf(frame.form), frame.id, frame.nonce]
    case 'challenge':
      return [type, frame.nonce, frame.commitment, frame.workBits]
    case 'share':
      return [type, frame.share, frame.work]
    case 'answer':
      return [type, frame.share]
    case 'confirm':
    case 'accept':
      return [type, frame.tag, frame.card]
    case 'done':
      return [type, frame.card]
    case 'refuse':
      return [type, PAIRING_REFUSALS[frame.refusal]]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodePairingFrame([type, ...fields]: Frame): PairingFrame {
  const [first, second, third, fourth, fifth] = fields
  const expect = (count: number) => mustBe(fields.length === count, 'its number of entries')
  switch (type) {
    case TYPES.claim: {
      expect(5)
      mustBe(first === PAIRING_VERSION, 'its version')
      const [kind, form] = [KINDS[second as number], FORMS[third as number]]
      if (kind === undefined || form === undefined) throw badFrame('its kind')
      const isNumber = form === 'code' && isBytes(fourth, 4) && fourth.every((byte) => byte >= 0x30 && byte <= 0x39)
      mustBe(isNumber || (form === 'token' && isBytes(fourth, TOKEN_ID_BYTES)), 'its id')
      return { type: 'claim', kind, form, id: fourth as Uint8Array, nonce: bytes(fifth, NONCE_BYTES) }
    }
    case TYPES.challenge:
      expect(3)
      mustBe(Number.isInteger(third) && (third as number) >= 0 && (third as number) <= MAX_WORK_BITS, 'its work')
      return {
        type: 'challenge',
        nonce: bytes(first, NONCE_BYTES),
        commitment: bytes(second, COMMITMENT_BYTES),
        workBits: third as number,
      }
    case TYPES.share:
      expect(2)
      return { type: 'share', share: bytes(first, SHARE_BYTES), work: bytes(second, WORK_BYTES) }
    case TYPES.answer:
      expect(1)
      return { type: 'answer', share: bytes(first, SHARE_BYTES) }
    case TYPES.confirm:
    case TYPES.accept: {
      expect(2)
      const [tag, card] = [bytes(first, TAG_BYTES), sealedCard(second)]
      return type === TYPES.confirm ? { type: 'confirm', tag, card } : { type: 'accept', tag, card }
    }
    case TYPES.done:
      expect(1)
      return { type: 'done', card: sealedCard(first) }
    case TYPES.refuse: {
      expect(1)
      // A newer peer's refusal is one all the same.
      const refusals = Object.entries(PAIRING_REFUSALS) as [PairingRefusal, number][]
      return { type: 'refuse', refusal: refusals.find(([, number]) => number === first)?.[0] ?? 'malformed' }
    }
    default:
      throw badFrame('its type')
  }
}

const isBytes = (value: unknown, length: number): value is Uint8Array => value instanceof Uint8Array && value.byteLength === length

function bytes(value: unknown, length: number): Uint8Array {
  if (!isBytes(value, length)) throw badFrame(`an entry of ${length} bytes`)
  return value
}

function sealedCard(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array) || value.byteLength > MAX_SEALED_CARD_BYTES) throw badFrame('its card')
  return value
}

function mustBe(isRight: boolean, what: string): void {
  if (!isRight) throw badFrame(what)
}

const badFrame = (what: string) => new MayflyError('ERR_BAD_FRAME', `Not a frame of a pairing: ${what} is wrong`)

const REFUSAL_ERRORS: Readonly<Record<PairingRefusal, readonly [MayflyErrorCode, string]>> = {
  malformed: ['ERR_UNAVAILABLE', 'the other side runs a version that this one does not understand'],
  unknown: ['ERR_TOKEN_UNKNOWN', 'nobody waits for it: it may be mistyped, taken back, or over'],
  used: ['ERR_TOKEN_USED', 'somebody has used it already, and it is good for one person. Ask for a new one'],
  expired: ['ERR_TOKEN_EXPIRED', 'its time is over. Ask for a new one'],
  burnt: ['ERR_TOKEN_BURNT', 'it was guessed at wrongly three times, and ended for safety. Ask for a new one'],
  wrong: ['ERR_TOKEN_WRONG', 'its words are not the right ones. After three wrong tries it ends'],
  'other-kind': ['ERR_REFUSED', 'it is for the other thing: one is for adding a person, another for adding a place of your own account'],
  busy: ['ERR_LIMIT', 'too many try at once; try again'],
  own: ['ERR_REFUSED', 'it is your own; give it to somebody else'],
  blocked: ['ERR_REFUSED', 'the other side does not take it from you'],
  unproven: ['ERR_FORGED', 'the other side does not believe who this is: one of the two clocks may be wrong, or this place was revoked'],
  cancelled: ['ERR_TOKEN_BURNT', 'it was taken back. Ask for a new one'],
  'not-stored': ['ERR_NOT_STORED', 'the other side could not write it down; try again'],
}

export function refusalError(refusal: PairingRefusal): MayflyError {
  const [code, text] = REFUSAL_ERRORS[refusal]
  return new MayflyError(code, `Could not use the token or code: ${text}`)
}
