/**
 * An outbox in a SQLite file, which a running node and short commands share. Changes of one turn of the event loop are committed in one
 * transaction, with one sync to the disk.
 */

import { join } from 'node:path'
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { decode, encode } from 'cborg'
import type { OutboxEntry, OutboxStore, PostOutcome, Receipt } from '../../index.ts'
import { equalBytes, KEY_BYTES } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import { type DatabaseForm, openDatabaseFile, transact, type WritingEvent } from './database-file.ts'
import { createGroupCommit } from './group-commit.ts'
import { explainWriteError, sqliteWords } from './sqlite-error.ts'
import { createWrittenEntries } from './written-entries.ts'

/** The outbox of a node, and of short commands with its identity. */
export function outboxPathIn(dataDirectory: string): string {
  return join(dataDirectory, 'outbox.db')
}

/** One index besides that of the ids: each index costs every post two more writes, and done entries are pruned while they are few. */
const FORM: DatabaseForm = {
  noun: 'outbox',
  applicationId: 0x6d66_6f75, // "mfou"
  version: 1,
  schema: `
    CREATE TABLE entries (
      id BLOB PRIMARY KEY,
      end_text TEXT NOT NULL,
      envelope BLOB NOT NULL,
      created_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      tries INTEGER NOT NULL,
      next_try_at_ms INTEGER NOT NULL,
      claimed_until_ms INTEGER NOT NULL,
      outcome BLOB,
      is_done INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX entries_waiting ON entries (next_try_at_ms) WHERE is_done = 0;
    CREATE TABLE public_keys (end_key BLOB PRIMARY KEY, public_key BLOB NOT NULL, met INTEGER NOT NULL) STRICT;
    CREATE INDEX public_keys_by_age ON public_keys (met)`,
}

/** Receivers whose public keys are remembered; the one met longest ago is forgotten first. */
const MAX_PUBLIC_KEYS = 10_000
/** Changes that may wait for the disk; more than a busy sender has in flight. */
const MAX_WAITING = 65_536

interface Change<T = unknown> {
  run(): T
  /** False: it survives a crash of this process, but perhaps not one of the machine. */
  isSynced: boolean
}

/**
 * Opens the file, or makes it. Its directory must exist.
 *
 * @param onEvent called when the file cannot be written from now on, and when it can again
 * @throws {MayflyError} ERR_NOT_STORED: the disk is full or read-only; ERR_DAMAGED: it is damaged, and left as it is; ERR_BAD_OPTION: it is another file, or of a newer mayfly
 * @throws the system's error, in words
 */
export function openOutboxStore(path: string, onEvent?: (event: WritingEvent) => void): OutboxStore {
  const database = openDatabaseFile(path, FORM)
  const sql = prepare(database)

  let isSyncing = true
  let isFailing = false

  /** Turns syncing on or off. A commit that syncs also brings earlier ones to the disk. */
  function syncCommits(isNeeded: boolean): void {
    if (isNeeded === isSyncing) return
    database.exec(`PRAGMA synchronous = ${isNeeded ? 'FULL' : 'NORMAL'}`)
    isSyncing = isNeeded
  }

  const group = createGroupCommit<Change, () => unknown>({
    maxWaiting: MAX_WAITING,
    isAfterSending: true, // a message is sent while it is written
    // It is synced at once: another process would attempt an entry that is only in the log, and then be told by nobody that it was refused.
    commit(changes) {
      syncCommits(changes.some(({ isSynced }) => isSynced))
      const values = transact(database, () => changes.map(({ run }) => run()))
      if (isFailing) onEvent?.({ type: 'recovered' })
      isFailing = false
      return values.map((value) => () => value)
    },
    failed(error) {
      if (!isFailing) onEvent?.({ type: 'failing', reason: sqliteWords(error, path) })
      isFailing = true
      return () => {
        throw explainWriteError('Cannot use the outbox', path, error)
      }
    },
  })

  /** Resolves once the change is on the disk. */
  const durably = <T>(run: () => T): Promise<T> => committed({ run, isSynced: true })

  async function committed<T>(change: Change<T>): Promise<T> {
    const resultOf = await group.add(change)
    return resultOf() as T
  }

  /** Reads after committing the changes that were asked for before. */
  async function reading<T>(read: () => T): Promise<T> {
    group.flush()
    try {
      return read()
    } catch (error) {
      throw explainWriteError('Cannot use the outbox', path, error)
    }
  }

  /** Another process may have changed them since. */
  const mine = createWrittenEntries()

  /** Changes an entry without reading it, where it still is as it was written here. */
  function changeMine(id: Uint8Array, change: (entry: OutboxEntry) => OutboxEntry | undefined): OutboxEntry | undefined {
    const before = mine.take(id)
    const after = before && change(before)
    if (before === undefined || after === undefined) return undefined
    const { changes } = sql.changeMine.run(...changesOf(after), id, before.tries, before.nextTryAtMs, before.claimedUntilMs)
    if (changes === 0) return undefined
    if (!after.isDone) mine.add(after)
    return after
  }

  function find(id: Uint8Array): OutboxEntry | undefined {
    const row = sql.get.get(id)
    return row && entryOf(row)
  }

  return {
    put: (entry) =>
      durably(() => {
        const { id, end, envelope, createdAtMs, expiresAtMs, tries, nextTryAtMs, claimedUntilMs, outcome, isDone } = entry
        const done = Number(isDone)
        const values = [end, envelope, createdAtMs, expiresAtMs, tries, nextTryAtMs, claimedUntilMs, encodeOutcome(outcome), done]
        const { changes } = sql.put.run(id, ...values)
        if (changes === 1 && !isDone) mine.add(entry)
      }),
    change: (id, change) =>
      committed({
        isSynced: false,
        run() {
          const changed = changeMine(id, change)
          if (changed !== undefined) return changed
          const before = find(id)
          const after = before && change(before)
          if (after !== undefined) sql.change.run(...changesOf(after), id)
          return after
        },
      }),
    get: (id) => reading(() => find(id)),
    waiting: (limit) => reading(() => sql.waiting.all(limit).map(entryOf)),
    list: (limit) => reading(() => sql.list.all(limit).map(entryOf)),
    remove: (id) =>
      durably(() => {
        mine.take(id)
        sql.remove.run(id)
      }),
    prune: (doneBeforeMs, maxDone) =>
      durably(() => {
        sql.pruneOld.run(doneBeforeMs)
        sql.pruneMany.run(maxDone)
        const { waiting, bytes } = sql.load.get() ?? {}
        return { waiting: Number(waiting), bytes: Number(bytes) }
      }),
    publicKey: (end) =>
      reading(() => {
        const { public_key: publicKey } = sql.publicKey.get(end) ?? {}
        return publicKey instanceof Uint8Array ? publicKey : undefined
      }),
    putPublicKey: (end, publicKey) =>
      durably(() => {
        sql.putPublicKey.run(end, publicKey)
        sql.prunePublicKeys.run(MAX_PUBLIC_KEYS)
      }),
    async close() {
      group.flush()
      if (database.isOpen) database.close()
    },
  }
}

function prepare(database: DatabaseSync) {
  const statements = {
    put: 'INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
    change: 'UPDATE entries SET tries = ?, next_try_at_ms = ?, claimed_until_ms = ?, outcome = ?, is_done = ? WHERE id = ?',
    // Each change of an entry changes one of these.
    changeMine: `UPDATE entries SET tries = ?, next_try_at_ms = ?, claimed_until_ms = ?, outcome = ?, is_done = ?
      WHERE id = ? AND is_done = 0 AND tries = ? AND next_try_at_ms = ? AND claimed_until_ms = ?`,
    get: 'SELECT * FROM entries WHERE id = ?',
    waiting: 'SELECT * FROM entries WHERE is_done = 0 ORDER BY next_try_at_ms LIMIT ?',
    list: 'SELECT * FROM entries ORDER BY created_at_ms DESC, rowid DESC LIMIT ?',
    remove: 'DELETE FROM entries WHERE id = ?',
    pruneOld: 'DELETE FROM entries WHERE is_done = 1 AND created_at_ms < ?',
    pruneMany: `DELETE FROM entries WHERE rowid IN
      (SELECT rowid FROM entries WHERE is_done = 1 ORDER BY created_at_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`,
    load: 'SELECT count(*) AS waiting, coalesce(sum(length(envelope)), 0) AS bytes FROM entries WHERE is_done = 0',
    publicKey: 'SELECT public_key FROM public_keys WHERE end_key = ?',
    putPublicKey: 'INSERT OR REPLACE INTO public_keys VALUES (?, ?, (SELECT coalesce(max(met), 0) + 1 FROM public_keys))',
    prunePublicKeys: 'DELETE FROM public_keys WHERE rowid IN (SELECT rowid FROM public_keys ORDER BY met DESC LIMIT -1 OFFSET ?)',
  }
  const prepared = Object.entries(statements).map(([name, text]) => [name, database.prepare(text)])
  return Object.fromEntries(prepared) as Record<keyof typeof statements, StatementSync>
}

/** The columns that `change` writes, in their order. */
function changesOf({ tries, nextTryAtMs, claimedUntilMs, outcome, isDone }: OutboxEntry) {
  return [tries, nextTryAtMs, claimedUntilMs, encodeOutcome(outcome), Number(isDone)] as const
}

function entryOf(row: Record<string, SQLOutputValue>): OutboxEntry {
  const { outcome } = row
  return {
    id: row.id as Uint8Array,
    end: row.end_text as string,
    envelope: row.envelope as Uint8Array,
    createdAtMs: Number(row.created_at_ms),
    expiresAtMs: Number(row.expires_at_ms),
    tries: Number(row.tries),
    nextTryAtMs: Number(row.next_try_at_ms),
    claimedUntilMs: Number(row.claimed_until_ms),
    outcome: outcome instanceof Uint8Array ? decodeOutcome(outcome) : undefined,
    isDone: row.is_done === 1,
  }
}

/**
 * A receipt with its ids concatenated, to save room: each of the many messages that it names stores the receipt. Of one whose bytes say the ids,
 * they are left out.
 */
type ReceiptRow = [receiver: Uint8Array, ids: Uint8Array, storedAtMs: number, bytes: Uint8Array]

/** By receipt, an outcome of it alone: that of each message that it names. */
const encodedOutcomes = new WeakMap<Receipt, Uint8Array>()

function encodeOutcome(outcome: PostOutcome | undefined): Uint8Array | null {
  if (outcome === undefined) return null
  if (outcome.state !== 'stored') return encode(outcome)
  const [first, ...more] = outcome.receipts
  if (first === undefined || more.length > 0) return encodeStored(outcome.receipts)
  const encoded = encodedOutcomes.get(first) ?? Uint8Array.from(encodeStored([first]))
  encodedOutcomes.set(first, encoded)
  return encoded
}

function encodeStored(receipts: readonly Receipt[]): Uint8Array {
  const rows = receipts.map((receipt): ReceiptRow => {
    const { receiver, ids, storedAtMs, bytes } = receipt
    return [receiver, saysIds(receipt) ? NO_IDS : Buffer.concat(ids), storedAtMs, bytes]
  })
  return encode({ state: 'stored', receipts: rows })
}

const NO_IDS = new Uint8Array(0)

function saysIds({ ids, bytes }: Receipt): boolean {
  const said = readIds(bytes)
  return said.length === ids.length && said.every((id, i) => equalBytes(id, ids[i] as Key))
}

/** The ids in a receipt's signed part, `[version, receiver, ids, stored]`. None, where the bytes are no receipt. */
function readIds(bytes: Uint8Array): Key[] {
  try {
    const [part] = decode(bytes) as [Uint8Array]
    const [, , ids] = decode(part) as [number, Uint8Array, Key[]]
    return ids.map((id) => Uint8Array.from(id))
  } catch {
    return []
  }
}

function decodeOutcome(blob: Uint8Array): PostOutcome {
  const outcome = decode(blob) as Exclude<PostOutcome, { state: 'stored' }> | { state: 'stored'; receipts: ReceiptRow[] }
  if (outcome.state !== 'stored') return outcome
  const receipts = outcome.receipts.map(([receiver, joined, storedAtMs, bytes]): Receipt => {
    const ids = Array.from({ length: joined.byteLength / KEY_BYTES }, (_, i) => joined.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES))
    return { receiver, ids: ids.length > 0 ? ids : readIds(bytes), storedAtMs, bytes }
  })
  return { state: outcome.state, receipts }
}
