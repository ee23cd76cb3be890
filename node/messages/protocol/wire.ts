/** Frames of the message protocol, encoded and decoded. Pure; limits, states and hex examples are in STREAM.md. */

import { KEY_BYTES } from '../../keys/index.ts'
import { SIGNATURE_BYTES } from '../../keys/signing.ts'
import { badField, readArray, readBoolean, readBytes, readBytesUpTo, readInteger, readOptional, readWord } from '../../network/fields.ts'
import type { Frame } from '../../network/index.ts'
import type { Key } from '../../types.ts'
import { MAX_DECLINE_BYTES } from '../format/decline.ts'
import { MAX_ENVELOPE_BYTES } from '../format/envelope.ts'
import type { TapProof } from '../format/proof.ts'
import { PROOF_NONCE_BYTES } from '../format/proof.ts'
import { MAX_RECEIPT_BYTES } from '../format/receipt.ts'
import { refusalOf, WIRE_REFUSALS } from '../format/refusals.ts'
import { checkRules, RULE_LIMITS } from '../format/rules.ts'
import type { MessageRefusal, TapRule } from '../types.ts'

export const MESSAGE_PROTOCOL = '/mayfly/messages/1.0.0'

/** Longest frame of the message protocol, in bytes: an envelope, and the entries around it. */
export const MAX_MESSAGE_FRAME_BYTES = MAX_ENVELOPE_BYTES + 1_024

/** The task that a post gives to the answering peer. */
export const TASK = {
  /** For a tab's home: bring the message to its receivers, wherever they are. */
  route: 0,
  /** For a record node: copy the message to the homes of the end's holders, and keep it if it is sealed. */
  record: 1,
  /** For a home: deliver it to those of its taps whose rules it passes. */
  copy: 2,
} as const
export type Task = (typeof TASK)[keyof typeof TASK]

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

export type MessageFrame =
  /** `rank` of a record node: 0 copies at once, the others offer first, so that a home gets one copy and not three. */
  | { type: 'post'; sequence: number; task: Task; rank: number; envelope: Uint8Array }
  /** A record node offers a message for taps of the end at this home. */
  | { type: 'offer'; sequence: number; id: Key; end: Key }
  /**
   * A tab subscribes at its home to an end. A second tap of the same end replaces the first. `keeps`: receipts will follow. `proof`: of a
   * hashname's key.
   */
  | { type: 'tap'; sequence: number; end: Key; rules: TapRule[]; keeps: boolean; proof: TapProof | undefined }
  | { type: 'untap'; end: Key }
  /** From a tab to its home, and from there to all that sent the messages: receivers have stored what the receipt names. */
  | { type: 'receipt'; receipt: Uint8Array }
  /** Likewise: a receiver does not take a message. */
  | { type: 'decline'; decline: Uint8Array }
  /** Asks for the public key of a hashname. `isForTab`: the answering home asks others too, for its tab. */
  | { type: 'ask-key'; sequence: number; end: Key; isForTab: boolean }
  /** A home to a record node: the receiver of this hashname is here, and collects its stored messages. */
  | { type: 'collect'; end: Key; proof: TapProof }
  /** The answer to a post, and to an offer of a message that is there already. */
  | ({ type: 'taken'; sequence: number } & DeliveryProgress)
  /** The answer to an offer of a message that is not there. */
  | { type: 'want'; sequence: number }
  /** A home delivers a message to its tab. */
  | { type: 'deliver'; envelope: Uint8Array }
  /** `refused`: too many taps, or a wrong proof. */
  | { type: 'tapped'; sequence: number; refused: 'taps' | 'proof' | undefined }
  /** `publicKey` is undefined when it is not known. */
  | { type: 'key'; sequence: number; publicKey: Uint8Array | undefined }

/** Frames that a peer sends on the streams that it has opened. */
export type AskingFrame = FrameOf<'post' | 'offer' | 'tap' | 'untap' | 'receipt' | 'decline' | 'ask-key' | 'collect'>

/** Frames that it hears on them; statements of receivers go both ways. */
export type HeardFrame = FrameOf<'taken' | 'want' | 'deliver' | 'tapped' | 'key' | 'receipt' | 'decline'>

/** The frames of one type, or of several. */
export type FrameOf<Type extends MessageFrame['type']> = Extract<MessageFrame, { type: Type }>

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

type Encoders<Types extends MessageFrame['type']> = { [Type in Types]: (frame: FrameOf<Type>) => Frame }

const ASKING_ENCODERS: Encoders<AskingFrame['type']> = {
  post: ({ sequence, task, rank, envelope }) => [TYPE.post, sequence, task, rank, envelope],
  offer: ({ sequence, id, end }) => [TYPE.offer, sequence, id, end],
  tap: ({ sequence, end, rules, keeps, proof }) => [TYPE.tap, sequence, end, rules.map(encodeRule), keeps, encodeProof(proof)],
  untap: ({ end }) => [TYPE.untap, end],
  receipt: ({ receipt }) => [TYPE.receipt, receipt],
  decline: ({ decline }) => [TYPE.decline, decline],
  'ask-key': ({ sequence, end, isForTab }) => [TYPE['ask-key'], sequence, end, isForTab],
  collect: ({ end, proof }) => [TYPE.collect, end, encodeProof(proof)],
}

const ANSWERING_ENCODERS: Encoders<Exclude<MessageFrame['type'], AskingFrame['type']>> = {
  taken: (frame) => [TYPE.taken, frame.sequence, frame.taps, frame.keepers, frame.nodes, frame.untilMs, ...encodeRefusal(frame.refusal)],
  want: ({ sequence }) => [TYPE.want, sequence],
  deliver: ({ envelope }) => [TYPE.deliver, envelope],
  tapped: ({ sequence, refused }) => [TYPE.tapped, sequence, refused === undefined ? 0 : TAP_REFUSALS[refused]],
  key: ({ sequence, publicKey }) => [TYPE.key, sequence, publicKey ?? null],
}

const isAsking = (frame: MessageFrame): frame is AskingFrame => frame.type in ASKING_ENCODERS

export function encodeMessageFrame(frame: MessageFrame): Frame {
  return isAsking(frame) ? encodeAskingFrame(frame) : (ANSWERING_ENCODERS[frame.type] as (frame: MessageFrame) => Frame)(frame)
}

/** By itself, since a page's library asks and answers nobody. */
export function encodeAskingFrame(frame: AskingFrame): Frame {
  return (ASKING_ENCODERS[frame.type] as (frame: AskingFrame) => Frame)(frame)
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeMessageFrame(frame: Frame): MessageFrame {
  return decodeHeardFrame(frame) ?? decodeAskingFrame(frame)
}

/** The first type of the answerer's. */
const FIRST_ANSWER = 16

function decodeAskingFrame([type, a, b, c, d, e]: Frame): MessageFrame {
  switch (type) {
    case TYPE.post:
      return { type: 'post', sequence: readSequence(a), task: readTask(b), rank: readInteger(c, 'rank', 255), envelope: readEnvelope(d) }
    case TYPE.offer:
      return { type: 'offer', sequence: readSequence(a), id: readBytes(b, 'id', KEY_BYTES), end: readEnd(c) }
    case TYPE.tap:
      return {
        type: 'tap',
        sequence: readSequence(a),
        end: readEnd(b),
        rules: readRules(c),
        keeps: readBoolean(d, 'keeps'),
        proof: readOptional(e, 'proof', readProof),
      }
    case TYPE.untap:
      return { type: 'untap', end: readEnd(a) }
    case TYPE['ask-key']:
      return { type: 'ask-key', sequence: readSequence(a), end: readEnd(b), isForTab: readBoolean(c, 'isForTab') }
    case TYPE.collect:
      return { type: 'collect', end: readEnd(a), proof: readProof(b) }
    default:
      throw badType(type)
  }
}

/** Undefined for a frame that only the answerer gets. @throws {MayflyError} ERR_BAD_FRAME */
export function decodeHeardFrame([type, a, b, c, d, e, f, g]: Frame): HeardFrame | undefined {
  switch (type) {
    case TYPE.receipt:
      return { type: 'receipt', receipt: readBytesUpTo(a, 'receipt', MAX_RECEIPT_BYTES) }
    case TYPE.decline:
      return { type: 'decline', decline: readBytesUpTo(a, 'decline', MAX_DECLINE_BYTES) }
    case TYPE.taken:
      return {
        type: 'taken',
        sequence: readSequence(a),
        taps: readInteger(b, 'taps'),
        keepers: readInteger(c, 'keepers'),
        nodes: readInteger(d, 'nodes'),
        untilMs: readInteger(e, 'untilMs'),
        refusal: f === 0 ? undefined : { reason: readRefusal(f), retryAfterMs: readInteger(g, 'wait') },
      }
    case TYPE.want:
      return { type: 'want', sequence: readSequence(a) }
    case TYPE.deliver:
      return { type: 'deliver', envelope: readEnvelope(a) }
    case TYPE.tapped:
      return { type: 'tapped', sequence: readSequence(a), refused: b === 0 ? undefined : readWord(b, 'reason', TAP_REFUSALS) }
    case TYPE.key:
      return { type: 'key', sequence: readSequence(a), publicKey: readOptional(b, 'public key', readKey) }
    default:
      if (type >= FIRST_ANSWER) throw badType(type)
      return undefined
  }
}

const badType = (type: number) => badField('type', `a type of the message protocol, not ${type}`)

/** A rule travels as [is, has]: a map, and a list. */
const encodeRule = ({ is = {}, has = [] }: TapRule) => [is, has]
const readSequence = (value: unknown) => readInteger(value, 'sequence')
const readTask = (value: unknown) => readInteger(value, 'task', 2) as Task
const readKey = (value: unknown, name: string) => readBytes(value, name, KEY_BYTES)
const readEnd = (value: unknown): Key => readBytes(value, 'end', KEY_BYTES)
const readEnvelope = (value: unknown) => readBytesUpTo(value, 'envelope', MAX_ENVELOPE_BYTES)

function encodeProof(proof: TapProof | undefined): unknown {
  return proof === undefined ? null : [proof.publicKey, proof.nonce, proof.atMs, proof.signature]
}

function readProof(value: unknown): TapProof {
  if (!Array.isArray(value) || value.length !== 4) throw badField('proof', 'four entries')
  const [publicKey, nonce, atMs, signature] = value
  return {
    publicKey: readKey(publicKey, 'public key'),
    nonce: readBytes(nonce, 'nonce', PROOF_NONCE_BYTES),
    atMs: readInteger(atMs, 'time'),
    signature: readBytes(signature, 'signature', SIGNATURE_BYTES),
  }
}

/** The reason's number and the time to wait, in ms; 0 and 0 for none. */
function encodeRefusal(refusal: DeliveryProgress['refusal']): [number, number] {
  return refusal === undefined ? [0, 0] : [WIRE_REFUSALS[refusal.reason].number, refusal.retryAfterMs]
}

function readRefusal(value: unknown): MessageRefusal {
  const reason = refusalOf(value)
  if (reason === undefined) throw badField('refusal', 'the number of a refusal')
  return reason
}

function readRules(value: unknown): TapRule[] {
  const rules = readArray(value, 'rules', RULE_LIMITS.maxRules, (rule) => {
    if (!Array.isArray(rule) || rule.length !== 2) throw badField('rule', 'two entries')
    return { is: rule[0], has: rule[1] }
  })
  try {
    return checkRules(rules)
  } catch {
    throw badField('rules', 'rules of a tap')
  }
}
