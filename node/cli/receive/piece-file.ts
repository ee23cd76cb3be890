/**
 * The part file of an entry of a share, beside its target. The pieces come in any order, and stand in it as they travel; behind them stand notes
 * of what is there, so that it goes on after a crash. Once all are there, what is sealed is opened in place, from the front to the back: plain
 * text is shorter than cipher text, so it never reaches what is still to be opened, and no second copy needs room. From then on a piece that
 * somebody asks for is sealed again.
 *
 * Layout: the content as it travels · a bit for each piece · plain bytes so far (8 bytes) · the first 512 bytes, once it is being opened.
 */

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises'
import { decodeKeyHex, type FetchShape, MayflyError, openSealed, type PieceStore, type UnsealedContent } from '../../index.ts'
import { openFileSource } from '../../server/store/file-source.ts'
import { explainSystemError } from '../../server/store/system-error.ts'
import { lockPartFile, partFilePathOf } from '../fetch/part-file.ts'

export type PieceFile = Awaited<ReturnType<typeof openPieceFile>>

const COUNT_BYTES = 8
/** Private content can be opened from its first bytes on. @see node/content/PRIVATE.md */
const HEAD_BYTES = 512

/**
 * Goes on with the part file of an earlier attempt, or begins.
 *
 * @throws {MayflyError} ERR_UNAVAILABLE while another process writes it
 * @throws the system's error, in words
 */
export async function openPieceFile(target: string, shape: FetchShape) {
  const path = partFilePathOf(target, decodeKeyHex(shape.hash))
  const unlock = await lockPartFile(path, target).catch((error: unknown) => {
    throw explainSystemError(`Cannot write ${target}`, error)
  })
  try {
    // A link in its place is not followed.
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o666)
    const facts = { path, target, shape, unlock }
    const begin = async (error: unknown) => {
      if (!(error instanceof MayflyError)) throw error
      await file.truncate(0) // its notes are no longer right, as after a power failure
      return createPieceFile(file, facts)
    }
    return await createPieceFile(file, facts)
      .catch(begin)
      .catch(async (error: unknown) => {
        await file.close()
        throw error
      })
  } catch (error) {
    unlock()
    throw explainSystemError(`Cannot write ${target}`, error)
  }
}

interface PieceFileFacts {
  path: string
  target: string
  shape: FetchShape
  unlock(): void
}

async function createPieceFile(file: FileHandle, { path, target, shape, unlock }: PieceFileFacts) {
  const { size, pieceBytes, linkKey, plainSize } = shape
  const count = size > pieceBytes ? Math.ceil(size / pieceBytes) : 1
  const notes = await openNotes(file, size, count)
  const { have } = notes
  /** Opens and seals; undefined before anything was opened in place. */
  let unsealed = notes.head === undefined ? undefined : await openHead(notes.head)
  /** Plain bytes at the front, instead of cipher text. */
  let plainBytes = unsealed === undefined ? 0 : notes.plainBytes
  const isResumed = have.some((byte) => byte !== 0)
  /** The piece that was being opened when the process ended is neither plain nor cipher text. */
  if (unsealed !== undefined && plainBytes < plainSize) clearBit(have, openedPieces())
  /** Where the file is once it has its name. */
  let finished: string | undefined
  let finishing: Promise<unknown> | undefined
  let isClosed = false

  const inWords = (error: unknown): never => {
    throw explainSystemError(`Cannot write ${target}`, error)
  }
  const sizeOf = (index: number) => Math.min(pieceBytes, size - index * pieceBytes)

  async function openHead(head: Uint8Array): Promise<UnsealedContent> {
    const read = async function* () {
      yield head
    }
    const opened = await openSealed({ size, read }, linkKey as Uint8Array)
    if (opened.size === plainSize) return opened
    throw new MayflyError('ERR_DAMAGED', `${target} is not what was shared: it has ${opened.size} bytes, and not ${plainSize} as was said`)
  }

  /** Pieces that were opened in place. */
  function openedPieces(): number {
    if (unsealed === undefined) return 0
    return plainBytes === plainSize ? count : Math.floor(unsealed.resumeAt(plainBytes).sealedBytes / pieceBytes)
  }

  async function readRaw(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await file.read(bytes, 0, length, offset)
    return bytes.subarray(0, bytesRead)
  }

  /** Seals what was opened. The bytes are checked by those who ask for them. */
  async function resealed(opened: UnsealedContent, index: number): Promise<Uint8Array> {
    const plain = finished === undefined ? { size: plainSize, read: readRaw } : await openFileSource(finished)
    return opened.reseal(plain).read(index * pieceBytes, sizeOf(index))
  }

  async function read(index: number): Promise<Uint8Array> {
    await finishing?.catch(() => {})
    if (unsealed !== undefined && (finished !== undefined || index < openedPieces())) return resealed(unsealed, index)
    if (finished !== undefined) return (await openFileSource(finished)).read(index * pieceBytes, sizeOf(index))
    return readRaw(index * pieceBytes, sizeOf(index))
  }

  /** The SHA-256 of the whole as it travels. */
  async function hashOfPieces(from: ReturnType<typeof createHash>, end: number): Promise<void> {
    for (let index = 0; index < end; index++) {
      from.update(unsealed === undefined ? await readRaw(index * pieceBytes, sizeOf(index)) : await resealed(unsealed, index))
    }
  }

  /** Opens piece after piece where it stands. Pieces that were opened before are hashed as they were. */
  async function openInPlace(whole: ReturnType<typeof createHash>, onOpened: (bytes: number) => void): Promise<void> {
    if (unsealed === undefined) {
      const head = await readRaw(0, Math.min(HEAD_BYTES, size))
      unsealed = await openHead(head)
      await notes.writeHead(head)
    }
    const opened = unsealed
    const first = openedPieces()
    await hashOfPieces(whole, first)
    const unsealer = opened.unsealer(opened.resumeAt(plainBytes).nextSlot)
    for (let index = first; index < count; index++) {
      const sealed = await readRaw(index * pieceBytes, sizeOf(index))
      whole.update(sealed)
      const plain = await unsealer.push(sealed)
      await notes.writePlainBytes(plainBytes) // before it is overwritten
      await writeAll(file, plain, plainBytes)
      plainBytes += plain.byteLength
      onOpened(sealed.byteLength)
    }
  }

  async function finish(mayReplace: boolean, onOpened: (bytes: number) => void): Promise<void> {
    const whole = createHash('sha256')
    if (linkKey === undefined) await hashOfPieces(whole, count)
    else await openInPlace(whole, onOpened)
    if (whole.digest('hex') !== shape.hash) throw new MayflyError('ERR_DAMAGED', `${target} is not what was shared: its SHA-256 differs`)
    await file.datasync()
    await file.truncate(plainSize)
    if (!mayReplace && (await lstat(target).catch(() => undefined)) !== undefined) {
      throw new MayflyError('ERR_BAD_PATH', `Cannot write ${target}: another file of that name came meanwhile`)
    }
    await rename(path, target)
    finished = target
    await file.close()
    unlock()
  }

  return {
    path,
    have,
    isResumed,
    /** Bytes of the content, as it travels, that are there. */
    get doneBytes() {
      let done = 0
      for (let index = 0; index < count; index++) if (hasBit(have, index)) done += sizeOf(index)
      return done
    },
    read: (index: number) => read(index).catch(inWords),
    async write(index: number, bytes: Uint8Array): Promise<void> {
      // Cipher text at the place of a piece that was opened would destroy the next one.
      if (index < openedPieces()) throw new MayflyError('ERR_DAMAGED', `${path} was damaged while it was being opened`)
      try {
        await writeAll(file, bytes, index * pieceBytes)
        await notes.add(index)
      } catch (error) {
        inWords(error)
      }
    },
    /**
     * Gives the file its name, once all pieces are there and right.
     *
     * @throws {MayflyError} ERR_DAMAGED; ERR_BAD_PATH when another file has the name and may not be replaced
     * @throws the system's error, in words
     */
    async finish({ mayReplace, onOpened = () => {} }: { mayReplace: boolean; onOpened?(bytes: number): void }): Promise<void> {
      finishing = finish(mayReplace, onOpened)
      await finishing.catch(inWords)
    },
    /** Leaves it for a later attempt, or removes it: when nothing has come, or when told so. May be called twice; does nothing once it is finished. */
    async close({ isSpoilt = false } = {}): Promise<void> {
      if (isClosed || finished !== undefined) return
      isClosed = true
      await notes.written()
      await file.close()
      if (isSpoilt || have.every((byte) => byte === 0)) await rm(path, { force: true })
      unlock()
    },
  } satisfies PieceStore & Record<string, unknown>
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at, bytes.byteLength - at, offset + at)).bytesWritten
}

/** The notes behind the pieces. A file without them, or of another size, begins anew. */
async function openNotes(file: FileHandle, size: number, count: number) {
  const have = new Uint8Array(Math.ceil(count / 8))
  const countAt = size + have.byteLength
  const headAt = countAt + COUNT_BYTES
  let head: Uint8Array | undefined
  let plainBytes = 0
  /** The write that is under way: two of one byte must not overtake each other. */
  let writing: Promise<unknown> = Promise.resolve()
  const there = (await file.stat()).size
  if (there === headAt || there === headAt + HEAD_BYTES) {
    const notes = Buffer.alloc(there - size)
    await file.read(notes, 0, notes.byteLength, size)
    have.set(notes.subarray(0, have.byteLength))
    plainBytes = Number(notes.readBigUInt64BE(have.byteLength))
    if (there > headAt) head = notes.subarray(have.byteLength + COUNT_BYTES)
  } else {
    await file.truncate(0)
    await file.truncate(headAt)
  }
  return {
    have,
    head,
    plainBytes,
    written: () => writing,
    async add(index: number): Promise<void> {
      const at = index >> 3
      have[at] = (have[at] as number) | (0x80 >> (index & 7))
      const write = () => file.write(have, at, 1, size + at)
      writing = writing.then(write, write)
      await writing
    },
    async writePlainBytes(bytes: number): Promise<void> {
      const count = Buffer.alloc(COUNT_BYTES)
      count.writeBigUInt64BE(BigInt(bytes))
      await file.write(count, 0, COUNT_BYTES, countAt)
    },
    async writeHead(bytes: Uint8Array): Promise<void> {
      await file.write(bytes, 0, bytes.byteLength, headAt)
    },
  }
}

const hasBit = (bits: Uint8Array, index: number) => ((bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0

function clearBit(bits: Uint8Array, index: number): void {
  bits[index >> 3] = (bits[index >> 3] ?? 0) & ~(0x80 >> (index & 7))
}
