/** Contents of a share on their way into the stores of their receiver: from the sharer, and from others that help. */

import { createBackoff } from '../../async/backoff.ts'
import { createWakeUp } from '../../async/wake-up.ts'
import type { ContentService } from '../../content/content.ts'
import type { KnownHolder } from '../../content/index.ts'
import type { OpenedContent, PieceStore, Receiving } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { decodeKeyHex, encodeKeyHex, sha256 } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { FetchEntryOptions, FetchShape } from '../types.ts'
import { bytesThere, hasPiece, mustAddUp, otherSize, type ReadyEntry, shapeOf } from './fetch-shape.ts'
import { createHelping } from './helping.ts'

const RETRY = { firstMs: 500, maxMs: 15_000 }

export interface EntryFetchesContext {
  content: Pick<ContentService, 'open' | 'receive' | 'hold' | 'release'>
  swarmKey: Uint8Array
  /** Held by those who pass on what they have. */
  helpersKey: Uint8Array
  /** The sharer, while it is here. */
  sharer(): KnownHolder | undefined
  /** One for each content that is sought, to be rung when the sharer is here again, or all is over. */
  waiting: Set<ReturnType<typeof createWakeUp>>
  /** Throws when nobody can have the rest any more. */
  mustGoOn(): void
}

export type EntryFetches = ReturnType<typeof createEntryFetches>

export function createEntryFetches({ content, swarmKey, helpersKey, sharer, waiting, mustGoOn }: EntryFetchesContext) {
  const helping = createHelping(content)

  const isForNow = (error: unknown) =>
    error instanceof MayflyError && ['ERR_NO_HOLDER', 'ERR_NO_NETWORK', 'ERR_UNAVAILABLE', 'ERR_LEFT'].includes(error.code)

  /** At the sharer; whole content, which has no swarm of its own, also at the helpers. */
  async function find({ hash, outline }: ReadyEntry, abort: AbortOptions): Promise<OpenedContent> {
    const key = decodeKeyHex(hash)
    const known = sharer()
    const options = { bundle: swarmKey, ...(known && { known }), ...abort }
    if (outline !== undefined) return content.open(key, { ...options, outline })
    try {
      return await content.open(key, options)
    } catch (error) {
      abort.signal?.throwIfAborted()
      if (!isForNow(error)) throw error
      return content.open(key, { bundle: helpersKey, ...abort })
    }
  }

  /** Finds the content, and waits while nobody has it. */
  async function open(entry: ReadyEntry, { signal, onWaiting }: FetchEntryOptions): Promise<OpenedContent> {
    mustAddUp(entry)
    const backoff = createBackoff(RETRY, Math.random)
    const bell = createWakeUp()
    waiting.add(bell)
    try {
      for (;;) {
        signal?.throwIfAborted()
        try {
          const opened = await find(entry, signal ? { signal } : {})
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

  /** Content that travels whole is piece 0. It comes at once or not at all: what is cut is looked for again. */
  async function fetchWhole(entry: ReadyEntry, store: PieceStore, options: FetchEntryOptions): Promise<void> {
    const whole = { hash: entry.hash, size: entry.travelSize, store }
    const isThere = hasPiece(store.have, 0)
    if (isThere && (options.isDoubtful !== true || encodeKeyHex(await sha256(await store.read(0))) === entry.hash)) {
      helping.cameWhole(whole)
    } else {
      const { bytes } = await open(entry, options)
      if (bytes?.byteLength !== entry.travelSize) throw otherSize()
      await store.write(0, bytes.slice())
      helping.cameWhole(whole, bytes)
    }
    options.onProgress?.(entry.travelSize)
  }

  /** @param opening the store: its sharer is asked meanwhile */
  async function fetchPieces(
    entry: ReadyEntry,
    outline: Uint8Array,
    opening: Promise<PieceStore>,
    options: FetchEntryOptions,
  ): Promise<void> {
    const { signal, onProgress, onWaiting, isDoubtful } = options
    let bytes = 0
    const store = opening.then((opened) => {
      bytes = bytesThere(opened.have, entry.travelSize)
      onProgress?.(bytes)
      return opened
    })
    let receiving: Receiving
    const known = sharer()
    try {
      receiving = content.receive(decodeKeyHex(entry.hash), {
        outline,
        bundle: swarmKey,
        store,
        ...(known && { known }),
        ...(signal && { signal }),
        ...(isDoubtful !== undefined && { isDoubtful }),
        onPiece(_, size) {
          bytes = Math.min(entry.travelSize, bytes + size)
          onProgress?.(bytes)
        },
        ...(onWaiting && { onWaiting }),
      })
    } catch (error) {
      await store // a reason of its own comes first: the store that does not open, the share that has ended
      throw error
    }
    helping.coming(receiving)
    try {
      await Promise.all([receiving.complete, store])
      onProgress?.(entry.travelSize)
      helping.came(receiving)
    } catch (error) {
      helping.cut(receiving)
      // A store that is still being opened is its caller's to close, who can do so once it is there.
      await Promise.allSettled([receiving.end(), opening])
      mustGoOn() // the reason, where the share has ended
      throw error
    }
  }

  return {
    open,
    async fetch(entry: ReadyEntry, storeFor: (shape: FetchShape) => Promise<PieceStore>, options: FetchEntryOptions): Promise<FetchShape> {
      const { outline } = entry
      const shape = shapeOf(entry)
      mustAddUp(entry)
      const opening = storeFor(shape).then((store) => {
        mustGoOn() // the share may have ended meanwhile
        return store
      })
      if (outline === undefined) await fetchWhole(entry, await opening, options)
      else await fetchPieces(entry, outline, opening, options)
      return shape
    },
    help: helping.help,
    endComing: helping.endComing,
    close: helping.close,
  }
}
