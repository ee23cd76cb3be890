import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeOutputFile } from '../../node/server/output-file.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

test('output file: is made, and replaced, with nothing left beside it', async () => {
  const directory = await createTemporaryDirectory()
  const path = join(directory, 'a')
  await writeOutputFile(path, Buffer.from('one'))
  await writeOutputFile(path, new Uint8Array())
  expect(await readFile(path, 'utf8')).toBe('')
  await writeOutputFile(path, Buffer.from('three'))
  expect(await readFile(path, 'utf8')).toBe('three')
  expect(await readdir(directory)).toEqual(['a'])
})

test('output file: a link stays one, and a mode stays', async () => {
  const directory = await createTemporaryDirectory()
  await writeFile(join(directory, 'a'), 'old')
  await chmod(join(directory, 'a'), 0o600)
  await symlink('a', join(directory, 'link'))
  await writeOutputFile(join(directory, 'link'), Buffer.from('new'))
  expect(await readlink(join(directory, 'link'))).toBe('a')
  expect(await readFile(join(directory, 'a'), 'utf8')).toBe('new')
  expect((await stat(join(directory, 'a'))).mode & 0o777).toBe(0o600)
})

test('output file: what is no regular file is written to and not replaced', async () => {
  await writeOutputFile('/dev/null', Buffer.from('gone'))
  expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
})

test('output file: a folder, or a place that is not there, is refused with nothing left', async () => {
  const directory = await createTemporaryDirectory()
  await mkdir(join(directory, 'folder'))
  await expect(writeOutputFile(join(directory, 'folder'), Buffer.from('x'))).rejects.toMatchObject({ code: 'EISDIR' })
  await expect(writeOutputFile(join(directory, 'none', 'a'), Buffer.from('x'))).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(writeOutputFile(join(directory, 'a'.repeat(300)), Buffer.from('x'))).rejects.toMatchObject({ code: 'ENAMETOOLONG' })
  expect(await readdir(directory)).toEqual(['folder'])
})
