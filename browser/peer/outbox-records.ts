/**
 * The outbox of this origin, in IndexedDB: what a person sends is written down before it goes out, and is there after a reload or a crash.
 * All tabs of the origin share it, and hear of each other's changes. When something is tried again is the outbox's business.
 */

import { encodeKeyHex, type Key, type OutboxEntry, type OutboxStore } from '../../node/index.ts'
import { announceChanges } from './change-channel.ts'
import { answerOf, eachRow, openDatabase } from './database.ts'

/** An entry's row; of the two below it has one, and so stands in one index. */
interface Row {
  /** Hex. */
  id: string
  entry: OutboxEntry
  /** When the next try is due, and its bytes: both are read without the entry. */
  waiting?: [nextTryAtMs: number, bytes: number]
  doneMadeAtMs?: number
}

interface PublicKeyRow {
  /** The hashname's key, hex. */
  end: string
  publicKey: Uint8Array
  metAtMs: number
}

export interface OutboxRecordsOptions {
  /** Of the database; for a page that keeps several. */
  name?: string
  /** Public keys of receivers that were met; the one met first goes first. */
  maxPublicKeys?: number
}

export const OUTBOX_RECORDS_DEFAULTS: Readonly<Required<OutboxRecordsOptions>> = {
  name: 'mayfly-outbox',
  maxPublicKeys: 10_000,
}

export interface OutboxRecords extends OutboxStore {
  /** Hears that something changed, here or in another tab. Returns the function that ends it. */
  onChange(listener: () => void): () => void
}

/** For `createPeer({ outboxStore })`. @throws DOMException, when the browser gives this page no storage */
export async function openOutboxRecords(options: OutboxRecordsOptions = {}): Promise<OutboxRecords> {
  const { name, maxPublicKeys } = { ...OUTBOX_RECORDS_DEFAULTS, ...options }
  const database = await openDatabase({
    name,
    version: 1,
    upgrade(created) {
      const entries = created.createObjectStore('entries', { keyPath: 'id' })
      entries.createIndex('made', 'entry.createdAtMs')
      entries.createIndex('waiting', 'waiting')
      entries.createIndex('done', 'doneMadeAtMs')
      created.createObjectStore('publicKeys', { keyPath: 'end' }).createIndex('met', 'metAtMs')
    },
  })
  const changes = announceChanges(name)

  /** In one transaction that nobody comes between. */
  async function changeEntries<T>(work: (entries: IDBObjectStore) => Promise<T>): Promise<T> {
    const result = await database.change(['entries'], (transaction) => work(transaction.objectStore('entries')))
    changes.announce()
    return result
  }
  const readEntries = <T>(work: (entries: IDBObjectStore) => Promise<T>) =>
    database.read(['entries'], (transaction) => work(transaction.objectStore('entries')))

  return {
    put: (entry) =>
      changeEntries(async (entries) => {
        const id = encodeKeyHex(entry.id)
        if ((await answerOf(entries.count(id))) === 0) await answerOf(entries.put(rowOf(entry)))
      }),
    change: (id, change) =>
      changeEntries(async (entries) => {
        const before = await rowAt(entries, id)
        const after = before && change(before.entry)
        if (after !== undefined) await answerOf(entries.put(rowOf(after)))
        return after
      }),
    get: (id) => readEntries(async (entries) => (await rowAt(entries, id))?.entry),
    waiting: (limit) =>
      readEntries(async (entries) => {
        const rows: Row[] = await answerOf(entries.index('waiting').getAll(null, limit))
        return rows.map(({ entry }) => entry)
      }),
    list: (limit) =>
      readEntries(async (entries) => {
        const found: OutboxEntry[] = []
        if (limit < 1) return found
        await eachRow(entries.index('made').openCursor(null, 'prev'), ({ value }) => found.push((value as Row).entry) < limit)
        return found
      }),
    remove: (id) => changeEntries((entries) => answerOf(entries.delete(encodeKeyHex(id)))),
    prune: (doneBeforeMs, maxDone) =>
      changeEntries(async (entries) => {
        const done = await answerOf(entries.index('done').getAllKeys()) // the oldest first
        const old = await answerOf(entries.index('done').count(IDBKeyRange.upperBound(doneBeforeMs, true)))
        for (const id of done.slice(0, Math.max(old, done.length - maxDone))) entries.delete(id)
        const load = { waiting: 0, bytes: 0 }
        await eachRow(entries.index('waiting').openKeyCursor(), ({ key }) => {
          load.waiting++
          load.bytes += (key as [number, number])[1]
          return true
        })
        return load
      }),
    publicKey: (end) =>
      database.read(['publicKeys'], async (transaction) => {
        const row: PublicKeyRow | undefined = await answerOf(transaction.objectStore('publicKeys').get(encodeKeyHex(end)))
        return row?.publicKey
      }),
    putPublicKey: (end, publicKey) =>
      database.change(['publicKeys'], async (transaction) => {
        const keys = transaction.objectStore('publicKeys')
        await answerOf(keys.put({ end: encodeKeyHex(end), publicKey, metAtMs: Date.now() } satisfies PublicKeyRow))
        const over = (await answerOf(keys.count())) - maxPublicKeys
        if (over > 0) for (const first of await answerOf(keys.index('met').getAllKeys(null, over))) keys.delete(first)
      }),
    async close() {
      changes.close()
      database.close()
    },
    onChange: changes.onChange,
  }
}

async function rowAt(entries: IDBObjectStore, id: Key): Promise<Row | undefined> {
  return answerOf(entries.get(encodeKeyHex(id)))
}

function rowOf(entry: OutboxEntry): Row {
  const { id, createdAtMs, nextTryAtMs, envelope, isDone } = entry
  return {
    id: encodeKeyHex(id),
    entry,
    ...(isDone ? { doneMadeAtMs: createdAtMs } : { waiting: [nextTryAtMs, envelope.byteLength] }),
  }
}
