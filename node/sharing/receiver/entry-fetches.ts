/** Contents of a share on their way into the stores of their receiver: from the sharer, and from others that help. */

import { createBackoff } from '../../async/backoff.ts'
import { createWakeUp } from '../../async/wake-up.ts'
import { pieceBytesFor } from '../../content/index.ts'
import type { ContentStore, OpenedContent, PieceStore, Receiving } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { decodeKeyHex } from '../../keys/index.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import type { FetchEntryOptions, FetchShape } from '../types.ts'

/** Contents that are passed on after they are complete, the newest: each has a lease. */
const MAX_HELPED = 32
const RETRY = { firstMs: 500, maxMs: 15_000 }

type ReadyEntry = ListedEntry & { hash: string }

export interface EntryFetchesContext {
  content: Pick<ContentStore, 'open' | 'receive'>
  swarmKey: Uint8Array
  /** One for each content that is sought, to be rung when the sharer is here again, or all is over. */
  waiting: Set<ReturnType<typeof createWakeUp>>
  /** Throws when nobody can have the rest any more. */
  mustGoOn(): void
}

export type EntryFetches = ReturnType<typeof createEntryFetches>

export function createEntryFetches({ content, swarmKey, waiting, mustGoOn }: EntryFetchesContext) {
  /** Of complete contents, oldest first. Bounded: MAX_HELPED. */
  const helped = new Set<Receiving>()
  /** Of contents that are coming. */
  const coming = new Set<Receiving>()
  let isHelping = true

  const isForNow = (error: unknown) =>
    error instanceof MayflyError && ['ERR_NO_HOLDER', 'ERR_NO_NETWORK', 'ERR_UNAVAILABLE', 'ERR_LEFT'].includes(error.code)

  /** Finds the content, and waits while nobody has it. */
  async function open({ hash, outline }: ReadyEntry, { signal, onWaiting }: FetchEntryOptions): Promise<OpenedContent> {
    const backoff = createBackoff(RETRY, Math.random)
    const bell = createWakeUp()
    waiting.add(bell)
    try {
      for (;;) {
        signal?.throwIfAborted()
        try {
          const opened = await content.open(decodeKeyHex(hash), {
            bundle: swarmKey,
            ...(outline && { outline }),
            ...(signal && { signal }),
          })
          onWaiting?.(false)
          return opened
        } catch (error) {
          signal?.throwIfAborted()
          if (!isForNow(error)) throw error
        }
        mustGoOn()
        onWaiting?.(true)
        await bell.wait(backoff.next())
      }
    } finally {
      waiting.delete(bell)
    }
  }

  /** Content that travels whole is piece 0. */
  async function fetchWhole(entry: ReadyEntry, store: PieceStore, options: FetchEntryOptions): Promise<void> {
    const isThere = ((store.have[0] ?? 0) & 0x80) !== 0
    if (!isThere || options.isDoubtful === true) {
      const opened = await open(entry, options)
      const bytes = new Uint8Array(opened.size)
      let at = 0
      for await (const chunk of opened.read(undefined, options.signal ? { signal: options.signal } : {})) {
        bytes.set(chunk, at)
        at += chunk.byteLength
      }
      await store.write(0, bytes)
    }
    options.onProgress?.(entry.travelSize)
  }

  async function fetchPieces(entry: ReadyEntry, outline: Uint8Array, store: PieceStore, options: FetchEntryOptions): Promise<void> {
    const { signal, onProgress, onWaiting, isDoubtful } = options
    let bytes = bytesThere(store.have, entry.travelSize)
    onProgress?.(bytes)
    const receiving = content.receive(decodeKeyHex(entry.hash), {
      outline,
      bundle: swarmKey,
      store,
      ...(signal && { signal }),
      ...(isDoubtful !== undefined && { isDoubtful }),
      onPiece(_, size) {
        bytes = Math.min(entry.travelSize, bytes + size)
        onProgress?.(bytes)
      },
      ...(onWaiting && { onWaiting }),
    })
    coming.add(receiving)
    try {
      await receiving.complete
      onProgress?.(entry.travelSize)
      keepHelping(receiving)
    } catch (error) {
      await receiving.end()
      mustGoOn() // the reason, where the share has ended
      throw error
    } finally {
      coming.delete(receiving)
    }
  }

  function keepHelping(receiving: Receiving): void {
    if (!isHelping) return void receiving.end()
    helped.add(receiving)
    for (const oldest of helped) {
      if (helped.size <= MAX_HELPED) break
      helped.delete(oldest)
      void oldest.end()
    }
  }

  async function endHelping(): Promise<void> {
    const ending = [...helped]
    helped.clear()
    await Promise.all(ending.map((receiving) => receiving.end()))
  }

  return {
    open,
    async fetch(entry: ReadyEntry, storeFor: (shape: FetchShape) => Promise<PieceStore>, options: FetchEntryOptions): Promise<FetchShape> {
      const { hash, outline, travelSize, linkKey, size } = entry
      const shape = { hash, size: travelSize, pieceBytes: outline ? pieceBytesFor(travelSize) : travelSize, linkKey, plainSize: size }
      const store = await storeFor(shape)
      mustGoOn() // the share may have ended meanwhile
      if (outline === undefined) await fetchWhole(entry, store, options)
      else await fetchPieces(entry, outline, store, options)
      return shape
    },
    help(helps: boolean): void {
      isHelping = helps
      if (!helps) void endHelping()
    },
    /** Nobody can have the rest any more. */
    async endComing(): Promise<void> {
      await Promise.all([...coming].map((receiving) => receiving.end()))
    },
    async close(): Promise<void> {
      await Promise.all([endHelping(), ...[...coming].map((receiving) => receiving.end())])
    },
  }
}

/** Bytes of the pieces that a store has: a bit for each, the first in the highest bit of the first byte. */
function bytesThere(have: Uint8Array, size: number): number {
  const pieceBytes = pieceBytesFor(size)
  let bytes = 0
  for (let index = 0; index * pieceBytes < size; index++) {
    if (((have[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0) bytes += Math.min(pieceBytes, size - index * pieceBytes)
  }
  return bytes
}
