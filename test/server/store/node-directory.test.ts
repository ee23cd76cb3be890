import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openNodeDirectory } from '../../../node/server/store/node-directory.ts'
import { spawnLockHolder } from '../../helpers/lock-holder.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function open(data: string) {
  const directory = await openNodeDirectory(data)
  onTestFinished(() => directory.release())
  return directory
}

test('node directory: one node at a time, the same one after each restart', async () => {
  const data = join(await createTemporaryDirectory(), 'data')
  const first = await open(data)
  await expect(openNodeDirectory(data)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION', message: expect.stringContaining('--data DIR') })
  first.release()
  first.release()
  expect((await open(data)).privateKey).toEqual(first.privateKey)
})

test('node directory: a node that was killed leaves it free', async () => {
  const data = await createTemporaryDirectory()
  const other = await spawnLockHolder(join(data, 'lock'))
  await expect(openNodeDirectory(data)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await other.kill()
  await open(data)
})

test('node directory: one that cannot be used is unlocked again', async () => {
  const data = await createTemporaryDirectory()
  const key = join(data, 'private-key')
  await writeFile(key, 'no key', { mode: 0o600 })
  for (const _ of [1, 2]) await expect(openNodeDirectory(data)).rejects.toThrow(`No Ed25519 private key in ${key}`)
})
