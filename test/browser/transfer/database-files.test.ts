import { afterEach, expect, it, vi } from 'vitest'
import type { Database } from '../../../browser/peer/database.ts'
import { DatabaseFiles } from '../../../browser/transfer/database-files.ts'

afterEach(() => vi.unstubAllGlobals())

const SHAPE = { size: 8, pieceBytes: 4 }

/** Files over a database that stores of a piece what `stored` gives. */
async function openFile(stored: (piece: Uint8Array) => Uint8Array) {
  vi.stubGlobal('IDBKeyRange', { bound: () => undefined })
  const pieces = new Map<string, unknown>()
  const request = (result?: unknown) => {
    const asked = { result, onsuccess: () => {} }
    setTimeout(() => asked.onsuccess())
    return asked
  }
  const store = {
    get: (name: unknown[]) => request(pieces.get(String(name))),
    getAllKeys: () => request([]),
    delete: (name?: unknown[]) => request(pieces.delete(String(name))),
    put: (value: unknown, name: unknown[]) => {
      pieces.set(String(name), value instanceof Uint8Array ? stored(value) : value)
      return request()
    },
  }
  const run = (_names: unknown, work: (...stores: unknown[]) => unknown) => work(store, store)
  const database = { read: run, change: run, close: () => {} } as unknown as Database
  return { file: await new DatabaseFiles(database, 'session').open('hash', SHAPE), pieces }
}

it('files in the database have a piece once it was written', async () => {
  const { file } = await openFile((piece) => piece)
  await file.write(1, Uint8Array.of(5, 6, 7, 8))
  expect([file.record.has(0), file.record.has(1), await file.read(1)]).toEqual([false, true, Uint8Array.of(5, 6, 7, 8)])
})

it.each([
  ['fewer bytes', (piece: Uint8Array) => piece.subarray(1)],
  ['other bytes', (piece: Uint8Array) => piece.map((byte) => byte + 1)],
])('files in the database refuse a piece of which %s were stored, and keep nothing of it', async (_, stored) => {
  const { file, pieces } = await openFile(stored)
  await expect(file.write(1, Uint8Array.of(5, 6, 7, 8))).rejects.toThrow('lost a piece')
  expect([file.record.has(1), pieces.size]).toEqual([false, 1])
})

it('files in the database say in words that there is no space', async () => {
  const { file } = await openFile(() => {
    throw new DOMException('x', 'QuotaExceededError')
  })
  await expect(file.write(1, Uint8Array.of(5, 6, 7, 8))).rejects.toThrow('has no space left')
  expect(file.record.has(1)).toBe(false)
})
