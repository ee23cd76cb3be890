import { execFileSync } from 'node:child_process'
import { appendFile, copyFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type FileSource, openFileSource } from '../../../node/server/store/file-source.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

/** A file that is watched; `changed` resolves when the next change is reported. */
async function openFixture(text: string): Promise<{ path: string; source: FileSource; changed(): Promise<void> }> {
  const path = join(await createTemporaryDirectory(), 'a')
  await writeFile(path, text)
  const source = await openFileSource(path)
  let next = Promise.withResolvers<void>()
  onTestFinished(source.onChange(async () => next.resolve()))
  return {
    path,
    source,
    async changed() {
      await next.promise
      next = Promise.withResolvers()
    },
  }
}

const readText = async (source: FileSource) => Buffer.from(await source.read(0, source.size)).toString()

test('file source: reads any part of the file', async () => {
  const { source } = await openFixture('0123456789')
  expect(source.size).toBe(10)
  expect(await readText(source)).toBe('0123456789')
  expect(Buffer.from(await source.read(8, 2)).toString()).toBe('89')
  expect(await source.read(10, 0)).toEqual(new Uint8Array())
})

test.each<[string, (path: string) => Promise<void>]>([
  ['longer', (path) => appendFile(path, 'more')],
  ['shorter', (path) => writeFile(path, '')],
])('file source: a file that got %s is noticed at once, and not read any more', async (_, change) => {
  const { path, source, changed } = await openFixture('0123456789')
  await change(path)
  await changed()
  await expect(source.read(0, 10)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
})

test('file source: a file that was taken away is noticed at once, and not read any more', async () => {
  const { path, source, changed } = await openFixture('0123456789')
  await rm(path)
  await changed()
  await expect(source.read(0, 10)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('file source: a pipe in the place of the file is not waited for', async () => {
  const { path, source, changed } = await openFixture('0123456789')
  await rm(path)
  execFileSync('mkfifo', [path])
  await changed()
  await expect(source.read(0, 10)).rejects.toThrow()
})

test('file source: each write that leaves size and time as they were is noticed, also to a file that has taken the place of the first', async () => {
  const { path, source, changed } = await openFixture('0123456789')
  await utimes(path, 1, 1)
  await changed()
  await writeFile(path, '9876543210').then(() => utimes(path, 1, 1))
  await changed()
  expect(await readText(source)).toBe('9876543210')
  await writeFile(`${path}.new`, 'abcdefghij').then(() => utimes(`${path}.new`, 1, 1))
  await rename(`${path}.new`, path)
  await changed()
  expect(await readText(source)).toBe('abcdefghij')
  await writeFile(path, 'jihgfedcba').then(() => utimes(path, 1, 1))
  await changed()
  expect(await readText(source)).toBe('jihgfedcba')
})

test('file source: a copy in the place of the file is read in its stead', async () => {
  const { path, source, changed } = await openFixture('0123456789')
  await copyFile(path, `${path}.copy`)
  await rename(`${path}.copy`, path)
  await changed()
  expect(await readText(source)).toBe('0123456789')
})

test('file source: a change between reading and watching is noticed', async () => {
  const path = join(await createTemporaryDirectory(), 'a')
  await writeFile(path, 'one')
  const source = await openFileSource(path)
  await appendFile(path, 'two')
  const { promise: changed, resolve } = Promise.withResolvers<void>()
  onTestFinished(source.onChange(async () => resolve()))
  await changed
})
