import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { createLogSync } from '../../../node/server/store/log-sync.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function openDatabase(syncFile?: Parameters<typeof createLogSync>[2]) {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'test.db')
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE items (item INTEGER)')
  const log = createLogSync(database, path, syncFile)
  onTestFinished(() => {
    log.close()
    database.close()
  })
  return {
    log,
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
  await expect(log.sync()).rejects.toThrow('EIO')
  isBroken = false
  log.prepare()
  add(2)
  await log.sync()
  expect(inDatabase()).toEqual([1])
})
