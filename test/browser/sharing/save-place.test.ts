import { expect, test } from 'vitest'
import { receiverIdOf } from '../../../browser/sharing/receive-record.ts'
import { inPieces, isBetterAsZip, zipName } from '../../../browser/sharing/save-place.ts'
import { MemoryStore } from '../../helpers/memory-store.ts'

test('zip name: that of the folder that all files are in', () => {
  expect(zipName(['trip/a', 'trip/b/c'])).toBe('trip.zip')
  expect(zipName(['trip/a', 'b'])).toBe('shared files.zip')
  expect(zipName(['a', 'b'])).toBe('shared files.zip')
})

test('a browser without folders offers a zip file first for many files, and for folders', () => {
  expect(isBetterAsZip(['a', 'b'])).toBe(false)
  expect(isBetterAsZip(['a/b', 'b'])).toBe(true)
  expect(isBetterAsZip(['a', 'b', 'c', 'd', 'e', 'f'])).toBe(true)
})

test('pieces of one size, however the bytes come', async () => {
  async function* parts() {
    yield Uint8Array.of(1)
    yield Uint8Array.of(2, 3, 4, 5, 6)
    yield Uint8Array.of(7)
  }
  const pieces: number[][] = []
  for await (const piece of inPieces(parts(), 3)) pieces.push([...piece])
  expect(pieces).toEqual([[1, 2, 3], [4, 5, 6], [7]])
})

test('a browser is the same receiver of a share at each visit, and another of another share', () => {
  const store = new MemoryStore()
  const first = receiverIdOf(store, 'share')
  expect(receiverIdOf(store, 'share')).toEqual(first)
  expect(receiverIdOf(store, 'other')).not.toEqual(first)
  store.setItem('mayfly:receivers', '[["share","no base64, and too short"],7]')
  expect(receiverIdOf(store, 'share')).toHaveLength(16)
})
