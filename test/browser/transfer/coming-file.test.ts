/** Files that are read while they come: in order, from memory where it is, from the store otherwise. */

import { expect, it, vi } from 'vitest'
import { followFile } from '../../../browser/transfer/coming-file.ts'
import { MemoryFiles, type ReceivedFile } from '../../../browser/transfer/received-files.ts'
import { freeBytes } from '../../../node/async/free-memory.ts'

const SHAPE = { size: 10, pieceBytes: 4 }
/** A store takes the bytes of a piece over. */
const pieceOf = (index: number) => [Uint8Array.of(0, 1, 2, 3), Uint8Array.of(4, 5, 6, 7), Uint8Array.of(8, 9)][index] as Uint8Array
const PIECES = [0, 1, 2]

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

/** A file that is open already. */
async function follow(file: ReceivedFile, options?: Parameters<typeof followFile>[2]) {
  const coming = followFile(Promise.resolve(file), SHAPE, options)
  return { ...coming, store: await coming.store }
}

async function bytesOf(parts: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = []
  for await (const part of parts) bytes.push(...part)
  return bytes
}

it('a coming file is read in order, whatever the order in which its pieces come, and without the store', async () => {
  const { file, reads } = await openFile()
  const { store, read } = await follow(file)
  const reading = bytesOf(read())
  for (const index of [2, 0, 1]) await store.write(index, pieceOf(index))
  expect(await reading).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(reads).toEqual([])
})

it('a coming file has its beginning twice: a part of a piece is not the end of it', async () => {
  const { file, reads } = await openFile()
  const { store, read } = await follow(file)
  for (const index of PIECES) await store.write(index, pieceOf(index))
  expect(await bytesOf(read({ offset: 0, length: 2 }))).toEqual([0, 1])
  expect(await bytesOf(read({ offset: 1, length: 100 }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(reads).toEqual([])
})

it('a coming file takes what was there before, and what memory had no room for, from the store', async () => {
  const { file, reads } = await openFile()
  await file.write(0, pieceOf(0))
  const { store, read } = await follow(file, { maxBytes: 4 })
  for (const index of [1, 2]) await store.write(index, pieceOf(index))
  expect(await bytesOf(read())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(reads).toEqual([0, 2])
})

it('a coming file that does not come any more tells its reader why, after what is there', async () => {
  const { file } = await openFile()
  const coming = await follow(file)
  await coming.store.write(0, pieceOf(0))
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
  await file.write(0, pieceOf(0))
  const { read } = await follow({ ...file, record: file.record, read: async () => new Uint8Array(3) })
  await expect(bytesOf(read())).rejects.toThrow('lost')
})

it('a coming file hands on the piece that its reader waits for before it is stored; the reader of the whole waits for the store', async () => {
  const { file, reads } = await openFile()
  const disk = Promise.withResolvers<void>()
  const slow: ReceivedFile = {
    ...{ record: file.record, have: file.have, write: file.write, close: file.close, read: file.read },
    async writeBack(index, bytes) {
      await disk.promise
      return file.writeBack(index, bytes)
    },
  }
  const { store, read } = await follow(slow)
  const got: number[] = []
  const begun = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const part of read()) {
      got.push(...part)
      begun.resolve()
    }
  })()
  const other = store.write(1, pieceOf(1)) // it waits for the first
  const first = store.write(0, pieceOf(0))
  await begun.promise
  expect([got, file.record.has(0)]).toEqual([[0, 1, 2, 3], false])
  disk.resolve()
  await Promise.all([first, other, store.write(2, pieceOf(2))])
  await reading
  expect(got).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(reads).toEqual([])
})

/** Hands pieces to the store as the test says, and back in the buffer in which they are. */
function delayed(file: ReceivedFile) {
  const disk = Promise.withResolvers<void>()
  const slow: ReceivedFile = {
    ...{ record: file.record, have: file.have, write: file.write, close: file.close, read: file.read },
    async writeBack(index, bytes) {
      await disk.promise
      return file.writeBack(index, bytes)
    },
  }
  return { slow, store: disk.resolve }
}

it('a coming file tells a second reader of the piece for which both have waited, once it is stored', async () => {
  const { file } = await openFile()
  const { slow, store: reachDisk } = delayed(file)
  const coming = await follow(slow)
  const first = coming.read({ offset: 0, length: 4 })[Symbol.asyncIterator]()
  const early = first.next()
  const writing = coming.store.write(0, pieceOf(0))
  await early
  await first.next() // it has forgotten the piece
  const second = bytesOf(coming.read({ offset: 0, length: 4 }))
  await new Promise(setImmediate)
  reachDisk()
  await writing
  expect(await second).toEqual([0, 1, 2, 3])
})

it('a coming file frees the memory of a piece that is its own alone', async () => {
  const { file } = await openFile()
  for (const [index, buffer] of [new Uint8Array(4), new Uint8Array(8)].entries()) {
    const coming = await follow(file)
    const reading = bytesOf(coming.read({ offset: index * 4, length: 4 }))
    await new Promise(setImmediate)
    buffer.set(pieceOf(index))
    await coming.store.write(index, buffer.subarray(0, 4))
    expect([await reading, buffer.byteLength]).toEqual([[...pieceOf(index)], index === 0 ? 0 : 8])
  }
})

it('a coming file copies a piece that its reader waits for into the memory of one that was stored', async () => {
  const shape = { size: 12, pieceBytes: 4 }
  const file = await new MemoryFiles(() => new Error('full') as never).open('hash', shape)
  const coming = followFile(Promise.resolve(file), shape)
  const store = await coming.store
  const parts = coming.read()[Symbol.asyncIterator]()
  const got: Uint8Array[] = []
  const made: ArrayBufferLike[] = []
  const taken = vi.spyOn(ArrayBuffer.prototype, 'transfer')
  for (const index of PIECES) {
    const next = parts.next()
    await new Promise(setImmediate)
    await store.write(index, new Uint8Array(4).fill(index + 1))
    got.push((await next).value as Uint8Array)
    made.push(taken.mock.results.at(-1)?.value)
  }
  expect(got.map((part) => [...part])).toEqual([1, 2, 3].map((byte) => Array(4).fill(byte)))
  expect(got.slice(1).map(({ buffer }) => buffer)).toEqual(made.slice(0, 2))
  taken.mockRestore()
})

it('the beginning is read as it comes, before its file is open and before its piece is whole; the rest comes from the store', async () => {
  const { file, reads } = await openFile()
  const opening = Promise.withResolvers<ReceivedFile>()
  const coming = followFile(opening.promise, SHAPE)
  const parts = coming.read()[Symbol.asyncIterator]()
  const next = async () => [...((await parts.next()).value as Uint8Array)]
  const first = next()
  const bytes = Uint8Array.of(0, 1, 2)
  coming.offer(bytes)
  bytes.fill(9) // they are not its own
  expect(await first).toEqual([0, 1, 2])
  expect(await bytesOf(coming.read({ offset: 0, length: 2 }))).toEqual([0, 1])
  const second = next()
  opening.resolve(file)
  const store = await coming.store
  for (const index of PIECES) await store.write(index, pieceOf(index))
  coming.offer(Uint8Array.of(8)) // too late
  expect([await second, await next(), await next()]).toEqual([[3], [4, 5, 6, 7], [8, 9]])
  expect([file.record.isComplete, reads]).toEqual([true, []])
})

it('the beginning keeps its memory, whatever a reader that frees what it has read does', async () => {
  const { file } = await openFile()
  const { store, read, offer } = await follow(file)
  offer(pieceOf(0))
  for await (const part of read({ offset: 0, length: 4 })) freeBytes(part)
  await store.write(0, pieceOf(0))
  expect(await bytesOf(read({ offset: 0, length: 4 }))).toEqual([0, 1, 2, 3])
})

it('a first piece that came early as a whole is handed on once', async () => {
  const { file } = await openFile()
  const { store, read, offer } = await follow(file)
  const reading = bytesOf(read())
  for (const byte of pieceOf(0)) offer(Uint8Array.of(byte))
  offer(Uint8Array.of(4)) // more than the piece
  for (const index of PIECES) await store.write(index, pieceOf(index))
  expect(await reading).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

it('a beginning that is not that of the piece ends the reading', async () => {
  const { file } = await openFile()
  const { store, read, offer } = await follow(file)
  const parts = read()[Symbol.asyncIterator]()
  offer(Uint8Array.of(0, 7))
  await parts.next()
  const next = parts.next()
  await store.write(0, pieceOf(0))
  await expect(next).rejects.toThrow('another one')
})

it('a beginning that proves wrong when all the rest has been read fails the reading', async () => {
  const { file } = await openFile()
  const { store, read, offer } = await follow(file)
  offer(Uint8Array.of(0, 1, 2, 7))
  let count = 0
  const all = Promise.withResolvers<void>()
  const reading = (async () => {
    for await (const part of read()) {
      count += part.byteLength
      if (count === SHAPE.size) all.resolve()
    }
  })()
  reading.catch(() => {})
  for (const index of [1, 2]) await store.write(index, pieceOf(index))
  await all.promise
  await new Promise(setImmediate)
  await store.write(0, pieceOf(0))
  await expect(reading).rejects.toThrow('another one')
})

it('a beginning that is not that of a piece which was there before fails the reading', async () => {
  const { file } = await openFile()
  await file.write(0, pieceOf(0))
  const opening = Promise.withResolvers<ReceivedFile>()
  const coming = followFile(opening.promise, SHAPE)
  coming.offer(Uint8Array.of(0, 1, 2, 7))
  const parts = coming.read()[Symbol.asyncIterator]()
  await parts.next()
  opening.resolve(file)
  const store = await coming.store
  for (const index of [1, 2]) await store.write(index, pieceOf(index))
  for (const _ of [1, 2]) await parts.next()
  await expect(parts.next()).rejects.toThrow('another one')
})

it('a reader whose beginning came early, and whose first piece does not come, is told why', async () => {
  const { file } = await openFile()
  const { store, read, offer, end } = await follow(file)
  offer(pieceOf(0))
  const parts = read()[Symbol.asyncIterator]()
  await parts.next()
  for (const index of [1, 2]) await store.write(index, pieceOf(index))
  for (const _ of [1, 2]) await parts.next()
  const over = parts.next()
  end(new Error('its sharer has left'))
  await expect(over).rejects.toThrow('its sharer has left')
})

it('a file that cannot be opened fails its download; its reader is told by the end', async () => {
  const coming = followFile(Promise.reject(new Error('no space')), SHAPE)
  coming.offer(Uint8Array.of(0, 1))
  await expect(coming.store).rejects.toThrow('no space')
  const parts = coming.read()[Symbol.asyncIterator]()
  expect([...((await parts.next()).value as Uint8Array)]).toEqual([0, 1])
  const next = parts.next()
  coming.end(new Error('no space'))
  await expect(next).rejects.toThrow('no space')
})
