/** The pieces in the store of a download: which are there, checked each time they are read, and a feed for peers that follow them. */

import { MayflyError } from '../../errors.ts'
import { equalBytes, sha256 } from '../../keys/index.ts'
import { type Outline, pieceCount, pieceHash } from '../format/outline.ts'
import { decodePieceSet, type PieceFeed, type PieceSet } from '../format/piece-set.ts'
import type { PieceStore } from '../types.ts'

export type StoredPieces = Awaited<ReturnType<typeof openStoredPieces>>

/**
 * @param isDoubtful see `ReceiveOptions`
 * @param onLost called when a piece that the store claimed to have is wrong: it counts as missing now
 * @throws {MayflyError} ERR_UNAVAILABLE when the store is for another number of pieces
 * @throws what the store throws
 */
export async function openStoredPieces(
  store: PieceStore,
  outline: Outline,
  isDoubtful: boolean,
  onLost: (index: number) => void,
  signal: AbortSignal,
) {
  const pieces = readPieceSet(store, pieceCount(outline))
  /** Bounded: MAX_FOLLOWS of each stream. */
  const listeners = new Set<(index: number | undefined) => void>()

  const isRight = async (index: number, bytes: Uint8Array) => equalBytes(await sha256(bytes), pieceHash(outline, index))
  const notify = (index: number | undefined) => {
    for (const listener of [...listeners]) listener(index)
  }
  const end = () => {
    notify(undefined)
    listeners.clear()
  }

  if (isDoubtful) {
    for (let index = 0; index < pieces.count; index++) {
      if (!pieces.has(index)) continue
      signal.throwIfAborted()
      if (!(await isRight(index, await store.read(index)))) pieces.delete(index)
    }
  }
  return {
    pieces,
    onPiece(listener: Parameters<PieceFeed['onPiece']>[0]) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    /** @throws what the store throws */
    async write(index: number, bytes: Uint8Array): Promise<void> {
      await store.write(index, bytes)
      pieces.add(index)
      notify(index)
    },
    /** @throws {MayflyError} ERR_NO_HOLDER when the piece is not there, or no longer right */
    async read(index: number): Promise<Uint8Array> {
      if (!pieces.has(index)) throw missing()
      const bytes = await store.read(index)
      if (await isRight(index, bytes)) return bytes
      // Followers must not rely on this store any more: they find this peer anew.
      const wasThere = pieces.delete(index)
      end()
      if (wasThere) onLost(index)
      throw missing()
    },
    end,
  }
}

function readPieceSet({ have }: PieceStore, count: number): PieceSet {
  try {
    return decodePieceSet(have, count)
  } catch (cause) {
    throw new MayflyError('ERR_UNAVAILABLE', `Cannot receive content: the store is not for one of ${count} pieces`, { cause })
  }
}

function missing(): MayflyError {
  return new MayflyError('ERR_NO_HOLDER', 'That piece is not here')
}
