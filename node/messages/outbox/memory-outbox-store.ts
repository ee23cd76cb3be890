/** Outbox store in memory, for a peer that was given no other: it ends with the peer. */

import { createRecentMap } from '../../async/recent-map.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { OutboxEntry, OutboxStore } from '../types.ts'

/** Public keys of receivers that are remembered. */
const MAX_PUBLIC_KEYS = 10_000

export function createMemoryOutboxStore(): OutboxStore {
  /** By id, hex, in the order of creation. Bounded by the outbox, which refuses more. */
  const entries = new Map<string, OutboxEntry>()
  /** By the hashname's key, hex. */
  const publicKeys = createRecentMap<string, Uint8Array>({ maxEntries: MAX_PUBLIC_KEYS })
  const newestFirst = () => [...entries.values()].toReversed().toSorted((a, b) => b.createdAtMs - a.createdAtMs)
  const waiting = () => [...entries.values()].filter(({ isDone }) => !isDone)

  return {
    async put(entry) {
      const name = encodeKeyHex(entry.id)
      if (!entries.has(name)) entries.set(name, entry)
    },
    async change(id, change) {
      const name = encodeKeyHex(id)
      const before = entries.get(name)
      const after = before && change(before)
      if (after !== undefined) entries.set(name, after)
      return after
    },
    async get(id) {
      return entries.get(encodeKeyHex(id))
    },
    async waiting(limit) {
      return waiting()
        .toSorted((a, b) => a.nextTryAtMs - b.nextTryAtMs)
        .slice(0, limit)
    },
    async list(limit) {
      return newestFirst().slice(0, limit)
    },
    async remove(id) {
      entries.delete(encodeKeyHex(id))
    },
    async prune(doneBeforeMs, maxDone) {
      const done = newestFirst().filter(({ isDone }) => isDone)
      for (const [place, { id, createdAtMs }] of done.entries()) {
        if (place >= maxDone || createdAtMs < doneBeforeMs) entries.delete(encodeKeyHex(id))
      }
      const left = waiting()
      return { waiting: left.length, bytes: left.reduce((sum, { envelope }) => sum + envelope.byteLength, 0) }
    },
    async publicKey(end) {
      return publicKeys.get(encodeKeyHex(end))
    },
    async putPublicKey(end, publicKey) {
      publicKeys.set(encodeKeyHex(end), publicKey)
    },
    async close() {},
  }
}
