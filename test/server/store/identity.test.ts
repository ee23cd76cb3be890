import { chmod, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { expect, test } from 'vitest'
import { loadIdentity } from '../../../node/server/store/identity.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}

test('identity: is made once, readable by its owner only, and stays the same', async () => {
  const directory = join(await createTemporaryDirectory(), 'a', 'b')
  const key = await loadIdentity(directory)
  expect(privateKeyFromProtobuf(key).type).toBe('Ed25519')
  expect(await mode(directory)).toBe(0o700)
  expect(await readdir(directory)).toEqual(['private-key'])
  expect(await mode(join(directory, 'private-key'))).toBe(0o600)
  expect(await loadIdentity(directory)).toEqual(key)
})

test('identity: losing the directory gives another one', async () => {
  const parent = await createTemporaryDirectory()
  expect(await loadIdentity(join(parent, 'a'))).not.toEqual(await loadIdentity(join(parent, 'b')))
})

test('identity: many starts at once get the same key, and leave no half-made file', async () => {
  const directory = await createTemporaryDirectory()
  const keys = await Promise.all(Array.from({ length: 16 }, () => loadIdentity(directory)))
  for (const key of keys) expect(key).toEqual(keys[0])
  expect(await readdir(directory)).toEqual(['private-key'])
})

test.each([0o640, 0o604, 0o620, 0o644, 0o666, 0o601])('identity: refuses a key file with the mode %o', async (wrong) => {
  const directory = await createTemporaryDirectory()
  await loadIdentity(directory)
  await chmod(join(directory, 'private-key'), wrong)
  await expect(loadIdentity(directory)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
})

test('identity: refuses a file without an Ed25519 key, and leaves it as it is', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'private-key')
  const other = privateKeyToProtobuf(await generateKeyPair('secp256k1'))
  for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(68), Buffer.alloc(5000, 8), other]) {
    await writeFile(path, bytes, { mode: 0o600 })
    await expect(loadIdentity(directory)).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
    expect(await readFile(path)).toEqual(Buffer.from(bytes))
  }
})

test('identity: refuses a key that was cut off at any byte', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'private-key')
  for (let size = (await loadIdentity(directory)).byteLength - 1; size >= 0; size--) {
    await truncate(path, size)
    await expect(loadIdentity(directory), `${size} bytes`).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  }
})

test('identity: fails when the key file or the directory is something else', async () => {
  const directory = await createTemporaryDirectory()
  await mkdir(join(directory, 'private-key'))
  await expect(loadIdentity(directory)).rejects.toMatchObject({ code: expect.any(String) })
  await writeFile(join(directory, 'file'), '')
  await expect(loadIdentity(join(directory, 'file'))).rejects.toMatchObject({ code: expect.any(String) })
})
