/** Queue of due outbox entries: reads the store when an entry becomes due, after a kick, and now and then, since others may share the store. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { OutboxEntry, OutboxStore } from '../types.ts'

/** Entries read at once, usually and after a kick; the rest are read when these have been taken. */
const LOOK_ENTRIES = 64
const KICK_ENTRIES = 1_000

/**
 * @param times the longest time between two readings, and the longest wait that an entry may have: one that is due later than that was
 * written before the clock was set back, and is due
 * @param onRead entries were read
 */
export function createDueEntries(
  store: Pick<OutboxStore, 'waiting'>,
  { lookMs, longestWaitMs }: { lookMs: number; longestWaitMs: number },
  onRead: () => void,
  now: () => number,
) {
  /** By id, hex; first in, first out. `nextTryAtMs` as it was read: another process that takes the entry changes it. Bounded: KICK_ENTRIES. */
  const queue = new Map<string, { id: Key; nextTryAtMs: number }>()
  let isRunning = false
  let isReading = false
  let lookAgain = false
  /** True when the last reading found as many as it may read, all due. */
  let mayBeMore = false
  let isKicked = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let scheduledAtMs = Number.POSITIVE_INFINITY

  /** Reads the store now. */
  function look(): void {
    if (!isRunning) return
    lookAgain = isReading || queue.size > 0
    if (lookAgain) return
    isReading = true
    void read().finally(() => {
      isReading = false
      onRead()
    })
  }

  async function read(): Promise<void> {
    const wasKicked = isKicked
    isKicked = false
    const limit = wasKicked ? KICK_ENTRIES : LOOK_ENTRIES
    // A store that cannot be read now is read again next time.
    const entries = await store.waiting(limit).catch(() => [])
    const nowMs = now()
    const isDue = ({ nextTryAtMs }: OutboxEntry) => wasKicked || nextTryAtMs <= nowMs || nextTryAtMs > nowMs + longestWaitMs
    for (const entry of entries) {
      if (isDue(entry)) queue.set(encodeKeyHex(entry.id), { id: entry.id, nextTryAtMs: entry.nextTryAtMs })
    }
    const next = entries.find((entry) => !isDue(entry))
    mayBeMore = next === undefined && entries.length === limit
    schedule(Math.min(next?.nextTryAtMs ?? Number.POSITIVE_INFINITY, nowMs + lookMs))
  }

  /** Reads the store at that time, in ms since the epoch, if not sooner. */
  function schedule(atMs: number): void {
    if (!isRunning || atMs >= scheduledAtMs) return
    scheduledAtMs = atMs
    clearTimeout(timer)
    timer = setTimeout(
      () => {
        scheduledAtMs = Number.POSITIVE_INFINITY
        look()
      },
      Math.min(Math.max(atMs - now(), 0), lookMs),
    )
  }

  return {
    get size() {
      return queue.size
    },
    start() {
      isRunning = true
      look()
    },
    stop() {
      isRunning = false
      clearTimeout(timer)
      queue.clear()
    },
    look,
    /** Reads the store now, and takes all entries as due. */
    kick() {
      isKicked = true
      look()
    },
    schedule,
    /** Removes and returns the next entry. */
    take() {
      for (const [name, entry] of queue) {
        queue.delete(name)
        return entry
      }
      return undefined
    },
    /** An entry that was taken has been claimed: the next reading will bring others. */
    onClaimed() {
      if (mayBeMore) lookAgain = true
    },
    /** Reads the store if the last reading may have left entries behind. */
    lookOn() {
      if (lookAgain) look()
    },
    remove: (id: Key) => void queue.delete(encodeKeyHex(id)),
  }
}
