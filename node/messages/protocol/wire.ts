/** The frames of the message protocol, written and read. Pure; the wire page with limits, states and hex examples is WIRE.md. */

import { MayflyError } from '../../errors.ts'
import { KEY_BYTES } from '../../keys/index.ts'
import type { Frame } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import { MAX_DECLINE_BYTES } from '../format/decline.ts'
import { MAX_ENVELOPE_BYTES } from '../format/envelope.ts'
import { PROOF_NONCE_BYTES } from '../format/proof.ts'
import { MAX_RECEIPT_BYTES } from '../format/receipt.ts'
import { REFUSALS, refusalOf } from '../format/refusals.ts'
import { checkRules } from '../format/rules.ts'
import { SIGNATURE_BYTES } from '../format/signing.ts'
import type { TapProof } from '../format/tap-proof.ts'
import type { MessageRefusal, TapRule } from '../types.ts'

export const MESSAGE_PROTOCOL = '/mayfly/messages/1.0.0'

/** A frame of the message protocol is at most this long, in bytes: an envelope and what holds it together. */
export const MAX_MESSAGE_FRAME_BYTES = MAX_ENVELOPE_BYTES + 1_024

/** What the answerer is asked to do with an envelope. */
export const TASK = {
  /** Of a tab's home: bring it to its end, wherever that is. */
  route: 0,
  /** Of a record node: copy it to the homes of those who hold the end's key; keep it, when it is sealed. */
  record: 1,
  /** Of a home: give it to those of its taps that want it. */
  copy: 2,
} as const
export type Task = (typeof TASK)[keyof typeof TASK]

export interface PostFrame {
  type: 'post'
  sequence: number
  task: Task
  /** Of a record node: 0 copies at once, the others offer first, so that a home has one copy and not three. */
  rank: number
  envelope: Uint8Array
}
/** A record node has this for taps of the end at this home. */
export interface OfferFrame {
  type: 'offer'
  sequence: number
  id: Key
  end: Key
}
/** A tab to its home: give me what comes for this end. A second one for the same end takes the place of the first. */
export interface TapFrame {
  type: 'tap'
  sequence: number
  end: Key
  rules: TapRule[]
  /** True when receipts will follow. */
  keeps: boolean
  /** Of a hashname. */
  proof: TapProof | undefined
}
export interface UntapFrame {
  type: 'untap'
  end: Key
}
/** From a tab to its home, and from there to everybody who asked: receivers have stored what the receipt names. */
export interface ReceiptFrame {
  type: 'receipt'
  receipt: Uint8Array
}
/** The same for what a receiver does not take. */
export interface DeclineFrame {
  type: 'decline'
  decline: Uint8Array
}
/** Who is the receiver of this hashname? */
export interface AskKeyFrame {
  type: 'ask-key'
  sequence: number
  end: Key
  /** True: others are asked too, as a home does for its tab. */
  isForTab: boolean
}
/** A home to a record node: the receiver of this hashname is here; what mail is kept for it? */
export interface CollectFrame {
  type: 'collect'
  end: Key
  proof: TapProof
}

/** How far one message came. */
export interface DeliveryProgress {
  /** Taps that get it. */
  taps: number
  /** Those of them that store, and will send receipts. */
  keepers: number
  /** Record nodes that keep it, and until when, in ms since the epoch; 0 and 0 for none. */
  nodes: number
  untilMs: number
  /** Why a peer that was asked did not take it. */
  refusal: { reason: MessageRefusal; retryAfterMs: number } | undefined
}

export const NO_PROGRESS: Readonly<DeliveryProgress> = { taps: 0, keepers: 0, nodes: 0, untilMs: 0, refusal: undefined }

/** The answer to a post, and to an offer of something that is there already. */
export interface TakenFrame extends DeliveryProgress {
  type: 'taken'
  sequence: number
}
/** The answer to an offer of something that is not there. */
export interface WantFrame {
  type: 'want'
  sequence: number
}
/** A home to its tab. */
export interface DeliverFrame {
  type: 'deliver'
  envelope: Uint8Array
}
export interface TappedFrame {
  type: 'tapped'
  sequence: number
  /** Why the tap was not taken. */
  refused: 'taps' | 'proof' | undefined
}
export interface KeyFrame {
  type: 'key'
  sequence: number
  /** Undefined when it is not known. */
  publicKey: Uint8Array | undefined
}
export type MessageFrame =
  | PostFrame
  | OfferFrame
  | TapFrame
  | UntapFrame
  | ReceiptFrame
  | DeclineFrame
  | AskKeyFrame
  | CollectFrame
  | TakenFrame
  | WantFrame
  | DeliverFrame
  | TappedFrame
  | KeyFrame

const TYPE = {
  post: 1,
  offer: 2,
  tap: 3,
  untap: 4,
  receipt: 5,
  decline: 6,
  'ask-key': 7,
  collect: 8,
  taken: 17,
  want: 18,
  deliver: 19,
  tapped: 20,
  key: 21,
} as const

const TAP_REFUSALS = { taps: 1, proof: 2 } as const

export function encodeMessageFrame(frame: MessageFrame): Frame {
  const type = TYPE[frame.type]
  switch (frame.type) {
    case 'post':
      return [type, frame.sequence, frame.task, frame.rank, frame.envelope]
    case 'offer':
      return [type, frame.sequence, frame.id, frame.end]
    case 'tap':
      return [type, frame.sequence, frame.end, frame.rules.map(encodeRule), frame.keeps, encodeProof(frame.proof)]
    case 'untap':
      return [type, frame.end]
    case 'receipt':
      return [type, frame.receipt]
    case 'decline':
      return [type, frame.decline]
    case 'ask-key':
      return [type, frame.sequence, frame.end, frame.isForTab]
    case 'collect':
      return [type, frame.end, encodeProof(frame.proof)]
    case 'taken':
      return [type, frame.sequence, frame.taps, frame.keepers, frame.nodes, frame.untilMs, ...encodeRefusal(frame.refusal)]
    case 'want':
      return [type, frame.sequence]
    case 'deliver':
      return [type, frame.envelope]
    case 'tapped':
      return [type, frame.sequence, frame.refused === undefined ? 0 : TAP_REFUSALS[frame.refused]]
    case 'key':
      return [type, frame.sequence, frame.publicKey ?? null]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeMessageFrame([type, a, b, c, d, e, f, g]: Frame): MessageFrame {
  switch (type) {
    case TYPE.post:
      return {
        type: 'post',
        sequence: integer(a),
        task: integer(b, 2) as Task,
        rank: integer(c, 255),
        envelope: bytes(d, MAX_ENVELOPE_BYTES),
      }
    case TYPE.offer:
      return { type: 'offer', sequence: integer(a), id: exactly(b, KEY_BYTES), end: exactly(c, KEY_BYTES) }
    case TYPE.tap:
      return {
        type: 'tap',
        sequence: integer(a),
        end: exactly(b, KEY_BYTES),
        rules: decodeRules(c),
        keeps: flag(d),
        proof: optional(e, decodeProof),
      }
    case TYPE.untap:
      return { type: 'untap', end: exactly(a, KEY_BYTES) }
    case TYPE.receipt:
      return { type: 'receipt', receipt: bytes(a, MAX_RECEIPT_BYTES) }
    case TYPE.decline:
      return { type: 'decline', decline: bytes(a, MAX_DECLINE_BYTES) }
    case TYPE['ask-key']:
      return { type: 'ask-key', sequence: integer(a), end: exactly(b, KEY_BYTES), isForTab: flag(c) }
    case TYPE.collect:
      return { type: 'collect', end: exactly(a, KEY_BYTES), proof: decodeProof(b) }
    case TYPE.taken:
      return {
        type: 'taken',
        sequence: integer(a),
        taps: integer(b),
        keepers: integer(c),
        nodes: integer(d),
        untilMs: integer(e),
        refusal: f === 0 ? undefined : { reason: refusal(f), retryAfterMs: integer(g) },
      }
    case TYPE.want:
      return { type: 'want', sequence: integer(a) }
    case TYPE.deliver:
      return { type: 'deliver', envelope: bytes(a, MAX_ENVELOPE_BYTES) }
    case TYPE.tapped: {
      const entry = Object.entries(TAP_REFUSALS).find(([, number]) => number === b)
      if (b !== 0 && entry === undefined) throw bad('an unknown reason')
      return { type: 'tapped', sequence: integer(a), refused: entry?.[0] as keyof typeof TAP_REFUSALS | undefined }
    }
    case TYPE.key:
      return { type: 'key', sequence: integer(a), publicKey: optional(b, (value) => exactly(value, KEY_BYTES)) }
    default:
      throw bad(`frame type ${type}`)
  }
}

function encodeProof(proof: TapProof | undefined): unknown {
  return proof === undefined ? null : [proof.publicKey, proof.nonce, proof.atMs, proof.signature]
}

function decodeProof(value: unknown): TapProof {
  if (!Array.isArray(value) || value.length !== 4) throw bad('a proof of four entries was expected')
  const [publicKey, nonce, atMs, signature] = value
  return {
    publicKey: exactly(publicKey, KEY_BYTES),
    nonce: exactly(nonce, PROOF_NONCE_BYTES),
    atMs: integer(atMs),
    signature: exactly(signature, SIGNATURE_BYTES),
  }
}

/** The reason's number and the time to wait, in ms; 0 and 0 for none. */
function encodeRefusal(refusal: DeliveryProgress['refusal']): [number, number] {
  return refusal === undefined ? [0, 0] : [REFUSALS[refusal.reason].number, refusal.retryAfterMs]
}

/** A rule travels as [is, has]: a map, and a list. */
function encodeRule({ is = {}, has = [] }: TapRule): unknown {
  return [is, has]
}

function decodeRules(value: unknown): TapRule[] {
  if (!Array.isArray(value)) throw bad('a list of rules was expected')
  try {
    return checkRules(
      value.map((rule) => {
        if (!Array.isArray(rule) || rule.length !== 2) throw new Error('two entries')
        return { is: rule[0], has: rule[1] }
      }),
    )
  } catch (cause) {
    throw new MayflyError('ERR_BAD_FRAME', 'Not a message frame: rules of a tap that cannot be', { cause })
  }
}

function bad(what: string): MayflyError {
  return new MayflyError('ERR_BAD_FRAME', `Not a message frame: ${what}`)
}

function integer(value: unknown, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > most) throw bad('a whole number was expected')
  return value
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') throw bad('true or false was expected')
  return value
}

/** Copied: what is kept of a frame must not keep the whole frame. (`slice` of a Buffer is no copy.) */
function exactly(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.byteLength !== length) throw bad(`${length} bytes were expected`)
  return new Uint8Array(value)
}

function bytes(value: unknown, most: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.byteLength > most) throw bad(`at most ${most} bytes were expected`)
  return new Uint8Array(value)
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
  return value === null ? undefined : read(value)
}

function refusal(value: unknown): MessageRefusal {
  const reason = refusalOf(value)
  if (reason === undefined) throw bad('an unknown reason')
  return reason
}
