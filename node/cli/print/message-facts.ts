/** A stored message as the command prints it: JSON for programs, one line for people. */

import { bodyText, type InboxMessage, messageFacts } from '../../index.ts'
import type { StoredMessage } from '../../server/inbox/inbox-row.ts'

/** Characters of a hashname that a line shows: enough to tell apart the senders that one person knows. */
const SHORT_HASHNAME = 8
const MAX_LINE_CHARACTERS = 500

/** All facts of a message, with its envelope in base64, whose signature anybody can check. */
export function exportFacts({ message, expiresAtMs, envelope }: StoredMessage): Record<string, unknown> {
  return { ...messageFacts(message), expiresAtMs, envelope: base64(envelope) }
}

/** `12:30:01  #wall  Anna: Fresh bread today`, local time. Control characters are made harmless by its printer, as `Output` does. */
export function messageLine({ storedAtMs, end, from, name, type, body }: InboxMessage): string {
  const clock = new Date(storedAtMs).toTimeString().slice(0, 8)
  const text = bodyText({ type, body })
  const [first = ''] = text?.trimStart().split(/\r\n|[\n\r\u2028\u2029]/, 1) ?? [`(${type}, ${body.byteLength} bytes)`]
  return `${clock}  ${shortEnd(end)}  ${plain(name ?? shortHashname(from))}: ${plain(Array.from(first).slice(0, MAX_LINE_CHARACTERS).join(''))}`
}

/** An end for people: `#name` in full, a hashname shortened. */
function shortEnd(end: string): string {
  return end.startsWith('#') ? end : shortHashname(end)
}

function shortHashname(hashname: string): string {
  return `${hashname.slice(0, SHORT_HASHNAME)}…`
}

/** Replaces characters that reverse the order of others, with which a message could look like another line. @see https://www.unicode.org/reports/tr9/ */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '?')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
