import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { keepInputStream } from '../../../node/cli/hold/input-stream.ts'

test.each([0, 1, 99, 100, 101, 5_000])('input stream: %i bytes are kept, in memory up to 100 and in a file beyond', async (size) => {
  const bytes = randomBytes(size)
  const chunks = Array.from({ length: Math.ceil(size / 70) }, (_, i) => bytes.subarray(i * 70, (i + 1) * 70))
  const source = await keepInputStream(Readable.from(chunks), 'it', { maxMemoryBytes: 100 })
  expect(source.size).toBe(size)
  expect(Buffer.from(await source.read(0, size))).toEqual(bytes)
  expect(Buffer.from(await source.read(size >> 1, size - (size >> 1)))).toEqual(bytes.subarray(size >> 1))
  await source.close?.()
})

test('input stream: refuses one byte too many, and does not read an endless input to its end', async () => {
  const refusal = expect.objectContaining({ code: 'ERR_TOO_LARGE' })
  await expect(keepInputStream(Readable.from([Buffer.alloc(101)]), 'it', { maxBytes: 100 })).rejects.toEqual(refusal)
  await expect(keepInputStream(createReadStream('/dev/zero'), 'it', { maxMemoryBytes: 100, maxBytes: 1_000_000 })).rejects.toEqual(refusal)
})

test('input stream: reading can be aborted', async () => {
  const reason = new Error('enough')
  const stopping = new AbortController()
  const reading = keepInputStream(new PassThrough(), 'it', { signal: stopping.signal })
  stopping.abort(reason)
  await expect(reading).rejects.toBe(reason)
})
