/** Files that are read while they come: in order, from memory where it is, from the store otherwise. */

import { expect, it } from 'vitest'
import { followFile } from '../../../browser/transfer/coming-file.ts'
import { MemoryFiles, type ReceivedFile } from '../../../browser/transfer/received-files.ts'

const SHAPE = { size: 10, pieceBytes: 4 }
const PIECES = [Uint8Array.of(0, 1, 2, 3), Uint8Array.of(4, 5, 6, 7), Uint8Array.of(8, 9)]

/** Counts what is read from the store. */
async function openFile() {
  const file = await new MemoryFiles(() => new Error('full') as never).open('hash', SHAPE)
  const reads: number[] = []
  const counting: ReceivedFile = {
    ...{ record: file.record, have: file.have, write: file.write, writeBack: file.writeBack, close: file.close },
    read(index) {
      reads.push(index)
      return file.read(index)
    },
  }
  return { file: counting, reads }
}

async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = []
  for await (const part of parts) bytes.push(...part)
  return bytes
}

it('a coming file is read in order, whatever the order in which its pieces come, and without the store', async () => {
  const { file, reads } = await openFile()
  const { store, read } = followFile(file)
  const reading = bytesOf(read())
  for (const index of [2, 0, 1]) await store.write(index, PIECES[index] as Uint8Array)
  expect(await reading).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(reads).toEqual([])
})

it('a coming file has its beginning twice: a part of a piece is not the end of it', async () => {
  const { file, reads } = await openFile()
  const { store, read } = followFile(file)
  for (const [index, piece] of PIECES.entries()) await store.write(index, piece)
  expect(await bytesOf(read({ offset: 0, length: 2 }))).toEqual([0, 1])
  expect(await bytesOf(read({ offset: 1, length: 100 }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(reads).toEqual([])
})

it('a coming file takes what was there before, and what memory had no room for, from the store', async () => {
  const { file, reads } = await openFile()
  await file.write(0, PIECES[0] as Uint8Array)
  const { store, read } = followFile(file, { maxBytes: 4 })
  for (const index of [1, 2]) await store.write(index, PIECES[index] as Uint8Array)
  expect(await bytesOf(read())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(reads).toEqual([0, 2])
})

it('a coming file that does not come any more tells its reader why, after what is there', async () => {
  const { file } = await openFile()
  const coming = followFile(file)
  await coming.store.write(0, PIECES[0] as Uint8Array)
  const got: number[] = []
  const reading = (async () => {
    for await (const part of coming.read()) got.push(...part)
  })()
  coming.end(new Error('its sharer has left'))
  await expect(reading).rejects.toThrow('its sharer has left')
  expect(got).toEqual([0, 1, 2, 3])
})

it('a coming file refuses a piece that the store gives back shorter', async () => {
  const { file } = await openFile()
  await file.write(0, PIECES[0] as Uint8Array)
  const { read } = followFile({ ...file, record: file.record, read: async () => new Uint8Array(3) })
  await expect(bytesOf(read())).rejects.toThrow('lost')
})

it('a coming file begins with its first piece, not with another, and says why where it does not begin', async () => {
  const { file } = await openFile()
  const coming = followFile(file)
  let hasBegun = false
  const begun = coming.begun().then(() => {
    hasBegun = true
  })
  await coming.store.write(1, PIECES[1] as Uint8Array)
  expect(hasBegun).toBe(false)
  await coming.store.write(0, PIECES[0] as Uint8Array)
  await begun
  const other = followFile((await openFile()).file)
  other.end(new Error('gone'))
  await expect(other.begun()).rejects.toThrow('gone')
})
