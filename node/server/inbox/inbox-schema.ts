/** The tables of an inbox in SQLite, and the room on the disk that a message takes in them. */

import type { Message } from '../../index.ts'
import type { DatabaseForm } from '../store/database-file.ts'

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

/** Upper estimate of a message's size on disk, in bytes: its body is stored as it is, in the envelope, and as the words to search. */
export function footprintOf({ body, envelope }: Pick<Message, 'body' | 'envelope'>): number {
  return ROW_BYTES + envelope.byteLength + 2 * body.byteLength
}

/** `footprintOf` in SQL, for a row of `messages`. */
export const FOOTPRINT_SQL = `${ROW_BYTES} + length(envelope) + 2 * length(body)`
