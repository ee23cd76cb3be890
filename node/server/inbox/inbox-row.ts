/**
 * A row of an inbox, and the message in it. Each row has the SHA-256 of all its other columns, so that a flipped bit is noticed in any of them;
 * the envelope has the sender's signature besides.
 */

import { createHash } from 'node:crypto'
import type { InboxMessage, Message } from '../../index.ts'
import { encodeKeyBase32 } from '../../keys/index.ts'
import type { DatabaseForm } from '../store/database-file.ts'

/** A row of the table `messages`. */
export interface InboxRow extends ReturnType<typeof columnsOf> {
  checksum: Uint8Array
}

/** A stored message, with the facts that only an export has. */
export interface StoredMessage {
  message: InboxMessage
  expiresAtMs: number
  /** With the sender's signature, which anybody can check. */
  envelope: Uint8Array
}

export interface RowFacts {
  sequence: number
  /** `#name` or a hashname. */
  end: string
  /** The sender's hashname. */
  sender: string
  storedAtMs: number
}

export function rowOf(message: Message, facts: RowFacts): InboxRow {
  const columns = columnsOf(message, facts)
  return { ...columns, checksum: checksumOf(columns) }
}

/** The columns of the table `messages`, in the order of the schema. */
function columnsOf(message: Message, { sequence, end, sender, storedAtMs }: RowFacts) {
  return {
    sequence,
    id: message.id,
    end_text: end,
    sender,
    sent_at_ms: message.sentAtMs,
    stored_at_ms: storedAtMs,
    expires_at_ms: message.expiresAtMs,
    is_sealed: message.isSealed ? 1 : 0,
    type: message.type,
    fields: JSON.stringify(message.fields),
    body: message.body,
    envelope: message.envelope,
  } as const
}

/** The sender's hashname: the SHA-256 of its public key. Computed here, so that an inbox can be opened without loading the overlay. */
export function senderOf({ from }: Pick<Message, 'from'>): string {
  return encodeKeyBase32(createHash('sha256').update(from).digest())
}

/** For a row that was just made, or whose checksum is known to be right. */
export function inboxMessageOf(row: InboxRow, name: string | undefined): InboxMessage {
  return {
    sequence: row.sequence,
    id: Buffer.from(row.id).toString('hex'),
    end: row.end_text,
    from: row.sender,
    ...(name !== undefined && { name }),
    sentAtMs: row.sent_at_ms,
    storedAtMs: row.stored_at_ms,
    isSealed: row.is_sealed === 1,
    type: row.type,
    fields: JSON.parse(row.fields) as Record<string, string>,
    body: row.body,
  }
}

/** True when the row is what was written. */
export function isIntact(row: InboxRow): boolean {
  try {
    return Buffer.compare(checksumOf(row), row.checksum) === 0
  } catch {
    return false // a column has another type now
  }
}

/** The SHA-256 of every other column; lengths come before the columns of variable length. */
function checksumOf(row: Omit<InboxRow, 'checksum'>): Uint8Array {
  const { id, body, envelope, ...texts } = row
  const head = JSON.stringify([
    texts.sequence,
    texts.end_text,
    texts.sender,
    texts.sent_at_ms,
    texts.stored_at_ms,
    texts.expires_at_ms,
    texts.is_sealed,
    texts.type,
    texts.fields,
    body.byteLength,
    envelope.byteLength,
  ])
  return new Uint8Array(createHash('sha256').update(head).update(id).update(body).update(envelope).digest())
}

export const INBOX_FORM: DatabaseForm = {
  noun: 'inbox',
  applicationId: 0x6d66_696e, // "mfin"
  version: 1,
  rescue: '--export',
  // AUTOINCREMENT: a sequence is never used again, not even when the newest message was removed.
  schema: `
    CREATE TABLE messages (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      id BLOB NOT NULL UNIQUE,
      end_text TEXT NOT NULL,
      sender TEXT NOT NULL,
      sent_at_ms INTEGER NOT NULL,
      stored_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      is_sealed INTEGER NOT NULL,
      type TEXT NOT NULL,
      fields TEXT NOT NULL,
      body BLOB NOT NULL,
      envelope BLOB NOT NULL,
      checksum BLOB NOT NULL
    ) STRICT;
    CREATE INDEX messages_by_end ON messages (end_text, sequence);
    CREATE INDEX messages_by_sender ON messages (sender, sequence);
    CREATE INDEX messages_by_time ON messages (stored_at_ms);
    CREATE TABLE removed (id BLOB PRIMARY KEY, expires_at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX removed_by_time ON removed (expires_at_ms);
    CREATE TABLE senders (hashname TEXT PRIMARY KEY, name TEXT NOT NULL, is_muted INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(body, type, content = '', contentless_delete = 1)`,
}

/** Size of a row besides envelope, body and text, in bytes: columns, checksum, entries in five indexes; measured in inbox.test.ts. */
const ROW_BYTES = 768

/**
 * Upper estimate of a message's size on disk, in bytes: its body is stored as it is, in the envelope, and as the words to search. The words of
 * Latin text take about as much as the text, Chinese characters, of which each is a word, twice as much.
 */
export function footprintOf({ body, envelope }: Pick<Message, 'body' | 'envelope'>): number {
  return ROW_BYTES + envelope.byteLength + 3 * body.byteLength
}

/** `footprintOf` in SQL, for a row of `messages`. */
export const FOOTPRINT_SQL = `${ROW_BYTES} + length(envelope) + 3 * length(body)`
