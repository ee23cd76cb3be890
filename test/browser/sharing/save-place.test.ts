import { expect, test } from 'vitest'
import { folderPlace, inPieces, isBetterAsZip, zipName } from '../../../browser/sharing/save-place.ts'

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

test('a folder is looked up once for the files that come into it, and again when it was removed meanwhile', async () => {
  const names: string[] = []
  let looks = 0
  const openFolder = () => {
    const number = ++looks
    return {
      async getFileHandle(name: string, { create } = { create: false }) {
        if (!create || (number === 1 && name === 'c')) throw new DOMException('It is not there', 'NotFoundError')
        names.push(name)
        return { createWritable: async () => ({ write: async () => {}, close: async () => {} }), getFile: async () => ({ size: 0 }) }
      },
    }
  }
  const place = folderPlace({ name: 'chosen', getDirectoryHandle: async () => openFolder() } as unknown as FileSystemDirectoryHandle)
  const empty = { size: 0, hash: undefined, async *read() {} }
  const options = { signal: new AbortController().signal, onBytes() {} }
  expect([await place.save('in/a', empty, options), await place.save('in/b', empty, options), looks]).toEqual([true, true, 1])
  expect([await place.save('in/c', empty, options), looks, names]).toEqual([true, 2, ['a', 'b', 'c']])
})
