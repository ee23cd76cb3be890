import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readInput } from '../../node/server/input-bytes.ts'
import { createTemporaryDirectory } from '../helpers/temporary-directory.ts'

test.each([0, 1, 99, 100])('input: reads %i bytes of at most 100, from a file and from standard input', async (size) => {
  const bytes = Buffer.alloc(size, 7)
  const path = join(await createTemporaryDirectory(), 'a')
  await writeFile(path, bytes)
  expect(await readInput({ path, stdin: Readable.from([]), maxBytes: 100 })).toEqual(bytes)
  expect(await readInput({ path: '-', stdin: Readable.from([bytes]), maxBytes: 100 })).toEqual(bytes)
})

test('input: one byte too much is refused, and an endless input is not read to its end', async () => {
  const refusal = expect.objectContaining({ code: 'ERR_TOO_LARGE' })
  const path = join(await createTemporaryDirectory(), 'a')
  await writeFile(path, Buffer.alloc(101))
  await expect(readInput({ path, stdin: Readable.from([]), maxBytes: 100 })).rejects.toEqual(refusal)
  await expect(readInput({ path: '/dev/zero', stdin: Readable.from([]), maxBytes: 100 })).rejects.toEqual(refusal)
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(10)
    })(),
  )
  await expect(readInput({ path: '-', stdin: endless, maxBytes: 100 })).rejects.toEqual(refusal)
})

test('input: a folder is wrong usage, a file that is not there a failure', async () => {
  const directory = await createTemporaryDirectory()
  const stdin = Readable.from([])
  await expect(readInput({ path: directory, stdin, maxBytes: 100 })).rejects.toMatchObject({ code: 'ERR_BAD_OPTION' })
  await expect(readInput({ path: join(directory, 'none'), stdin, maxBytes: 100 })).rejects.toMatchObject({ code: 'ENOENT' })
})

test('input: waiting for standard input can be ended', async () => {
  const reason = new Error('enough')
  const stopping = new AbortController()
  const reading = readInput({ path: '-', stdin: new PassThrough(), maxBytes: 100, signal: stopping.signal })
  stopping.abort(reason)
  await expect(reading).rejects.toBe(reason)
})
