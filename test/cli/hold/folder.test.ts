import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFolder } from '../../../node/cli/hold/folder.ts'
import type { MayflyError } from '../../../node/errors.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

test('folder: lists every file, hidden ones and those in folders too, in one order', async () => {
  const folder = await createTemporaryDirectory()
  await mkdir(join(folder, 'b/🙂 c'), { recursive: true })
  const paths = ['.hidden', 'a b', 'b/z', 'b/🙂 c/x.txt', 'é']
  for (const path of paths) await writeFile(join(folder, path), path)
  await symlink('../a b', join(folder, 'b/link'))
  const files = await listFolder(folder, 10)
  expect(files).toEqual([...paths, 'b/link'].toSorted().map((path) => ({ path, file: join(folder, path) })))
})

test('folder: an empty one has no files', async () => {
  expect(await listFolder(await createTemporaryDirectory(), 10)).toEqual([])
})

test('folder: refuses entries that cannot be in a bundle, and names all of them', async () => {
  const folder = await createTemporaryDirectory()
  await mkdir(join(folder, 'sub'))
  await writeFile(join(folder, 'fine'), '')
  await writeFile(join(folder, 'back\\slash'), '')
  await writeFile(join(folder, 'line\nend'), '')
  await writeFile(Buffer.concat([Buffer.from(`${folder}/no-utf8-`), Buffer.from([0xff])]), '')
  await symlink('/etc/hostname', join(folder, 'out'))
  await symlink('..', join(folder, 'sub', 'up'))
  await symlink('nowhere', join(folder, 'broken'))
  await symlink('sub', join(folder, 'to-folder'))
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const refusal = await listFolder(folder, 100).catch((error: MayflyError) => error)
  expect(refusal).toMatchObject({ code: 'ERR_BAD_PATH' })
  const { message } = refusal as MayflyError
  for (const name of ['slash', 'end', 'no-utf8', '"out"', 'sub/up', 'broken', 'to-folder', 'pipe']) expect(message).toContain(name)
  expect(message).not.toContain('fine')
})

test('folder: more files than can be held are refused, with the limit', async () => {
  const folder = await createTemporaryDirectory()
  for (const name of ['a', 'b', 'c']) await writeFile(join(folder, name), name)
  expect(await listFolder(folder, 3)).toHaveLength(3)
  await expect(listFolder(folder, 2)).rejects.toMatchObject({ code: 'ERR_LIMIT', message: expect.stringContaining(' 2 ') })
})

test('folder: a missing folder is an error in words', async () => {
  await expect(listFolder(join(await createTemporaryDirectory(), 'none'), 2)).rejects.toMatchObject({ code: 'ENOENT' })
})
