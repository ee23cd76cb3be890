import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openAccount } from '../../../node/people/account/open-account.ts'
import { openAccountStore } from '../../../node/server/store/account-file.ts'
import { ACCOUNT_STORE_CASES } from '../../helpers/account-store-suite.ts'
import { spawnLockHolder } from '../../helpers/lock-holder.ts'
import { createSmallDisk } from '../../helpers/small-disk.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function open(path: string) {
  const store = await openAccountStore(path)
  onTestFinished(() => store.close())
  return store
}

async function createPath() {
  return join(await createTemporaryDirectory(), 'account')
}

describe('account store in a directory', () => {
  for (const { name, needs, run } of ACCOUNT_STORE_CASES) {
    if (needs === 'share') continue // one process has it
    test(name, async () => {
      const path = await createPath()
      await run({ create: () => open(path), reopen: () => open(path) })
    })
  }
})

test('account store: nobody but its owner may read its files, and none is opened that others could have read', async () => {
  const path = await createPath()
  const store = await open(path)
  await openAccount(store, { kind: 'kept' })
  const names = (await readdir(path)).sort()
  expect(names).toEqual(['account.record', 'lock', 'place-key', 'places.record'])
  for (const name of names.filter((each) => each !== 'lock')) expect((await stat(join(path, name))).mode & 0o777).toBe(0o600)
  await chmod(join(path, 'account.record'), 0o640)
  await expect(store.load('account')).rejects.toMatchObject({ code: 'ERR_BAD_OPTION', message: expect.stringContaining('chmod 600') })
})

test('account store: one process at a time has it, and one that was killed leaves it free', async () => {
  const path = await createPath()
  await mkdir(path, { mode: 0o700 })
  const other = await spawnLockHolder(join(path, 'lock'))
  await expect(openAccountStore(path)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION', message: expect.stringContaining(path) })
  await other.kill()
  const store = await open(path)
  await expect(openAccountStore(path)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await store.close()
  await expect(store.load('account')).rejects.toMatchObject({ code: 'ERR_NOT_STORED' })
  await expect(store.change('account', (before) => before)).rejects.toMatchObject({ code: 'ERR_NOT_STORED' })
  await open(path)
})

test('account store: a file that a crash left half written is removed, and changes no record', async () => {
  const path = await createPath()
  const store = await open(path)
  const account = await openAccount(store, { kind: 'kept' })
  await store.close()
  await writeFile(join(path, '.account.record-0123456789ab'), 'half', { mode: 0o600 })
  const again = await open(path)
  expect(await readdir(path)).not.toContain('.account.record-0123456789ab')
  expect((await openAccount(again, { kind: 'kept' })).id).toBe(account.id)
})

test('account store: a change that is under way when it is closed is stored', async () => {
  const path = await createPath()
  const store = await open(path)
  const changes = [1, 2, 3].map((byte) => store.change('a', () => Uint8Array.from([byte])))
  await Promise.all([...changes, store.close()])
  expect(await (await open(path)).load('a')).toEqual(Uint8Array.from([3]))
})

test('account store: a full disk is told in words, and what was stored stays', async (context) => {
  const disk = await createSmallDisk(1_048_576)
  if (disk === undefined) return context.skip('cannot mount a small disk here')
  const path = join(disk, 'account')
  const store = await open(path)
  const account = await openAccount(store, { kind: 'kept' })
  await store.change('contacts', () => Uint8Array.from([1]))
  const change = store.change('contacts', () => new Uint8Array(2_000_000))
  await expect(change).rejects.toMatchObject({ code: 'ERR_NOT_STORED', message: expect.stringMatching(/disk is full.*as it was before/) })
  expect(await store.load('contacts')).toEqual(Uint8Array.from([1]))
  expect((await readdir(path)).filter((name) => name.startsWith('.'))).toEqual([])
  await store.change('contacts', () => Uint8Array.from([2])) // there is room for this
  await store.close()
  expect((await openAccount(await open(path), { kind: 'kept' })).id).toBe(account.id)
  return undefined
})
