import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { takeFileLock } from '../../../node/server/store/file-lock.ts'
import { spawnLockHolder } from '../../helpers/lock-holder.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

test('file lock: one at a time has it, until it is released', async () => {
  const path = join(await createTemporaryDirectory(), 'lock')
  const release = takeFileLock(path)
  expect(takeFileLock(path)).toBeUndefined()
  release?.()
  release?.()
  const again = takeFileLock(path)
  expect(again).toBeDefined()
  again?.()
})

test('file lock: it ends with its process, and a file that its owner removed is locked anew by one of those who come', async () => {
  const path = join(await createTemporaryDirectory(), 'lock')
  const other = await spawnLockHolder(path)
  expect(takeFileLock(path)).toBeUndefined()
  await other.kill()
  const release = takeFileLock(path)
  expect(release).toBeDefined()
  await rm(path)
  release?.()
  const next = takeFileLock(path)
  expect(takeFileLock(path)).toBeUndefined()
  next?.()
})

test('file lock: a path that no file can have is an error in the system’s words', async () => {
  const directory = await createTemporaryDirectory()
  expect(() => takeFileLock(join(directory, 'none', 'lock'))).toThrow('ENOENT')
})
