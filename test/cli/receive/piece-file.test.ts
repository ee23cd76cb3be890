/** The part file of an entry: pieces in any order, crashes at any time, and the whole file at the end. */

import { createHash, randomBytes } from 'node:crypto'
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPieceFile, type PieceFile } from '../../../node/cli/receive/piece-file.ts'
import { createLinkKey, type FetchShape, memorySource, pieceBytesFor, sealSource } from '../../../node/index.ts'
import { createTemporaryDirectory } from '../../helpers/temporary-directory.ts'

const MIB = 1_048_576
const PIECE = 262_144

interface Content {
  plain: Buffer
  travelling: Uint8Array
  shape: FetchShape
  pieces: Uint8Array[]
}

async function createContent(size: number, isSealed = true): Promise<Content> {
  const plain = randomBytes(size)
  const linkKey = isSealed ? createLinkKey() : undefined
  const source = linkKey === undefined ? memorySource(plain) : await sealSource(memorySource(plain), linkKey)
  const travelling = await source.read(0, source.size)
  const hash = createHash('sha256').update(travelling).digest('hex')
  const pieceBytes = pieceBytesFor(source.size)
  const pieces: Uint8Array[] = []
  for (let at = 0; at === 0 || at < travelling.byteLength; at += pieceBytes) pieces.push(travelling.subarray(at, at + pieceBytes))
  return { plain, travelling, shape: { hash, size: source.size, pieceBytes, linkKey, plainSize: size }, pieces }
}

async function writePieces(file: PieceFile, { pieces }: Content, indexes: Iterable<number>): Promise<void> {
  for (const index of indexes) await file.write(index, (pieces[index] as Uint8Array).slice())
}

function has(file: PieceFile, index: number): boolean {
  return ((file.have[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0
}

/** From the last to the first. */
const backwards = ({ pieces }: Content) => [...pieces.keys()].toReversed()

test.each([
  [0, true],
  [1, true],
  [PIECE - 528, true],
  [PIECE, true],
  [PIECE + 1, true],
  [3 * MIB + 5, true],
  [0, false],
  [1, false],
  [PIECE, false],
  [PIECE + 1, false],
])('piece file: %i bytes, sealed: %s, come backwards and are right; they can be asked for before and after', async (size, isSealed) => {
  const content = await createContent(size, isSealed)
  const directory = await createTemporaryDirectory()
  const target = join(directory, 'a.bin')
  const file = await openPieceFile(target, content.shape)
  await writePieces(file, content, backwards(content))
  expect(file.doneBytes).toBe(content.travelling.byteLength)
  for (const [index, piece] of content.pieces.entries()) expect(Buffer.compare(await file.read(index), piece)).toBe(0)
  await file.finish({ mayReplace: false })
  expect(Buffer.compare(await readFile(target), content.plain)).toBe(0)
  expect(await readdir(directory)).toEqual(['a.bin'])
  for (const [index, piece] of content.pieces.entries()) expect(Buffer.compare(await file.read(index), piece)).toBe(0)
  await file.close()
  expect(await readdir(directory)).toEqual(['a.bin'])
})

test('piece file: a second run has the pieces of the first; one at a time writes', async () => {
  const content = await createContent(2 * MIB)
  const target = join(await createTemporaryDirectory(), 'a')
  const first = await openPieceFile(target, content.shape)
  expect(first.isResumed).toBe(false)
  await writePieces(first, content, [3, 1])
  await expect(openPieceFile(target, content.shape)).rejects.toMatchObject({ code: 'ERR_UNAVAILABLE' })
  await first.close()

  const second = await openPieceFile(target, content.shape)
  expect([second.isResumed, second.doneBytes]).toEqual([true, 2 * PIECE])
  expect(content.pieces.map((_, index) => has(second, index))).toEqual(content.pieces.map((_, index) => index === 1 || index === 3))
  await writePieces(
    second,
    content,
    backwards(content).filter((index) => index !== 1 && index !== 3),
  )
  await second.finish({ mayReplace: false })
  expect(Buffer.compare(await readFile(target), content.plain)).toBe(0)
})

test.each([0, 1, 5, 11, 12])('piece file: a crash while piece %i is being opened costs that piece alone', async (crashAt) => {
  const content = await createContent(3 * MIB)
  const target = join(await createTemporaryDirectory(), 'a')
  const first = await openPieceFile(target, content.shape)
  await writePieces(first, content, backwards(content))
  let opened = 0
  const crash = first.finish({
    mayReplace: false,
    onOpened() {
      if (opened++ === crashAt) throw new Error('power')
    },
  })
  await expect(crash).rejects.toThrow('power')
  await first.close()

  const second = await openPieceFile(target, content.shape)
  const missing = [...content.pieces.keys()].filter((index) => !has(second, index))
  expect(missing).toEqual([crashAt])
  for (const [index, piece] of content.pieces.entries()) {
    if (index !== crashAt) expect(Buffer.compare(await second.read(index), piece), `piece ${index}`).toBe(0)
  }
  await writePieces(second, content, [crashAt])
  await second.finish({ mayReplace: false })
  expect(Buffer.compare(await readFile(target), content.plain)).toBe(0)
})

test('piece file: a piece that was opened, and is wrong after a power failure, is refused as damage; the file begins anew', async () => {
  const content = await createContent(MIB)
  const target = join(await createTemporaryDirectory(), 'a')
  const first = await openPieceFile(target, content.shape)
  await writePieces(first, content, backwards(content))
  let opened = 0
  await expect(
    first.finish({
      mayReplace: false,
      onOpened() {
        if (opened++ === 2) throw new Error('power')
      },
    }),
  ).rejects.toThrow('power')
  await first.close()
  const second = await openPieceFile(target, content.shape)
  await expect(second.write(0, (content.pieces[0] as Uint8Array).slice())).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
  await second.close({ isSpoilt: true })
  const third = await openPieceFile(target, content.shape)
  expect(third.doneBytes).toBe(0)
  await third.close()
})

test('piece file: wrong bytes never get the name, nor does anything replace a file unasked', async () => {
  const content = await createContent(MIB, false)
  const directory = await createTemporaryDirectory()
  const target = join(directory, 'a')
  const wrong = await openPieceFile(target, content.shape)
  await writePieces(wrong, content, backwards(content))
  await wrong.write(0, randomBytes(PIECE))
  await expect(wrong.finish({ mayReplace: false })).rejects.toMatchObject({ code: 'ERR_DAMAGED' })
  await wrong.close({ isSpoilt: true })
  expect(await readdir(directory)).toEqual([])

  const right = await openPieceFile(target, content.shape)
  await writePieces(right, content, backwards(content))
  await writeFile(target, 'mine')
  await expect(right.finish({ mayReplace: false })).rejects.toMatchObject({ code: 'ERR_BAD_PATH' })
  expect(await readFile(target, 'utf8')).toBe('mine')
  await right.close()
})

test('piece file: a file that is shorter than its sender said, within what hides its size, is refused and does not get the name', async () => {
  const content = await createContent(1_000)
  const directory = await createTemporaryDirectory()
  const target = join(directory, 'a.bin')
  const file = await openPieceFile(target, { ...content.shape, plainSize: 1_001 })
  await writePieces(file, content, backwards(content))
  await expect(file.finish({ mayReplace: false })).rejects.toThrow('it has 1000 bytes, and not 1001 as was said')
  await file.close({ isSpoilt: true })
  expect(await readdir(directory)).toEqual([])
})

test('piece file: notes that a power failure has spoilt begin anew', async () => {
  const content = await createContent(MIB)
  const target = join(await createTemporaryDirectory(), 'a')
  const first = await openPieceFile(target, content.shape)
  await writePieces(first, content, [0, 1])
  const { path } = first
  await first.close()
  const { size } = await stat(path)
  const spoilt = await open(path, 'r+')
  await spoilt.write(Buffer.alloc(512, 7), 0, 512, size) // the first bytes of cipher text, where none were
  await spoilt.close()
  const second = await openPieceFile(target, content.shape)
  expect(second.doneBytes).toBe(0)
  await second.close()
})
