/**
 * The outbox of this origin, in IndexedDB: a message is stored before it is sent, and is still there after a reload or a crash. All tabs of
 * the origin share the store and are notified of each other's changes. The peer's outbox decides when to retry.
 */

import { encodeKeyHex, type Key, type OutboxEntry, type OutboxStore } from '../../node/index.ts'
import { announceChanges } from './change-channel.ts'
import { answerOf, eachRow, openDatabase } from './database.ts'

/** The row of an entry. It has either `waiting` or `doneMadeAtMs`, and so is in one of the two indexes. */
interface OutboxRow {
  id: string
  entry: OutboxEntry
  /** When the next attempt is due, and the size of the envelope: both are read from the index, without the entry. */
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
  /** Name of the database, for a page that has several. Default: 'mayfly-outbox'. */
  name?: string
  /** Remembered public keys of receivers, oldest out first. Default: 10,000. */
  maxPublicKeys?: number
}

export interface OutboxRecords extends OutboxStore {
  /** Calls the listener after a change, in this tab or another. @returns a function that removes the listener */
  onChange(listener: () => void): () => void
}

/** For `createPeer({ outboxStore })`. @throws DOMException, when the browser gives this page no storage */
export async function openOutboxRecords({
  name = 'mayfly-outbox',
  maxPublicKeys = 10_000,
}: OutboxRecordsOptions = {}): Promise<OutboxRecords> {
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

  /** One transaction, then a notification. */
  async function changeEntries<T>(work: (entries: IDBObjectStore) => Promise<T>): Promise<T> {
    const result = await database.change(['entries'], work)
    changes.announce()
    return result
  }
  const readEntries = <T>(work: (entries: IDBObjectStore) => Promise<T>) => database.read(['entries'], work)

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
        const rows: OutboxRow[] = await answerOf(entries.index('waiting').getAll(null, limit))
        return rows.map(({ entry }) => entry)
      }),
    list: (limit) =>
      readEntries(async (entries) => {
        const found: OutboxEntry[] = []
        if (limit < 1) return found
        await eachRow(entries.index('made').openCursor(null, 'prev'), ({ value }) => found.push((value as OutboxRow).entry) < limit)
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
      database.read(['publicKeys'], async (keys) => {
        const row: PublicKeyRow | undefined = await answerOf(keys.get(encodeKeyHex(end)))
        return row?.publicKey
      }),
    putPublicKey: (end, publicKey) =>
      database.change(['publicKeys'], async (keys) => {
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

async function rowAt(entries: IDBObjectStore, id: Key): Promise<OutboxRow | undefined> {
  return answerOf(entries.get(encodeKeyHex(id)))
}

function rowOf(entry: OutboxEntry): OutboxRow {
  const { id, createdAtMs, nextTryAtMs, envelope, isDone } = entry
  return {
    id: encodeKeyHex(id),
    entry,
    ...(isDone ? { doneMadeAtMs: createdAtMs } : { waiting: [nextTryAtMs, envelope.byteLength] }),
  }
}
