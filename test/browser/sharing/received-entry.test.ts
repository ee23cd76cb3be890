/** Small sealed entries: opened by the file that has just come, read from memory once, and from the store later. */

import { expect, test } from 'vitest'
import { fetchEntry } from '../../../browser/sharing/received-entry.ts'
import { Pace } from '../../../browser/transfer/pace.ts'
import { MemoryFiles } from '../../../browser/transfer/received-files.ts'
import * as library from '../../../node/index.ts'

const WORDS = new TextEncoder().encode('a small file')
const NEVER = new AbortController().signal

/** @param spoil changes the bytes on their way to the disk */
async function fetchSmall({ isReadNext, spoil = () => {} }: { isReadNext: boolean; spoil?: (bytes: Uint8Array) => void }) {
  const linkKey = library.createLinkKey()
  const sealed = await library.sealSource(library.memorySource(WORDS), linkKey)
  const bytes = await sealed.read(0, sealed.size)
  const shape = { hash: 'ab', size: sealed.size, pieceBytes: sealed.size, plainSize: WORDS.byteLength, linkKey }
  const files = new MemoryFiles(() => new library.MayflyError('ERR_TOO_LARGE', 'full'))
  let looks = 0
  const get = files.get.bind(files)
  files.get = (hash) => {
    looks++
    return get(hash)
  }
  const received = {
    async fetch(_: number, storeFor: (shape: library.FetchShape) => Promise<library.PieceStore>) {
      spoil(bytes)
      await (await storeFor(shape)).write(0, bytes)
      return shape
    },
  }
  const entry = { id: 1, size: WORDS.byteLength } as library.ShareEntry
  const options = { signal: NEVER, isDoubtful: false, pace: new Pace(), onProgress() {}, isReadNext }
  const plain = await fetchEntry({ received, files, library: async () => library as never }, entry, options)
  const read = async () => {
    const parts: number[] = []
    for await (const part of plain.read({ signal: NEVER })) parts.push(...part)
    return new Uint8Array(parts)
  }
  return { read, looks: () => looks }
}

test('a small file that is saved at once is read from memory, and from the store when it is saved again', async () => {
  const { read, looks } = await fetchSmall({ isReadNext: true })
  expect([await read(), looks()]).toEqual([WORDS, 0])
  expect(await read()).toEqual(WORDS)
  expect(looks()).toBeGreaterThan(0)
})

test('a small file that is saved later stays in the store alone', async () => {
  const { read, looks } = await fetchSmall({ isReadNext: false })
  expect(looks()).toBe(0)
  expect(await read()).toEqual(WORDS)
  expect(looks()).toBeGreaterThan(0)
})

test('a small file whose bytes are wrong on the disk is refused', async () => {
  const spoil = (bytes: Uint8Array) => bytes.fill(0, 600)
  await expect(fetchSmall({ isReadNext: false, spoil }).then(({ read }) => read())).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
})
