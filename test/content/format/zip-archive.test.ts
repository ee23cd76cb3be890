import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { MAX_SMALL_BYTES, writeZip, type ZipFile, zipSize } from '../../../node/content/format/zip-archive.ts'
import { readZip, readZipStream } from '../../helpers/zip-reader.ts'

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
  for await (const chunk of writeZip(files, crc32, new AbortController().signal)) chunks.push(chunk)
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

test('writeZip: a file has the date at which it was changed, where its date is one that the format has', async () => {
  const at = (year: number) => new Date(year, 4, 17, 21, 43, 59).getTime()
  const files = [{ ...file('dated', 'a'), modifiedMs: at(2026) }, file('undated', 'b'), { ...file('early', 'c'), modifiedMs: at(1965) }]
  const archive = await collect([...files, { ...file('late', 'd'), modifiedMs: at(2199) }])
  const headers = ['dated', 'undated', 'early', 'late'].map((name) => archive.indexOf(name) - 30)
  expect(headers.map((header) => [archive.readUInt16LE(header + 12), archive.readUInt16LE(header + 10)])).toEqual([
    [(46 << 9) | (5 << 5) | 17, (21 << 11) | (43 << 5) | 29],
    [0x0021, 0],
    [0x0021, 0],
    [0xff9f, 0],
  ])
  const central = archive.indexOf('dated', archive.indexOf('late')) - 46
  expect([archive.readUInt16LE(central + 14), archive.readUInt16LE(central + 12)], 'in the directory').toEqual([
    (46 << 9) | (5 << 5) | 17,
    (21 << 11) | (43 << 5) | 29,
  ])
})

test('writeZip: read front to back it has every file, with checksums and sizes where a reader of a stream looks for them', async () => {
  const large = Buffer.alloc(MAX_SMALL_BYTES + 65_536, 'abc')
  const chunks = [large.subarray(0, 1), large.subarray(1, 262_144), large.subarray(262_144)]
  const inChunks: ZipFile = {
    path: 'b',
    size: large.byteLength,
    read: async function* () {
      yield* chunks
    },
  }
  const files = [
    file('a', 'one', 'two'),
    file('empty'),
    inChunks,
    {
      ...file('c'),
      size: MAX_SMALL_BYTES,
      read: async function* () {
        yield large.subarray(0, MAX_SMALL_BYTES)
      },
    },
  ]
  const archive = await collect(files)
  expect(archive.byteLength).toBe(zipSize(files))
  const read = readZipStream(archive)
  expect([...read.keys()]).toEqual(['a', 'empty', 'b', 'c'])
  expect([read.get('a')?.toString(), read.get('empty')?.byteLength]).toEqual(['onetwo', 0])
  expect(read.get('b')?.equals(large)).toBe(true)
  expect(read.get('c')?.equals(large.subarray(0, MAX_SMALL_BYTES))).toBe(true)
  for (const [path, bytes] of readZip(archive)) expect(read.get(path)?.equals(bytes)).toBe(true)
})

test('writeZip: an archive is made on Unix, since Debian’s unzip reads names of others as those of DOS', async () => {
  const archive = await collect([file('Grüße', 'x')])
  const at = archive.indexOf(Buffer.from('PK\x01\x02', 'latin1'))
  expect([archive[at + 5], archive.readUInt16LE(at + 40)]).toEqual([3, 0o100644])
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
  // Local extra field, long descriptor, two extra fields in the directory, the longer end; and the headers of its blocks.
  expect(large - before - (size - 1)).toBe(20 + 24 + 2 * 28 + 76 + 5 * Math.ceil(size / 65_535))
})

test('writeZip: a file of another size than it said ends the archive', async () => {
  await expect(collect([{ ...file('a', 'xyz'), size: 4 }])).rejects.toThrow('a has 3 bytes instead of 4')
})
