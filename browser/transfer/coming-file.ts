/**
 * Reads a received file while it comes, and while it is still being opened: a piece that its reader waits for is handed on while it is being stored, what has just been stored from memory;
 * what was there before, or is behind, is read from the store. So a reader that keeps pace waits for the disk in nothing but the end of the whole.
 */

import { takeMemory } from '../../node/async/free-memory.ts'
import type { PieceStore } from '../../node/index.ts'
import { type FileShape, PieceRecord } from './piece-record.ts'
import type { ReceivedFile } from './received-files.ts'

export const COMING_FILE_DEFAULTS = {
  /** Pieces that wait for the reader in memory, in bytes of one file. */
  maxBytes: 16_777_216, // twice what is requested at once
}

export interface ComingFile {
  /** For the download. Rejects where the file cannot be opened. */
  readonly store: Promise<PieceStore>
  /** In bytes. */
  readonly size: number
  /**
   * Yields the bytes, or a part of them, in order, as they come. For one reader: a piece that was read to its end is forgotten here.
   *
   * @throws the reason of `end`
   */
  read(part?: { offset: number; length: number }): AsyncIterable<Uint8Array>
  /**
   * Hands on the next bytes of the beginning, before their piece is checked and written: for a reader that checks them itself. Copies them. A piece
   * that turns out to be another one fails the reading, at the end of the file at the latest.
   */
  offer(bytes: Uint8Array): void
  /** Nothing comes any more: who waits for more hears the reason. */
  end(reason: unknown): void
}

/** @param shape of the file that is being opened */
export function followFile(
  opening: Promise<ReceivedFile>,
  shape: FileShape,
  { maxBytes }: Partial<typeof COMING_FILE_DEFAULTS> = {},
): ComingFile {
  const most = maxBytes ?? COMING_FILE_DEFAULTS.maxBytes
  const { size, pieceBytes } = shape
  /** Empty until the file is open. */
  let record = new PieceRecord(shape)
  /** The beginning of the first piece, until that is written. */
  let early: Uint8Array | undefined
  let earlyBytes = 0
  /** A reader has some of it. */
  let isUsed = false
  /** The beginning was another one than the piece that was checked. */
  let wrong: Error | undefined
  /** By number. Bounded: `maxBytes`, and one that is being stored. */
  const recent = new Map<number, Uint8Array>()
  let recentBytes = 0
  /** Of a piece that was stored: the next copy takes its memory, since fresh memory costs more than the copy. */
  let spare: Uint8Array | undefined
  /** The piece that the reader waits for. */
  let awaited: number | undefined
  let news = Promise.withResolvers<void>()
  let ended: { reason: unknown } | undefined

  function forget(index: number): void {
    recentBytes -= recent.get(index)?.byteLength ?? 0
    recent.delete(index)
  }

  function tell(): void {
    news.resolve()
    news = Promise.withResolvers()
  }

  function remember(index: number, bytes: Uint8Array): void {
    forget(index)
    recent.set(index, bytes)
    recentBytes += bytes.byteLength
    tell()
  }

  function copyOf(bytes: Uint8Array): Uint8Array {
    const copy = spare?.byteLength === bytes.byteLength ? spare : new Uint8Array(bytes.byteLength)
    if (copy === spare) spare = undefined
    copy.set(bytes)
    return copy
  }

  /** @param at in the file */
  async function untilHere(index: number, at: number): Promise<void> {
    while (!recent.has(index) && !record.has(index) && at >= earlyBytes) {
      if (ended !== undefined) throw ended.reason
      awaited = index
      await news.promise
    }
    awaited = undefined
  }

  async function pieceAt(index: number): Promise<Uint8Array> {
    const piece = recent.get(index) ?? (await (await opening).read(index))
    if (piece.byteLength !== record.sizeOf(index)) throw new Error('This browser has lost what it had stored')
    return piece
  }

  function storeIn(file: ReceivedFile): PieceStore {
    record = file.record
    tell() // pieces of before may be there
    return {
      get have() {
        return file.have
      },
      read: (index) => file.read(index),
      async write(index, bytes) {
        const isKnown = index === 0 && isBegun(bytes)
        const isAwaited = index === awaited && !isKnown
        if (isAwaited) remember(index, copyOf(bytes)) // the store takes the bytes
        const back = await file.writeBack(index, bytes)
        if (index === 0) [early, earlyBytes] = [undefined, 0]
        if (!isAwaited && !isKnown && recentBytes + back.byteLength <= most) return remember(index, back)
        tell() // another reader may wait for it, and takes it from the store
        if (!isAwaited && !isKnown) return
        spare = takeMemory(back) ?? spare
      },
    }
  }

  /** All of the first piece came early. */
  function isBegun(piece: Uint8Array): boolean {
    const isSame = early?.subarray(0, earlyBytes).every((byte, at) => byte === piece[at]) ?? true
    if (!isSame) wrong = new Error('The beginning of the file came as another one')
    return isSame && earlyBytes === piece.byteLength
  }

  /** @throws where the beginning that was read early is another one than that of the piece, once that has been checked */
  async function checkBeginning(): Promise<void> {
    while (!record.has(0)) {
      if (ended !== undefined) throw ended.reason
      await news.promise
    }
    if (early !== undefined) isBegun(await (await opening).read(0)) // it was there before the file was open
    if (wrong !== undefined) throw wrong
  }

  function end(reason: unknown): void {
    ended ??= { reason }
    recent.clear()
    recentBytes = 0
    earlyBytes = 0
    spare = undefined
    tell()
  }

  const store = opening.then(storeIn)
  store.catch(() => {}) // the download says why

  return {
    size,
    store,
    offer(bytes) {
      const isLate = ended !== undefined || record.has(0) || recent.has(0)
      if (isLate || earlyBytes + bytes.byteLength > record.sizeOf(0)) return
      early ??= new Uint8Array(record.sizeOf(0) + 1) // a reader frees bytes that are the whole of their buffer: these never are
      early.set(bytes, earlyBytes)
      earlyBytes += bytes.byteLength
      tell()
    },
    async *read({ offset, length } = { offset: 0, length: size }) {
      const last = Math.min(offset + length, size)
      for (let at = offset; at < last; ) {
        const index = Math.floor(at / pieceBytes)
        const start = record.offsetOf(index)
        await untilHere(index, at)
        if (wrong !== undefined) throw wrong
        if (at < earlyBytes && early !== undefined) {
          const part = early.subarray(at, Math.min(last, earlyBytes))
          at += part.byteLength
          isUsed = true
          yield part
          continue
        }
        const piece = await pieceAt(index)
        const to = Math.min(last - start, piece.byteLength)
        if (to === piece.byteLength) forget(index)
        yield piece.subarray(at - start, to)
        at = start + to
      }
      if (isUsed && last === size) await checkBeginning()
    },
    end,
  }
}
