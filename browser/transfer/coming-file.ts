/**
 * Reads a received file while it comes: a piece that its reader waits for is handed on while it is being stored, what has just been stored from memory;
 * what was there before, or is behind, is read from the store. So a reader that keeps pace waits for the disk in nothing but the end of the whole.
 */

import { freeBytes } from '../../node/async/free-memory.ts'
import type { PieceStore } from '../../node/index.ts'
import type { ReceivedFile } from './received-files.ts'

export const COMING_FILE_DEFAULTS = {
  /** Pieces that wait for the reader in memory, in bytes of one file. */
  maxBytes: 16_777_216, // twice what is requested at once
}

export interface ComingFile {
  /** For the download. */
  readonly store: PieceStore
  /** In bytes. */
  readonly size: number
  /**
   * Yields the bytes, or a part of them, in order, as they come. For one reader: a piece that was read to its end is forgotten here.
   *
   * @throws the reason of `end`
   */
  read(part?: { offset: number; length: number }): AsyncIterable<Uint8Array>
  /** Nothing comes any more: who waits for more hears the reason. */
  end(reason: unknown): void
}

export function followFile(file: ReceivedFile, { maxBytes }: Partial<typeof COMING_FILE_DEFAULTS> = {}): ComingFile {
  const most = maxBytes ?? COMING_FILE_DEFAULTS.maxBytes
  const { record } = file
  const { size, pieceBytes } = record.shape
  /** By number. Bounded: `maxBytes`, and one that is being stored. */
  const recent = new Map<number, Uint8Array>()
  let recentBytes = 0
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

  async function untilHere(index: number): Promise<void> {
    while (!recent.has(index) && !record.has(index)) {
      if (ended !== undefined) throw ended.reason
      awaited = index
      await news.promise
    }
    awaited = undefined
  }

  async function pieceAt(index: number): Promise<Uint8Array> {
    await untilHere(index)
    const piece = recent.get(index) ?? (await file.read(index))
    if (piece.byteLength !== record.sizeOf(index)) throw new Error('This browser has lost what it had stored')
    return piece
  }

  return {
    size,
    store: {
      get have() {
        return file.have
      },
      read: (index) => file.read(index),
      async write(index, bytes) {
        const isAwaited = index === awaited
        if (isAwaited) remember(index, bytes.slice()) // the store takes the bytes
        const back = await file.writeBack(index, bytes)
        if (!isAwaited && recentBytes + back.byteLength <= most) return remember(index, back)
        tell() // another reader may wait for it, and takes it from the store
        if (isAwaited) freeBytes(back)
      },
    },
    async *read({ offset, length } = { offset: 0, length: size }) {
      const end = Math.min(offset + length, size)
      for (let at = offset; at < end; ) {
        const index = Math.floor(at / pieceBytes)
        const start = record.offsetOf(index)
        const piece = await pieceAt(index)
        const to = Math.min(end - start, piece.byteLength)
        if (to === piece.byteLength) forget(index)
        yield piece.subarray(at - start, to)
        at = start + to
      }
    },
    end(reason) {
      ended ??= { reason }
      recent.clear()
      recentBytes = 0
      tell()
    },
  }
}
