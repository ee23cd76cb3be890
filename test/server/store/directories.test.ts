import { type mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeDirectories } from '../../../node/server/store/directories.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

test('directories: those above are made, too, with the same mode, and those that are there stay', async () => {
  const top = await createTemporaryDirectory()
  const path = join(top, 'a', 'b', 'c')
  await Promise.all([makeDirectories(path, 0o700), makeDirectories(path, 0o700)])
  await makeDirectories(path, 0o700)
  for (const made of [path, join(top, 'a')]) expect((await stat(made)).mode & 0o777).toBe(0o700)
})

test('directories: a file in the way is the error of the system', async () => {
  const file = join(await createTemporaryDirectory(), 'file')
  await writeFile(file, '')
  await expect(makeDirectories(file)).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(makeDirectories(join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' })
})

test('directories: where nothing can be made the error comes after two tries of each, not never', async () => {
  const tried: string[] = []
  const nothing = Object.assign(new Error('no such file or directory'), { code: 'ENOENT' })
  const refuse = async (path: string) => {
    tried.push(path)
    throw nothing
  }
  const files = { mkdir: refuse as unknown as typeof mkdir, stat }
  const top = await createTemporaryDirectory()
  await expect(makeDirectories(join(top, 'a', 'b'), 0o777, files)).rejects.toBe(nothing)
  expect(tried).toEqual([join(top, 'a', 'b'), join(top, 'a'), top, join(top, 'a')])
})
