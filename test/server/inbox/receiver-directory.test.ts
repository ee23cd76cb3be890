import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openInbox } from '../../../node/server/inbox/inbox.ts'
import { findInboxPath, openReceiverDirectory, type ReceiverDirectory } from '../../../node/server/inbox/receiver-directory.ts'
import { spawnHolder } from '../../helpers/lock-holder.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function open(data: string, name: string): Promise<ReceiverDirectory> {
  const directory = await openReceiverDirectory(data, name)
  onTestFinished(() => directory.release())
  return directory
}

test('receiver directory: the secret is made once, readable by its owner only, and stays the same', async () => {
  const data = join(await createTemporaryDirectory(), 'data')
  const first = await open(data, 'inbox')
  first.release()
  first.release()
  expect((await open(data, 'inbox')).secret).toEqual(first.secret)
  const path = join(data, 'receivers', 'inbox', 'secret')
  expect([(await stat(path)).mode & 0o777, new Uint8Array(await readFile(path))]).toEqual([0o600, first.secret])
  expect((await stat(join(data, 'receivers', 'inbox'))).mode & 0o777).toBe(0o700)
  expect((await open(data, 'other')).secret).not.toEqual(first.secret)
})

test('receiver directory: one process at a time, and the next when that has ended, however it ended', async () => {
  const data = await createTemporaryDirectory()
  const holder = await spawnHolder(data, 'inbox')
  await expect(openReceiverDirectory(data, 'inbox')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await open(data, 'other')
  await holder.kill()
  await open(data, 'inbox')
  await expect(openReceiverDirectory(data, 'inbox')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  // Not lost by somebody's trying it in the same process.
  await expect(spawnHolder(data, 'inbox')).rejects.toThrow()
})

test('receiver directory: refuses a secret that others could read, and a file that is no secret', async () => {
  const data = await createTemporaryDirectory()
  const { release } = await open(data, 'inbox')
  release()
  const path = join(data, 'receivers', 'inbox', 'secret')
  await chmod(path, 0o644)
  await expect(openReceiverDirectory(data, 'inbox')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await chmod(path, 0o600)
  await writeFile(path, 'short')
  await expect(openReceiverDirectory(data, 'inbox')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  expect(await readFile(path, 'utf8')).toBe('short')
})

test('receiver directory: each open end has one, whatever its name', async () => {
  const data = await createTemporaryDirectory()
  for (const name of ['wall', '#wall', '#Straße', '#日本', `#${'ü'.repeat(64)}`]) await open(data, name)
  const names = await readdir(join(data, 'receivers'))
  expect(names).toHaveLength(5)
  for (const name of names) expect(name).toMatch(/^#?[\w.-]{1,64}$/)
})

test.each(['', '.', '..', '../a', 'a/b', 'a b', '.hidden', 'ä', 'x'.repeat(65), 'a\0b'])(
  'receiver directory: refuses the name %j',
  async (name) => {
    const data = await createTemporaryDirectory()
    await expect(openReceiverDirectory(data, name)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
    expect(await readdir(data)).toEqual([])
  },
)

test.each(['#', '#a b', '#a/b', '#../a', '#a?'])('receiver directory: refuses the end %j', async (name) => {
  await expect(openReceiverDirectory(await createTemporaryDirectory(), name)).rejects.toMatchObject({ code: 'ERR_BAD_END' })
})

test('receiver directory: an inbox is found where there is one', async () => {
  const data = await createTemporaryDirectory()
  expect(() => findInboxPath(data, 'inbox')).toThrow(expect.objectContaining({ code: 'ERR_BAD_OPTION' }))
  const { inboxPath } = await open(data, 'inbox')
  openInbox({ path: inboxPath, hashname: 'a' }).close()
  expect(findInboxPath(data, 'inbox')).toBe(inboxPath)
})
