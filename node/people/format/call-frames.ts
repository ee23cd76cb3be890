/** Frames of a session for calls, encoded and decoded. Pure; limits, states and hex examples are in WIRE.md. */

import {
  badField,
  type Frame,
  readArray,
  readInteger,
  readOptional,
  readText,
  readTuple,
  readWord,
  viewBytesUpTo,
} from '../../network/index.ts'
import type { InputIssue } from '../types.ts'
import { VALUE_LIMITS } from './value.ts'

export const CALL_LIMITS = {
  /** Characters of a module's or a channel's name. */
  maxNameLength: 128,
  /** Characters of an error's text. */
  maxTextLength: 512,
  /** Issues that a schema's refusal tells, and steps in the path of each. */
  maxIssues: 16,
  maxPathSteps: 16,
  /** Bytes of items that may be on their way to a caller that has taken none; one item may go beyond. */
  creditBytes: 65_536,
}

/** Why a call failed there, by its number on the wire. Numbers are never used again for something else. */
export const CALL_ERRORS = {
  ERR_NO_MODULE: 1,
  ERR_REFUSED: 2,
  ERR_BUSY: 3,
  ERR_BAD_INPUT: 4,
  ERR_HANDLER: 5,
  ERR_TIMEOUT: 6,
  ERR_TOO_LARGE: 7,
} as const
export type CallErrorCode = keyof typeof CALL_ERRORS

export type CallFrame =
  /** Numbers of calls rise in each direction, so that none is used twice. `data`: a value's bytes, which are not read before the policy has let the caller in. */
  | { type: 'call'; id: number; module: string; data: Uint8Array }
  /** From the caller: so many more bytes of items may come. */
  | { type: 'credit'; id: number; bytes: number }
  /** From the caller: nobody waits for the answer any more. */
  | { type: 'abort'; id: number }
  /** The one answer, which ends the call. */
  | { type: 'answer'; id: number; data: Uint8Array }
  /** One of several answers. */
  | { type: 'item'; id: number; data: Uint8Array }
  /** No item comes after this. */
  | { type: 'end'; id: number }
  | { type: 'error'; id: number; code: CallErrorCode; text: string; issues: readonly InputIssue[] | undefined }
  | { type: 'ping'; nonce: number }
  | { type: 'pong'; nonce: number }
  /** This end begins no more calls here. The session closes once both have said so and all calls have ended. */
  | { type: 'leave' }

const TYPE = { call: 1, credit: 2, abort: 3, ping: 4, leave: 5, answer: 17, item: 18, end: 19, error: 20, pong: 21 } as const

export function encodeCallFrame(frame: CallFrame): Frame {
  switch (frame.type) {
    case 'call':
      return [TYPE.call, frame.id, frame.module, frame.data]
    case 'credit':
      return [TYPE.credit, frame.id, frame.bytes]
    case 'answer':
    case 'item':
      return [TYPE[frame.type], frame.id, frame.data]
    case 'abort':
    case 'end':
      return [TYPE[frame.type], frame.id]
    case 'error':
      return [TYPE.error, frame.id, CALL_ERRORS[frame.code], frame.text, frame.issues?.map(({ message, path }) => [message, path]) ?? null]
    case 'ping':
    case 'pong':
      return [TYPE[frame.type], frame.nonce]
    case 'leave':
      return [TYPE.leave]
  }
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeCallFrame([type, a, b, c, d]: Frame): CallFrame {
  switch (type) {
    case TYPE.call:
      return { type: 'call', id: readId(a), module: readText(b, 'module', CALL_LIMITS.maxNameLength), data: readData(c) }
    case TYPE.credit:
      return { type: 'credit', id: readId(a), bytes: readInteger(b, 'bytes') }
    case TYPE.abort:
      return { type: 'abort', id: readId(a) }
    case TYPE.answer:
      return { type: 'answer', id: readId(a), data: readData(b) }
    case TYPE.item:
      return { type: 'item', id: readId(a), data: readData(b) }
    case TYPE.end:
      return { type: 'end', id: readId(a) }
    case TYPE.error:
      return {
        type: 'error',
        id: readId(a),
        code: readWord(b, 'code', CALL_ERRORS),
        text: readText(c, 'text', CALL_LIMITS.maxTextLength),
        issues: readOptional(d, 'issues', (issues, name) => readArray(issues, name, CALL_LIMITS.maxIssues, readIssue)),
      }
    case TYPE.ping:
      return { type: 'ping', nonce: readInteger(a, 'nonce') }
    case TYPE.pong:
      return { type: 'pong', nonce: readInteger(a, 'nonce') }
    case TYPE.leave:
      return { type: 'leave' }
    default:
      throw badField('type', `a type of a session for calls, not ${type}`)
  }
}

const readId = (value: unknown) => readInteger(value, 'id')
const readData = (value: unknown) => viewBytesUpTo(value, 'data', VALUE_LIMITS.maxBytes)

function readIssue(value: unknown, name: string): InputIssue {
  const [message, path] = readTuple(value, name, 2)
  return {
    message: readText(message, 'message', CALL_LIMITS.maxTextLength),
    path: readArray(path, 'path', CALL_LIMITS.maxPathSteps, (step) =>
      typeof step === 'number' ? readInteger(step, 'step') : readText(step, 'step', CALL_LIMITS.maxTextLength),
    ),
  }
}
