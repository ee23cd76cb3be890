import fs, { copyFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createLogSync } from '../../../node/server/store/log-sync.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

/** As long as a commit waits for other processes. */
const BUSY_MS = 5_000

async function openDatabase(syncFile?: Parameters<typeof createLogSync>[2]) {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'test.db')
  const database = new DatabaseSync(path, { timeout: BUSY_MS })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE items (item INTEGER)')
  const log = createLogSync(database, path, syncFile)
  onTestFinished(() => {
    log.close()
    database.close()
  })
  return {
    log,
    path,
    database,
    add: (item: number) => void database.prepare('INSERT INTO items VALUES (?)').run(item),
    /** Reads the database itself, without its log. */
    inDatabase() {
      copyFileSync(path, join(directory, 'copy.db'))
      const copy = new DatabaseSync(join(directory, 'copy.db'))
      const items = copy.prepare('SELECT item FROM items').all()
      copy.close()
      return items.map(({ item }) => item)
    },
  }
}

test('log sync: the log is synced, again and again, at once where that is wanted', async () => {
  const synced: number[] = []
  const { log, add } = await openDatabase((file, done) => {
    synced.push(file)
    setImmediate(done, null)
  })
  add(1)
  expect(log.isPossible).toBe(true)
  await log.sync()
  await log.sync()
  expect(new Set(synced).size).toBe(1) // one file, which stays open
  log.syncNow()
})

test('log sync: after one that failed, nothing is committed before what was written is in the database itself', async () => {
  let isBroken = true
  const { log, add, inDatabase } = await openDatabase((_, done) => setImmediate(done, isBroken ? new Error('EIO') : null))
  add(1)
  expect(log.isPossible).toBe(true)
  await expect(log.sync()).rejects.toMatchObject({ code: 'ERR_NOT_STORED', message: expect.stringContaining('EIO') })
  isBroken = false
  log.prepare()
  add(2)
  await log.sync()
  expect(inDatabase()).toEqual([1])
})

test('log sync: both syncs have an open file of their own, and one that fails at once fails the one that is under way', async () => {
  const held: { file: number; done(error: Error | null): void }[] = []
  const { log, add } = await openDatabase((file, done) => held.push({ file, done }))
  const atOnce = vi.spyOn(fs, 'fdatasyncSync').mockImplementation(() => {
    throw new Error('EIO')
  })
  syncBuiltinESMExports()
  onTestFinished(() => {
    atOnce.mockRestore()
    syncBuiltinESMExports()
  })
  add(1)
  expect(log.isPossible).toBe(true)
  const sync = log.sync()
  expect(() => log.syncNow()).toThrow(expect.objectContaining({ code: 'ERR_NOT_STORED' }))
  expect(atOnce.mock.calls[0]?.[0]).not.toBe(held[0]?.file)
  held[0]?.done(null) // the system has told the other file
  await expect(sync).rejects.toMatchObject({ code: 'ERR_NOT_STORED' })
  const next = log.sync()
  held[1]?.done(null)
  await next
})

test.each([
  ['what was there before', true],
  ['the newest, so that the log cannot begin anew', false],
])('log sync: after one that failed, a commit does not wait for another process that reads %s, and is refused', async (_, isOld) => {
  const { log, add, path, database } = await openDatabase((_file, done) => setImmediate(done, new Error('EIO')))
  add(1)
  expect(log.isPossible).toBe(true)
  const reader = new DatabaseSync(path)
  reader.exec('BEGIN; SELECT * FROM items')
  if (isOld) add(2)
  await expect(log.sync()).rejects.toThrow()
  const startedAtMs = performance.now()
  expect(() => log.prepare()).toThrow(expect.objectContaining({ code: 'ERR_NOT_STORED' }))
  expect(performance.now() - startedAtMs).toBeLessThan(BUSY_MS / 2)
  expect(database.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout: BUSY_MS })
  reader.close()
  log.prepare()
})
