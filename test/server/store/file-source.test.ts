import { appendFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type FileSource, openFileSource } from '../../../node/server/store/file-source.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

async function openFixture(text: string): Promise<{ path: string; source: FileSource; changed: Promise<Error> }> {
  const path = join(await createTemporaryDirectory(), 'a')
  await writeFile(path, text)
  const source = await openFileSource(path)
  const { promise: changed, resolve } = Promise.withResolvers<Error>()
  const stop = source.onChange(resolve)
  onTestFinished(async () => {
    stop()
    await source.close()
  })
  return { path, source, changed }
}

test('file source: reads any part of the file', async () => {
  const { source } = await openFixture('0123456789')
  expect(source.size).toBe(10)
  expect(Buffer.from(await source.read(0, 10)).toString()).toBe('0123456789')
  expect(Buffer.from(await source.read(8, 2)).toString()).toBe('89')
  expect(await source.read(10, 0)).toEqual(new Uint8Array())
})

test.each<[string, (path: string) => Promise<void>]>([
  ['longer', (path) => appendFile(path, 'more')],
  ['shorter', (path) => writeFile(path, '')],
  ['written to with the same size', (path) => writeFile(path, '9876543210').then(() => utimes(path, 0, 1))],
])('file source: a file that got %s is noticed at once, and not read any more', async (_, change) => {
  const { path, source, changed } = await openFixture('0123456789')
  await change(path)
  expect(await changed).toMatchObject({ code: 'ERR_UNAVAILABLE' })
  await expect(source.read(0, 10)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
})

test.each<[string, (path: string) => Promise<void>]>([
  ['taken away', (path) => rm(path)],
  ['replaced', (path) => writeFile(`${path}.new`, 'other').then(() => rename(`${path}.new`, path))],
])('file source: a file that was %s is noticed at once', async (_, change) => {
  const { path, changed } = await openFixture('0123456789')
  await change(path)
  expect(await changed).toMatchObject({ code: 'ERR_UNAVAILABLE' })
})

test('file source: a change between reading and watching is noticed', async () => {
  const path = join(await createTemporaryDirectory(), 'a')
  await writeFile(path, 'one')
  const source = await openFileSource(path)
  onTestFinished(() => source.close())
  await appendFile(path, 'two')
  const { promise: changed, resolve } = Promise.withResolvers<Error>()
  source.onChange(resolve)
  expect(await changed).toMatchObject({ code: 'ERR_UNAVAILABLE' })
})
