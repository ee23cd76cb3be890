/** Entries that are saved while they come: into places that take them so, and into the others afterwards. */

import { expect, test } from 'vitest'
import { EntryNames } from '../../../browser/sharing/entry-names.ts'
import { EntryTable } from '../../../browser/sharing/entry-table.ts'
import { ReceiveRecord } from '../../../browser/sharing/receive-record.ts'
import { saveEntry } from '../../../browser/sharing/save-entry.ts'
import type { FilesPlace } from '../../../browser/sharing/save-place.ts'
import { Pace } from '../../../browser/transfer/pace.ts'
import { MemoryFiles } from '../../../browser/transfer/received-files.ts'
import { type FetchShape, MayflyError, type PieceStore, type ReceivedShare, type ShareEntry, safePath } from '../../../node/index.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const ENTRY = { id: 1, kind: 'file', path: 'a.bin', size: 8, state: 'ready', hash: 'ab' } as ShareEntry
const SHAPE: FetchShape = { hash: 'ab', size: 8, pieceBytes: 4, plainSize: 8, linkKey: undefined }

interface Scene {
  /** The test gives the pieces, and says how it ends. */
  store: PieceStore
  end: PromiseWithResolvers<void>
  /** Of the download: what has come goes on to others until it is aborted. */
  signal: AbortSignal
  /** Bytes that each place was given. */
  written: number[]
  isClosed: boolean
}

/** @param failure what writing throws */
function startScene({ takesComing, isDoubtful = false, failure }: { takesComing: boolean; isDoubtful?: boolean; failure?: Error }) {
  const scene: Partial<Scene> & Pick<Scene, 'end' | 'written' | 'isClosed'> = {
    end: Promise.withResolvers(),
    written: [],
    isClosed: false,
  }
  const place: FilesPlace = {
    ...{ isZip: false, name: 'place', takesComing },
    async save(_, file, { signal, onBytes }) {
      for await (const part of file.read({ signal })) {
        if (failure !== undefined) throw failure
        scene.written.push(...part)
        onBytes(scene.written.length)
      }
      scene.isClosed = true
      return true
    },
  }
  const received = {
    async fetch(_: number, storeFor: (shape: FetchShape) => Promise<PieceStore>, { signal }: { signal: AbortSignal }) {
      scene.signal = signal
      scene.store = await storeFor(SHAPE)
      const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      await Promise.race([scene.end.promise, aborted])
      return SHAPE
    },
  }
  const record = new ReceiveRecord(new MemoryStore(), 'share')
  const table = new EntryTable(record, undefined, () => {})
  table.want([1], place)
  const files = new MemoryFiles(() => new MayflyError('ERR_TOO_LARGE', 'full'))
  const stop = new AbortController()
  const saving = saveEntry(
    {
      ...{ received: received as unknown as ReceivedShare, library: async () => ({ MayflyError }) as never, files: async () => files },
      ...{ names: new EntryNames(safePath), table, pace: new Pace() },
    },
    isDoubtful ? { ...ENTRY, size: 300_000 } : ENTRY, // content that comes whole is never in doubt
    { signal: stop.signal, set: (id, progress) => table.set(id, progress), isDoubtful },
  )
  saving.catch(() => {}) // each test looks at it
  return { scene, saving, table, stop }
}

const give = async ({ store }: Partial<Scene>, index: number) =>
  store?.write(
    index,
    Uint8Array.from({ length: 4 }, (_, i) => 4 * index + i),
  )

test('saving: a place that takes it is given the file while it comes, and has it whole only when all of it is stored', async () => {
  const { scene, saving, table } = startScene({ takesComing: true })
  await waitFor(() => scene.store !== undefined, 5_000, 'it is fetched')
  await give(scene, 0)
  await waitFor(() => scene.written.length === 4, 5_000, 'the first piece is written')
  expect(table.progressOf(ENTRY)?.phase).toBe('receiving')
  await give(scene, 1)
  await waitFor(() => scene.written.length === 8, 5_000, 'the second piece is written')
  expect(scene.isClosed).toBe(false)
  scene.end.resolve()
  expect(await saving).toBe(true)
  expect([scene.isClosed, scene.written]).toEqual([true, [0, 1, 2, 3, 4, 5, 6, 7]])
  expect(table.progressOf(ENTRY)).toMatchObject({ phase: 'saving', written: 8 })
  expect(scene.signal?.aborted).toBe(false)
})

test.each([
  ['another place', { takesComing: false, isDoubtful: false }],
  ['doubtful content', { takesComing: true, isDoubtful: true }],
])('saving: %s is written when all of it is here', async (_, given) => {
  const { scene, saving } = startScene(given)
  await waitFor(() => scene.store !== undefined, 5_000, 'it is fetched')
  for (const index of [0, 1]) await give(scene, index)
  const before = [...scene.written]
  scene.end.resolve()
  expect(await saving).toBe(true)
  expect([before, scene.written]).toEqual([[], [0, 1, 2, 3, 4, 5, 6, 7]])
})

test('saving: a file that stops coming is not closed, and the reason is that of the share', async () => {
  const { scene, saving } = startScene({ takesComing: true })
  await waitFor(() => scene.store !== undefined, 5_000, 'it is fetched')
  await give(scene, 0)
  scene.end.reject(new MayflyError('ERR_SHARE_ENDED', 'It has ended'))
  await expect(saving).rejects.toMatchObject({ code: 'ERR_SHARE_ENDED' })
  expect(scene.isClosed).toBe(false)
})

test('saving: a disk that is full ends what comes, and is the reason', async () => {
  const failure = new DOMException('no room', 'QuotaExceededError')
  const { scene, saving, table } = startScene({ takesComing: true, failure })
  await waitFor(() => scene.store !== undefined, 5_000, 'it is fetched')
  await give(scene, 0)
  await expect(saving).rejects.toBe(failure)
  expect(table.plainOf(1)).toBeUndefined()
})

test('saving: what is stopped is not written any more', async () => {
  const { scene, saving, stop } = startScene({ takesComing: true })
  await waitFor(() => scene.store !== undefined, 5_000, 'it is fetched')
  await give(scene, 0)
  stop.abort(new Error('paused'))
  await expect(saving).rejects.toThrow('paused')
  expect(scene.isClosed).toBe(false)
})

test('saving: another place that is chosen meanwhile has it, and the first one nothing', async () => {
  const { scene, saving, table } = startScene({ takesComing: true })
  await waitFor(() => scene.store !== undefined, 5_000, 'it is fetched')
  await give(scene, 0)
  let there = 0
  const other: FilesPlace = {
    ...{ isZip: false, name: 'other' },
    async save(_, file, { signal }) {
      for await (const part of file.read({ signal })) there += part.byteLength
      return true
    },
  }
  table.want([1], other)
  await give(scene, 1)
  scene.end.resolve()
  expect(await saving).toBe(true)
  expect(there).toBe(8)
})
