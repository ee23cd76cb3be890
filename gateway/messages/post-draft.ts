/** Reads a message from the body of a request: JSON with its parts, or any other body, which is the body of the message. */

import type { MessageDraft } from '../../node/index.ts'
import { readBoundedBody } from '../http/bounded-body.ts'
import { type ProblemError, problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'

/** The default type of `curl -d` and HTML forms, which says nothing about the body. */
const FORM_TYPE = 'application/x-www-form-urlencoded'
const DRAFT_KEYS: ReadonlySet<string> = new Set(['body', 'type', 'fields', 'ttlMs'])
/** Room for the other parts of the JSON, in bytes: at most 16 fields of 32 and 256 bytes, a type, and punctuation. */
const JSON_ROOM_BYTES = 16_384

/** The largest body of a post, in bytes. JSON may write one byte of text with two (`\n`, `\"`). */
export function maxPostBytes(maxMessageBytes: number): number {
  return 2 * maxMessageBytes + JSON_ROOM_BYTES
}

/**
 * @param maxMessageBytes the largest body of a message
 * @throws {ProblemError} 400, 413, 415
 */
export async function readDraft(request: Request, maxMessageBytes: number): Promise<MessageDraft> {
  const { headers } = request
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') throw unsupported('A message is read as it is sent: send it without an encoding.')
  const type = (headers.get('content-type') ?? '').trim()
  const essence = type.split(';')[0]?.trim().toLowerCase() ?? ''
  if (essence === 'multipart/form-data')
    throw unsupported('A message is the whole body of the request: send it with --data-binary, not as a form.')
  const isJson = essence === 'application/json'
  const bytes = await readBoundedBody(request, isJson ? maxPostBytes(maxMessageBytes) : maxMessageBytes, () => tooLarge(maxMessageBytes))
  if (isJson) return jsonDraft(bytes, maxMessageBytes)
  if (essence !== '' && essence !== FORM_TYPE) return { body: bytes, type }
  const text = decodeText(bytes)
  return { body: text ?? bytes }
}

function jsonDraft(bytes: Uint8Array, maxMessageBytes: number): MessageDraft {
  const draft = parseJson(bytes)
  if (typeof draft !== 'object' || draft === null || Array.isArray(draft)) throw badDraft('it is not an object')
  const unknown = Object.keys(draft).find((key) => !DRAFT_KEYS.has(key))
  if (unknown !== undefined) throw badDraft(`it has ${JSON.stringify(unknown.slice(0, 40))}, which is no member of a message`)
  const { body, type, fields, ttlMs } = draft as Record<string, unknown>
  if (typeof body !== 'string') throw badDraft('its body is not text')
  if (!body.isWellFormed()) throw badDraft('its body is not text that UTF-8 can say')
  if (Buffer.byteLength(body) > maxMessageBytes) throw tooLarge(maxMessageBytes)
  if (type !== undefined && typeof type !== 'string') throw badDraft('its type is not text')
  if (fields !== undefined && !isFields(fields)) throw badDraft('its fields are not an object of texts')
  if (ttlMs !== undefined && typeof ttlMs !== 'number') throw badDraft('its ttlMs is not a number')
  return { body, ...(type !== undefined && { type }), ...(fields !== undefined && { fields }), ...(ttlMs !== undefined && { ttlMs }) }
}

function parseJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes)
  if (text === undefined) throw badDraft('it is not UTF-8')
  try {
    return JSON.parse(text)
  } catch {
    throw badDraft('it is not JSON')
  }
}

function isFields(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((field) => typeof field === 'string')
  )
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function tooLarge(maxMessageBytes: number): ProblemError {
  return problemError(413, 'ERR_TOO_LARGE', `Cannot post that: a message has at most ${maxMessageBytes} bytes.`, {
    number: PROBLEM_NUMBERS.bodyTooLarge,
    advice: 'Hold a larger file with "mayfly hold FILE", and post its link.',
  })
}

function badDraft(fault: string): ProblemError {
  return problemError(400, 'ERR_BAD_REQUEST', `Cannot read that as a message: ${fault}.`, {
    number: PROBLEM_NUMBERS.notAMessage,
    advice:
      'As application/json it is {"body": "text", "type": …, "fields": {…}, "ttlMs": …}; only the body is required. With any other type the body itself is the message.',
  })
}

function unsupported(message: string): ProblemError {
  return problemError(415, 'ERR_BAD_REQUEST', message, { number: PROBLEM_NUMBERS.unsupportedBody })
}
