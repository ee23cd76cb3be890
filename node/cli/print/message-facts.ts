/** A stored message as the command prints it: JSON for programs, lines for people. */

import { bodyText, type InboxMessage, messageFacts } from '../../index.ts'
import type { StoredMessage } from '../../server/inbox/inbox-row.ts'
import { describeBytes } from './progress-bar.ts'

/** Characters of a hashname that a line shows: enough to tell apart the senders that one person knows. */
const SHORT_HASHNAME = 8
const MAX_LINE_CHARACTERS = 500
/** Lines of one message that are shown. */
const MAX_LINES = 20
/** In front of further lines, so that no line of a message looks like the beginning of another message. */
const INDENT = ' '.repeat(10)
const LINE_END = /\r\n|[\n\r\u2028\u2029]/
/** A body that was too large for a message: the address of the content, perhaps with the key that opens it. A stranger wrote it. */
const CONTENT_LINK = /^\/[0-9a-f]{64}(?:\?o=[0-9a-f]{64})?(?:#k=[A-Za-z0-9_-]{43})?$/

/** Where the rest of a message can be read. */
export interface MessagePlaces {
  /** The page of the inbox. */
  pageUrl?: string | undefined
  /** A gateway that serves content. */
  contentOrigin?: string | undefined
}

/** All facts of a message, with its envelope in base64, whose signature anybody can check. */
export function exportFacts({ message, expiresAtMs, envelope }: StoredMessage): Record<string, unknown> {
  return { ...messageFacts(message), expiresAtMs, envelope: base64(envelope) }
}

/**
 * `12:30:01  #wall  Anna: Fresh bread today`, local time; further lines of the text below it. Control characters are made harmless by its
 * printer, as `Output` does.
 */
export function messageLines(message: InboxMessage, places: MessagePlaces = {}): string {
  const { storedAtMs, end, from, name } = message
  const clock = new Date(storedAtMs).toTimeString().slice(0, 8)
  const [first, ...others] = bodyLines(message, places)
  return [`${clock}  ${shortEnd(end)}  ${plain(name ?? shortHashname(from))}: ${first}`, ...others.map((line) => INDENT + line)].join('\n')
}

function bodyLines({ sequence, type, body, fields }: InboxMessage, { pageUrl, contentOrigin }: MessagePlaces): string[] {
  if (body.byteLength === 0) {
    const { link = '' } = fields
    if (!CONTENT_LINK.test(link)) return ['(empty)']
    const address = contentOrigin === undefined ? link.slice(1) : contentOrigin + link
    return [`(${plain(type)}, too large for a message; while its sender holds it, this gets it)`, `mayfly get '${address}'`]
  }
  const text = bodyText({ type, body })
  if (text === undefined) return [`(${plain(type)}, ${body.byteLength} bytes)`]
  const lines = text.trim().split(LINE_END)
  const shown = lines.slice(0, MAX_LINES).map((line) => Array.from(line).slice(0, MAX_LINE_CHARACTERS).join(''))
  const isWhole = lines.length === shown.length && shown.every((line, i) => line.length === lines[i]?.length)
  if (isWhole) return shown.map(plain)
  const where =
    pageUrl === undefined ? '`mayfly receive --export` prints it whole' : `whole at ${pageUrl}/?before=${sequence + 1}#m${sequence}`
  return [...shown.map(plain), `… (${describeBytes(body.byteLength)}; ${where})`]
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
  return text.replaceAll('\t', '  ').replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '?')
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
