import { chmod, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openOutboxStore, outboxPathIn } from '../../../node/server/store/outbox-store.ts'
import { entryOf } from '../../helpers/outbox-store-suite.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function newPath(): Promise<string> {
  return outboxPathIn(await createTemporaryDirectory())
}

/** A file with some entries, closed. */
async function writtenFile(): Promise<string> {
  const path = await newPath()
  const store = openOutboxStore(path)
  await Promise.all(Array.from({ length: 50 }, (_, byte) => store.put(entryOf(byte))))
  await store.close()
  return path
}

test('database file: only the owner can read it and its journal, also when the file was there with another mode', async () => {
  const path = await newPath()
  await writeFile(path, '', { mode: 0o644 })
  await chmod(path, 0o644)
  const store = openOutboxStore(path)
  await store.put(entryOf(1))
  for (const suffix of ['', '-wal', '-shm']) expect((await stat(path + suffix)).mode & 0o777).toBe(0o600)
  await store.close()
})

test('database file: each commit is synced', async () => {
  const path = await newPath()
  const store = openOutboxStore(path)
  await store.put(entryOf(1))
  // A copy, as another process sees the file, without the pages that this one still holds.
  const copy = outboxPathIn(await createTemporaryDirectory())
  for (const suffix of ['', '-wal']) await writeFile(copy + suffix, await readFile(path + suffix))
  const restored = openOutboxStore(copy)
  expect(await restored.get(entryOf(1).id)).toEqual(entryOf(1))
  await restored.close()
  await store.close()
  const database = new DatabaseSync(path)
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  database.close()
})

test('database file: another file or another database is refused, and left as it is', async () => {
  const foreign = await newPath()
  const database = new DatabaseSync(foreign)
  database.exec('CREATE TABLE songs (name TEXT)')
  database.close()
  const newer = await writtenFile()
  const changed = new DatabaseSync(newer)
  changed.exec('PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE)')
  changed.close()
  const text = await newPath()
  await writeFile(text, 'Dear diary, '.repeat(1_000))
  for (const [path, code] of [
    [foreign, 'ERR_BAD_OPTION'],
    [newer, 'ERR_BAD_OPTION'],
    [text, 'ERR_DAMAGED'],
  ] as const) {
    const before = await readFile(path)
    expect(() => openOutboxStore(path)).toThrow(expect.objectContaining({ code }))
    if (path !== foreign) expect(await readFile(path)).toEqual(before)
  }
  const songs = new DatabaseSync(foreign, { readOnly: true })
  expect(songs.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'songs' }])
  songs.close()
})

test('database file: a damaged one is an error, and left as it is', async () => {
  const path = await writtenFile()
  const size = (await stat(path)).size
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(size - 4_096 * 2, 0xa5), 0, size - 4_096 * 2, 4_096 * 2)
  await file.close()
  const before = await readFile(path)
  expect(() => openOutboxStore(path)).toThrow(expect.objectContaining({ code: 'ERR_DAMAGED' }))
  expect(await readFile(path)).toEqual(before)
})

test('database file: one whose making was interrupted is made again', async () => {
  const path = await newPath()
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL')
  database.close()
  const store = openOutboxStore(path)
  await store.put(entryOf(1))
  await store.close()
  const again = openOutboxStore(path)
  expect(await again.get(entryOf(1).id)).toEqual(entryOf(1))
  await again.close()
})

test("database file: a path where none can be is the system's error", async () => {
  const path = await newPath()
  await mkdir(path)
  expect(() => openOutboxStore(path)).toThrow(expect.objectContaining({ code: 'EISDIR' }))
  expect(() => openOutboxStore('/proc/nowhere/outbox.db')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})
