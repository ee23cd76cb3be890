/** Files that cannot be saved at a receiver, as its sharer hears of them. */

import { expect, test } from 'vitest'
import { EntryDownloads, MAX_AT_ONCE } from '../../../browser/sharing/entry-downloads.ts'
import { EntryNames } from '../../../browser/sharing/entry-names.ts'
import { createProblemTeller } from '../../../browser/sharing/problem-teller.ts'
import { ReceiveRecord } from '../../../browser/sharing/receive-record.ts'
import type { SavePlace } from '../../../browser/sharing/save-place.ts'
import { type ReceivedShare, type ShareEntry, safePath } from '../../../node/index.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'
import { waitFor } from '../../helpers/wait-for.ts'

const EMPTY = { id: 1, kind: 'file', path: 'a.txt', size: 0, state: 'ready', hash: 'ab' } as ShareEntry

/** @param failure what saving throws, while there is something */
function downloadsTo(failure: { error: unknown }, entries: ShareEntry[] = [EMPTY]) {
  const told: string[] = []
  const saved: number[] = []
  const fetched = new Map<number, (reason: Error) => void>()
  const received = {
    entries,
    tell: (text: string) => told.push(text),
    saved: (id: number) => saved.push(id),
    /** It ends as the test says. */
    fetch: (id: number) => new Promise<never>((_, reject) => fetched.set(id, reject)),
  }
  const record = new ReceiveRecord(new MemoryStore(), 'share')
  const place: SavePlace = {
    isZip: false,
    name: 'folder',
    async save() {
      if (failure.error !== undefined) throw failure.error
      return true
    },
  }
  const downloads = new EntryDownloads({
    received: received as unknown as ReceivedShare,
    library: async () => ({}) as never,
    files: async () => ({}) as never,
    names: new EntryNames(safePath),
    record,
    placeAgain: undefined,
    tell: createProblemTeller(received),
    signal: new AbortController().signal,
    onChange() {},
  })
  return { downloads, place, told, saved, fetched }
}

test('downloads: the sharer is told that a disk is full, and that it goes on', async () => {
  const failure: { error: unknown } = { error: new DOMException('no room', 'QuotaExceededError') }
  const { downloads, place, told, saved } = downloadsTo(failure)
  downloads.want([1], place)
  await waitFor(() => downloads.table.progressOf(EMPTY)?.phase === 'failed', 5_000, 'it has failed')
  expect(told).toEqual(['Its disk is full'])
  failure.error = undefined
  downloads.resume()
  await waitFor(() => saved.length === 1, 5_000, 'it is saved')
  expect(told).toEqual(['Its disk is full', ''])
})

test('downloads: the sharer hears no name of a folder here', async () => {
  const { downloads, place, told } = downloadsTo({ error: new Error('EACCES: /home/ann/secret') })
  downloads.want([1], place)
  await waitFor(() => told.length === 1, 5_000, 'it is told')
  expect(told).toEqual(['It could not save a file'])
})

test('downloads: a share of thousands of files is not looked through after each of them', async () => {
  const COUNT = 2_000
  let looks = 0
  const entries = Array.from({ length: COUNT }, (_, id) => ({
    ...{ id, path: `${id}.txt`, size: 0, state: 'ready', hash: `${id}` },
    get kind() {
      looks++
      return 'file'
    },
  })) as unknown as ShareEntry[]
  const { downloads, place, saved } = downloadsTo({ error: undefined }, entries)
  downloads.want(
    entries.map(({ id }) => id),
    place,
  )
  await waitFor(() => saved.length === COUNT, 20_000, 'all are saved')
  expect(saved.toSorted((a, b) => a - b)).toEqual(entries.map(({ id }) => id))
  expect(looks).toBeLessThan(10 * COUNT)
})

test('downloads: files of one content come one after the other, and another one meanwhile', async () => {
  const entries = [1, 2, 3].map((id) => ({ ...EMPTY, id, hash: id === 3 ? 'cd' : 'ab' }))
  const { downloads, place, saved } = downloadsTo({ error: undefined }, entries)
  downloads.want([1, 2, 3], place)
  expect([1, 2, 3].map((id) => downloads.table.progressOf({ id, size: 0 })?.phase)).toEqual(['receiving', 'waiting', 'receiving'])
  await waitFor(() => saved.length === 3, 20_000, 'all are saved')
})

/** Entries of those sizes, all wanted. */
function wantAll(sizes: readonly number[]) {
  const entries = sizes.map((size, id) => ({ ...EMPTY, id, size, hash: `${id}` }))
  const { downloads, place, fetched } = downloadsTo({ error: undefined }, entries)
  downloads.want(
    entries.map(({ id }) => id),
    place,
  )
  const running = () => entries.filter((entry) => downloads.table.progressOf(entry)?.phase === 'receiving').map(({ id }) => id)
  return { running, fetched }
}
const [SMALL, LARGE] = [1_000, 1_000_000]
const filesOf = (size: number, count: number) => Array<number>(count).fill(size)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

test('downloads: a dozen small files are fetched at once, and three large ones', () => {
  expect(wantAll(filesOf(SMALL, 20)).running()).toEqual(range(0, MAX_AT_ONCE.all))
  expect(wantAll(filesOf(LARGE, 20)).running()).toEqual(range(0, MAX_AT_ONCE.large))
})

test('downloads: small files behind large ones that wait are fetched meanwhile; the next large one begins when one of them has ended', async () => {
  const { running, fetched } = wantAll([...filesOf(LARGE, 5), ...filesOf(SMALL, 20)])
  expect(running()).toEqual([0, 1, 2, ...range(5, 14)])
  await waitFor(() => fetched.has(1) && fetched.has(5), 5_000, 'they are asked for')
  fetched.get(5)?.(new Error('lost'))
  await waitFor(() => running().includes(14), 5_000, 'the next small one')
  fetched.get(1)?.(new Error('lost'))
  await waitFor(() => running().includes(3), 5_000, 'the next large one')
  expect(running()).toEqual([0, 2, 3, ...range(6, 15)])
})

test('downloads: a large file behind small ones has the first place that they leave', async () => {
  const { running, fetched } = wantAll([...filesOf(SMALL, 12), LARGE, ...filesOf(SMALL, 8)])
  expect(running()).toEqual(range(0, 12))
  await waitFor(() => fetched.has(3), 5_000, 'they are asked for')
  fetched.get(3)?.(new Error('lost'))
  await waitFor(() => running().includes(12), 5_000, 'the large one')
  expect(running()).toEqual([0, 1, 2, ...range(4, 13)])
})
