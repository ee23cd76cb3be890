import { expect, test, vi } from 'vitest'
import { EntryTable } from '../../../browser/sharing/entry-table.ts'
import { ReceiveRecord } from '../../../browser/sharing/receive-record.ts'
import type { FilesPlace, ZipPlace } from '../../../browser/sharing/save-place.ts'
import type { ShareEntry } from '../../../node/index.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

const entry = (id: number, size = 100): ShareEntry => ({
  ...{ id, kind: 'file', path: `${id}.bin`, size, mediaType: '', modifiedMs: undefined, state: 'ready', text: undefined, hash: `${id}` },
})
const place: FilesPlace = { isZip: false, name: 'folder', save: async () => true }
const zip: ZipPlace = { isZip: true, name: 'a.zip', saveAll: async () => {} }

function tableOf(store = new MemoryStore()) {
  const record = new ReceiveRecord(store, 'share')
  return { record, table: new EntryTable(record, undefined, () => {}) }
}

test('entry table: the bar is full when the last file is saved, not when its last byte has come', () => {
  const { table } = tableOf()
  table.want([1, 2], place)
  table.set(1, { phase: 'received', done: 99 })
  table.setSaved(2)
  expect(table.total([entry(1), entry(2), entry(3)])).toEqual({ files: 2, done: 199, total: 200, isComplete: false })
  table.setSaved(1)
  expect(table.total([entry(1), entry(2), entry(3)])).toEqual({ files: 2, done: 200, total: 200, isComplete: true })
})

test('entry table: a file is due until it runs, has failed, or its sharer has more news', () => {
  const { table } = tableOf()
  table.want([1], place)
  expect(table.isDue(entry(1))).toBe(true)
  expect(table.isDue(entry(2))).toBe(false)
  expect(table.isDue({ ...entry(1), state: 'reading', hash: undefined })).toBe(false)
  table.setFailed(1, Object.assign(new Error('not yet'), { code: 'ERR_UNAVAILABLE' }), false)
  expect(table.isDue(entry(1))).toBe(false)
  table.ready()
  expect(table.isDue(entry(1))).toBe(true)
  table.setFailed(1, new Error('the disk is full'), false)
  expect(table.progressOf(entry(1))).toMatchObject({ phase: 'failed', reason: 'the disk is full' })
  table.again()
  expect(table.isDue(entry(1))).toBe(true)
})

test('entry table: a zip file is due once all that goes into it is here, and none of it is saved one by one', () => {
  const { table } = tableOf()
  table.want([1, 2], zip)
  table.want([3], place)
  const all = [entry(1), entry(2), entry(3)]
  table.set(1, { phase: 'received', done: 99 })
  expect(table.zipsDue(all)).toEqual([])
  table.set(2, { phase: 'received', done: 99 })
  expect(table.zipsDue(all)).toEqual([[zip, [entry(1), entry(2)]]])
  table.set(1, { phase: 'saving', done: 99 })
  expect(table.zipsDue(all)).toEqual([])
})

test('entry table: a zip file does not wait for what its sharer cannot read; what is here can be saved when the rest does not come', () => {
  const { table } = tableOf()
  table.want([1, 2], zip)
  table.set(1, { phase: 'received', done: 99 })
  expect(table.unplaced([entry(1), entry(2)], true)).toEqual([])
  expect(table.unplaced([entry(1), entry(2)], false)).toEqual([entry(1)])
  const lost: ShareEntry = { ...entry(2), state: 'failed' }
  expect(table.isLost(lost)).toBe(true)
  expect(table.zipsDue([entry(1), lost])).toEqual([[zip, [entry(1)]]])
  table.setSaved(1)
  expect(table.total([entry(1), lost])).toMatchObject({ files: 1, isComplete: true })
})

test('entry table: after a reload, files wait for a place in a browser where a person chooses it', () => {
  const store = new MemoryStore()
  const { record, table } = tableOf(store)
  table.want([1], place)
  record.keep()
  expect(tableOf(store).table.unplaced([entry(1)], true)).toEqual([entry(1)])
})

test('receive record: a reload finds what was taken and saved; a full storage is no fault', () => {
  const store = new MemoryStore()
  const { record, table } = tableOf(store)
  table.want([1, 2], place)
  table.setSaved(2)
  record.isPaused = true
  record.keep()
  const again = tableOf(store)
  expect([again.record.wanted, again.record.saved, again.record.isPaused]).toEqual([new Set([1, 2]), new Set([2]), true])
  expect(again.table.progressOf(entry(1))).toMatchObject({ phase: 'paused' })
  expect(again.table.progressOf(entry(2))).toMatchObject({ phase: 'saved', done: 100 })
  store.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  expect(() => record.keep()).not.toThrow()
})

test('receive record: a file that was saved is kept as such within a moment, while others still come', () => {
  vi.useFakeTimers()
  try {
    const store = new MemoryStore()
    const { table } = tableOf(store)
    table.want([1, 2], place)
    table.setSaved(1)
    vi.advanceTimersByTime(500)
    expect(tableOf(store).record.saved).toEqual(new Set([1]))
  } finally {
    vi.useRealTimers()
  }
})

test('entry table: a file whose pause was taken back before it had stopped is due again', () => {
  const { record, table } = tableOf()
  table.want([1], place)
  table.set(1, { phase: 'receiving', done: 10 })
  record.isPaused = true
  record.isPaused = false
  table.again()
  table.setFailed(1, new DOMException('aborted', 'AbortError'), true)
  expect(table.progressOf(entry(1))).toMatchObject({ phase: 'waiting' })
  expect(table.isDue(entry(1))).toBe(true)
})
