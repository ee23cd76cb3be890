/** Files of a share come into a folder. The share is in the test's hand: it has the bytes, and fails as it is told. */

import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createOutput } from '../../../node/cli/print/output.ts'
import { receiveFiles } from '../../../node/cli/receive/receive-files.ts'
import { openReceiveRecord } from '../../../node/cli/receive/receive-record.ts'
import {
  createLinkKey,
  type FetchShape,
  MayflyError,
  memorySource,
  pieceBytesFor,
  type ReceivedShare,
  type ShareEntry,
  sealSource,
} from '../../../node/index.ts'
import { createCollectingStream } from '../../helpers/collecting-stream.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const PATH = `/s/${'a'.repeat(52)}#secret`

interface FakeFile {
  path: string
  bytes: Uint8Array
  state?: ShareEntry['state']
  /** How many pieces come before it is cut. */
  cutAfter?: number
}

/** A share whose files are fetched piece by piece, backwards, except those that the store has. */
async function createFakeShare(files: FakeFile[]) {
  const saved: number[] = []
  const fetched: number[] = []
  const listeners = new Set<() => void>()
  const contents = await Promise.all(
    files.map(async ({ bytes }) => {
      const linkKey = createLinkKey()
      const source = await sealSource(memorySource(bytes), linkKey)
      const whole = await source.read(0, source.size)
      const hash = createHash('sha256').update(whole).digest('hex')
      const shape: FetchShape = {
        hash,
        size: whole.byteLength,
        pieceBytes: pieceBytesFor(whole.byteLength),
        linkKey,
        plainSize: bytes.length,
      }
      return { whole, shape }
    }),
  )
  let entries = files.map(({ path, bytes, state = 'ready' }, id): ShareEntry => {
    const hash = state === 'ready' ? contents[id]?.shape.hash : undefined
    return { id, kind: 'file', path, size: bytes.length, mediaType: '', modifiedMs: 1_700_000_000_000, state, text: undefined, hash }
  })
  const share = {
    get entries() {
      return entries
    },
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async fetch(id, storeFor, { onProgress } = {}) {
      const { whole, shape } = contents[id] as (typeof contents)[number]
      const store = await storeFor(shape)
      const count = Math.ceil(shape.size / shape.pieceBytes)
      let came = 0
      for (let index = count - 1; index >= 0; index--) {
        if (((store.have[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0) continue
        if (came++ === files[id]?.cutAfter) throw new MayflyError('ERR_UNAVAILABLE', 'cut')
        const piece = whole.slice(index * shape.pieceBytes, (index + 1) * shape.pieceBytes)
        await store.write(index, piece)
        fetched.push(piece.byteLength)
        onProgress?.(piece.byteLength)
      }
      return shape
    },
    saved: (id) => void saved.push(id),
  } as Partial<ReceivedShare> as ReceivedShare
  return {
    share,
    saved,
    fetchedBytes: () => fetched.reduce((sum, bytes) => sum + bytes, 0),
    change(id: number, change: Partial<ShareEntry>) {
      entries = entries.map((entry) => (entry.id === id ? { ...entry, hash: contents[id]?.shape.hash, ...change } : entry))
      for (const listener of [...listeners]) listener()
    },
  }
}

async function receive(share: ReceivedShare, directory: string, data: string, { mayReplace = false } = {}) {
  const [stdout, stderr] = [createCollectingStream(), createCollectingStream({ isTTY: true })]
  const result = await receiveFiles({
    share,
    entries: share.entries,
    directory,
    record: await openReceiveRecord(data, PATH),
    output: createOutput({ stdout, stderr, json: false }),
    mayReplace,
    onProgress: () => {},
    signal: new AbortController().signal,
  })
  return { ...result, said: stderr.text() }
}

test('receive: files in folders arrive under their names, with their times; a second run fetches nothing', async () => {
  const [directory, data] = [await createTemporaryDirectory(), await createTemporaryDirectory()]
  const files = ['a', 'b/c/déjà vu 🙂', 'b/c/d'].map((path, i) => ({ path, bytes: randomBytes(i * 300_000) }))
  const { share, saved, fetchedBytes } = await createFakeShare(files)
  expect(await receive(share, join(directory, 'new'), data)).toMatchObject({ saved: 3, failed: 0, bytes: 900_000 })
  for (const { path, bytes } of files) expect(Buffer.compare(await readFile(join(directory, 'new', path)), bytes)).toBe(0)
  expect((await stat(join(directory, 'new/a'))).mtimeMs).toBe(1_700_000_000_000)
  expect(saved.toSorted()).toEqual([0, 1, 2])
  const before = fetchedBytes()
  expect(await receive(share, join(directory, 'new'), data)).toMatchObject({ saved: 3, failed: 0 })
  expect([fetchedBytes(), saved.length]).toEqual([before, 6])
})

test('receive: a file that is there keeps its bytes, and the new one gets a number; --overwrite replaces it', async () => {
  const [directory, data] = [await createTemporaryDirectory(), await createTemporaryDirectory()]
  await writeFile(join(directory, 'a.txt'), 'mine')
  const { share } = await createFakeShare([{ path: 'a.txt', bytes: Buffer.from('theirs') }])
  const { said } = await receive(share, directory, data)
  expect(said).toContain('a.txt is there already: saving a (2).txt')
  expect([await readFile(join(directory, 'a.txt'), 'utf8'), await readFile(join(directory, 'a (2).txt'), 'utf8')]).toEqual([
    'mine',
    'theirs',
  ])
  await receive(share, directory, await createTemporaryDirectory(), { mayReplace: true })
  expect((await readdir(directory)).toSorted()).toEqual(['a (2).txt', 'a.txt'])
  expect(await readFile(join(directory, 'a.txt'), 'utf8')).toBe('theirs')
})

test('receive: a cut leaves what came, and the next run fetches only the rest', async () => {
  const [directory, data] = [await createTemporaryDirectory(), await createTemporaryDirectory()]
  const file: FakeFile = { path: 'film', bytes: randomBytes(3_000_000), cutAfter: 5 }
  const { share, fetchedBytes } = await createFakeShare([file])
  await expect(receive(share, directory, data)).rejects.toThrow('cut')
  expect(await readdir(directory)).toEqual([expect.stringMatching(/^film\.[0-9a-f]{16}\.part$/)])
  delete file.cutAfter
  expect(await receive(share, directory, data)).toMatchObject({ saved: 1 })
  expect(fetchedBytes()).toBeLessThan(3_200_000) // padded once, and no piece twice
  expect(Buffer.compare(await readFile(join(directory, 'film')), file.bytes)).toBe(0)
  expect(await readdir(directory)).toEqual(['film'])
})

test('receive: a file that is still being read is waited for; one that cannot be read is said, and the others come', async () => {
  const [directory, data] = [await createTemporaryDirectory(), await createTemporaryDirectory()]
  const bytes = randomBytes(10)
  const { share, saved, change } = await createFakeShare([
    { path: 'late', bytes, state: 'reading' },
    { path: 'gone', bytes, state: 'failed' },
    { path: 'there', bytes },
  ])
  const receiving = receive(share, directory, data)
  change(0, { state: 'ready' })
  const { said, ...result } = await receiving
  expect(result).toEqual({ saved: 2, failed: 1, bytes: 20 })
  expect(said).toContain('Cannot receive gone')
  expect(saved.toSorted()).toEqual([0, 2])
})

test('receive: no link leads out of the folder', async () => {
  const [directory, data, outside] = [await createTemporaryDirectory(), await createTemporaryDirectory(), await createTemporaryDirectory()]
  await mkdir(join(directory, 'in'))
  const { symlink } = await import('node:fs/promises')
  await symlink(outside, join(directory, 'out'))
  const { share } = await createFakeShare([{ path: 'out/a', bytes: randomBytes(1) }])
  await expect(receive(share, directory, data)).rejects.toMatchObject({ code: 'ERR_BAD_PATH' })
  expect(await readdir(outside)).toEqual([])
})

test('receive: names that other systems cannot keep are changed, and it is said; twins stay apart', async () => {
  const [directory, data] = [await createTemporaryDirectory(), await createTemporaryDirectory()]
  const paths = ['CON', 'a:b?.txt', 'A.txt', 'a.txt', '../../out', '/root', 'ends. ', 'x'.repeat(300)]
  const { share } = await createFakeShare(paths.map((path) => ({ path, bytes: Buffer.from(path) })))
  const { said } = await receive(share, directory, data)
  const names = (await readdir(directory)).toSorted()
  expect(names).toEqual(['A.txt', '_', '_CON', 'a (2).txt', 'a_b_.txt', 'ends', 'root', 'x'.repeat(220)].toSorted())
  expect(await readFile(join(directory, '_', '_', 'out'), 'utf8')).toBe('../../out')
  expect(said).toContain('CON is saved as _CON: some systems have a device of that name')
})
