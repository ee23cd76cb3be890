/** Payloads: type, fields and body of a message. Pure. seal.ts seals them, envelope.ts signs them. */

import { MayflyError } from '../../errors.ts'
import { decodeCanonical, encodeCanonical, mustBeArray } from '../../keys/canonical.ts'
import type { MessageDraft } from '../types.ts'

export interface Payload {
  /** Media type. */
  type: string
  fields: Readonly<Record<string, string>>
  body: Uint8Array
}

/** Limits of the form, the same for everybody. Each peer has limits of its own besides (`PeerLimits`). */
export const MESSAGE_LIMITS = {
  /** The body of a message, in bytes; a larger one is sent as content, held by its sender. */
  maxBodyBytes: 65_536,
  /** Fields of one message. */
  maxFields: 16,
  /** The name of one field, in bytes. */
  maxFieldNameBytes: 32,
  /** The value of one field, in bytes. */
  maxFieldValueBytes: 256,
  /** The media type of a message, in characters. */
  maxTypeLength: 100,
} as const

/** Type, fields and body at their limits, with their CBOR lengths. */
export const MAX_PAYLOAD_BYTES =
  1 +
  (2 + MESSAGE_LIMITS.maxTypeLength) +
  1 +
  MESSAGE_LIMITS.maxFields * (2 + MESSAGE_LIMITS.maxFieldNameBytes + 3 + MESSAGE_LIMITS.maxFieldValueBytes) +
  (5 + MESSAGE_LIMITS.maxBodyBytes)

/** Names under which rules test what every open message has; no field may have one of them. */
export const OWN_FIELDS: readonly string[] = ['from', 'type', 'body']

const TYPE_FORM = /^[\w.+-]+\/[\w.+-]+(;[\x20-\x7e]*)?$/
const FIELD_NAME_FORM = /^[a-z0-9-]+$/

/** @throws {MayflyError} ERR_BAD_MESSAGE; its message names the limit */
export function encodePayload({ body, type, fields = {} }: MessageDraft): Uint8Array {
  const isText = typeof body === 'string'
  const payload = {
    type: type ?? (isText ? 'text/plain' : 'application/octet-stream'),
    fields,
    body: isText ? new TextEncoder().encode(body) : body,
  }
  const reason = refusePayload(payload)
  if (reason !== undefined) throw new MayflyError('ERR_BAD_MESSAGE', `Cannot send this message: ${reason}`)
  return encodeCanonical([payload.type, payload.fields, payload.body])
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodePayload(bytes: Uint8Array): Payload {
  return decodeCanonical('a message', bytes, MAX_PAYLOAD_BYTES, (value) => {
    const [type, fields, body] = mustBeArray(value, 3)
    if (typeof type !== 'string') throw new Error('a type was expected')
    if (!(fields instanceof Map) || ![...fields].flat().every((part) => typeof part === 'string')) throw new Error('fields were expected')
    if (!(body instanceof Uint8Array)) throw new Error('a body was expected')
    const payload = { type, fields: Object.fromEntries(fields) as Record<string, string>, body: new Uint8Array(body) }
    const reason = refusePayload(payload)
    if (reason !== undefined) throw new Error(reason)
    return payload
  })
}

function refusePayload({ type, fields, body }: Payload): string | undefined {
  const entries = Object.entries(fields)
  if (body.byteLength > MESSAGE_LIMITS.maxBodyBytes)
    return `a body of ${body.byteLength} bytes is over the limit of ${MESSAGE_LIMITS.maxBodyBytes}`
  if (type.length > MESSAGE_LIMITS.maxTypeLength) return `a type has at most ${MESSAGE_LIMITS.maxTypeLength} characters`
  if (!TYPE_FORM.test(type)) return 'a type is a media type, as text/plain'
  if (entries.length > MESSAGE_LIMITS.maxFields) return `${entries.length} fields are over the limit of ${MESSAGE_LIMITS.maxFields}`
  for (const [name, value] of entries) {
    const reason = OWN_FIELDS.includes(name) ? `no field is named ${name}` : (refuseFieldName(name) ?? refuseFieldValue(value))
    if (reason !== undefined) return reason
  }
  return undefined
}

/** Why a field's name is refused, or undefined. */
export function refuseFieldName(name: string): string | undefined {
  if (FIELD_NAME_FORM.test(name) && name.length <= MESSAGE_LIMITS.maxFieldNameBytes) return undefined
  return `a field's name has 1 to ${MESSAGE_LIMITS.maxFieldNameBytes} of a-z, 0-9 and -`
}

/** Why a field's value is refused, or undefined. */
export function refuseFieldValue(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.isWellFormed()) return "a field's value is text"
  // A UTF-16 unit takes at most three bytes, so most values need no encoding to be measured.
  const isShort = value.length * 3 <= MESSAGE_LIMITS.maxFieldValueBytes
  if (isShort || new TextEncoder().encode(value).byteLength <= MESSAGE_LIMITS.maxFieldValueBytes) return undefined
  return `a field's value has at most ${MESSAGE_LIMITS.maxFieldValueBytes} bytes`
}
