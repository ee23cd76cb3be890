import { expect, test } from 'vitest'
import { writeZip, type ZipFile, zipSize } from '../../../gateway/content/zip-archive.ts'
import { readZip } from '../../helpers/zip-reader.ts'

function file(path: string, ...chunks: string[]): ZipFile {
  const bytes = chunks.map((chunk) => Buffer.from(chunk))
  return {
    path,
    size: Buffer.concat(bytes).byteLength,
    async *read() {
      yield* bytes
    },
  }
}

async function collect(files: ZipFile[]): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of writeZip(files, new AbortController().signal)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('writeZip: every file is in the archive, whose size was known before', async () => {
  const files = [file('a/ü 🦟', 'one', 'two'), file('empty'), file('z', 'x'.repeat(100_000))]
  const archive = await collect(files)
  expect(archive.byteLength).toBe(zipSize(files))
  expect([...readZip(archive)].map(([path, bytes]) => [path, bytes.toString()])).toEqual([
    ['a/ü 🦟', 'onetwo'],
    ['empty', ''],
    ['z', 'x'.repeat(100_000)],
  ])
  expect((await collect(files)).equals(archive)).toBe(true)
})

test('writeZip: nothing is an archive of nothing', async () => {
  expect(readZip(await collect([])).size).toBe(0)
})

test('writeZip: more files than the old directory can count', async () => {
  const files = Array.from({ length: 65_536 }, (_, i) => file(String(i)))
  const archive = await collect(files)
  expect([archive.byteLength, readZip(archive).size]).toEqual([zipSize(files), 65_536])
})

test('zipSize: a file of 5 GiB has the fields of ZIP64, and moves those behind it there too', () => {
  const size = 5 * 1_024 ** 3
  const before = zipSize([file('a', 'x'), file('b', 'y')])
  const large = zipSize([{ ...file('a', 'x'), size }, file('b', 'y')])
  // Local extra field, longer descriptor, two extra fields in the directory, the longer end.
  expect(large - before - (size - 1)).toBe(20 + 8 + 2 * 28 + 76)
})

test('writeZip: a file of another size than it said ends the archive', async () => {
  await expect(collect([{ ...file('a', 'xyz'), size: 4 }])).rejects.toThrow('a has 3 bytes instead of 4')
})
