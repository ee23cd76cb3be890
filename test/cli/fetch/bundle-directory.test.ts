import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasContent, makeTargetPath } from '../../../node/cli/fetch/bundle-directory.ts'
import { sha256 } from '../../../node/index.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

test('bundle directory: makes the folders that lead to a file, and itself', async () => {
  const directory = join(await createTemporaryDirectory(), 'new')
  expect(await makeTargetPath(directory, 'a/b 🙂/c')).toBe(join(directory, 'a/b 🙂/c'))
  expect(await readdir(directory, { recursive: true })).toEqual(['a', 'a/b 🙂'])
})

test.each(['../x', 'a/../../x', '/etc/x', 'a//x', '.', ''])('bundle directory: refuses the path %j', async (path) => {
  const directory = await createTemporaryDirectory()
  await expect(makeTargetPath(directory, path)).rejects.toMatchObject({ code: 'ERR_BAD_PATH' })
  expect(await readdir(directory)).toEqual([])
})

test('bundle directory: never follows an existing link, nor takes a file for a folder', async () => {
  const directory = await createTemporaryDirectory()
  const outside = await createTemporaryDirectory()
  await symlink(outside, join(directory, 'link'))
  await writeFile(join(directory, 'file'), '')
  await mkdir(join(directory, 'folder'))
  for (const path of ['link/x', 'link', 'file/x', 'folder']) {
    await expect(makeTargetPath(directory, path)).rejects.toMatchObject({ code: 'ERR_BAD_PATH' })
  }
  expect(await readdir(outside)).toEqual([])
})

test('bundle directory: recognizes a complete file of an earlier attempt by its bytes', async () => {
  const file = join(await createTemporaryDirectory(), 'a')
  const { signal } = new AbortController()
  const bytes = Buffer.from('some bytes')
  const entry = { path: 'a', size: bytes.byteLength, type: '', key: await sha256(bytes) }
  expect(await hasContent(file, entry, { signal })).toBe(false)
  await writeFile(file, 'somE bytes')
  expect(await hasContent(file, entry, { signal })).toBe(false)
  await writeFile(file, bytes)
  expect(await hasContent(file, entry, { signal })).toBe(true)
})
