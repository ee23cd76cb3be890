/**
 * All spliced streams of a home: how much each peer may send per second, how much of theirs may wait in memory, and when one has been quiet for
 * so long that nobody can still want it.
 */

import type { Stream } from '@libp2p/interface'
import { createTokenBucket, type TokenBucket } from '../../async/token-bucket.ts'
import { MayflyError } from '../../errors.ts'
import { type Splice, spliceStreams } from './splice.ts'

export interface SplicesOptions {
  /** Asked at each use, so it may change; 0: as fast as it goes. */
  bytesPerSecond(): number
  /** Bytes that may wait in all. */
  maxWaitingBytes(): number
  idleMs: number
  halfOpenMs: number
  /** Clock, in ms; any origin. */
  now(): number
}

/** One stream: its two sides are named by who sends on them, for the rate and the share of memory. */
interface Entry {
  splice: Splice
  keys: readonly [string, string]
  usedAtMs: number
}

interface Sender {
  bucket: TokenBucket
  streams: number
}

/** A stalled direction keeps at most about this: a window that came, and a chunk that waits. */
const STALLED_BYTES = 524_288
/** How often the memory of all stalled streams is counted, at most, in ms. */
const COUNT_MS = 100
const SWEEP_MS = 60_000

export type Splices = ReturnType<typeof createSplices>

export function createSplices(options: SplicesOptions) {
  const { now } = options
  /** Bounded by the quotas of the relay server. */
  const entries = new Set<Entry>()
  /** Those whose bytes wait, or did when they were last counted. */
  const stalled = new Set<Entry>()
  /** By key. Bounded by `entries`. */
  const senders = new Map<string, Sender>()
  let countedAtMs = Number.NEGATIVE_INFINITY
  let bytes = 0
  let sweeper: ReturnType<typeof setInterval> | undefined

  function enter(key: string): void {
    const sender = senders.get(key)
    if (sender !== undefined) sender.streams++
    else senders.set(key, { streams: 1, bucket: createTokenBucket(rate) })
  }
  const rate = {
    get burst() {
      return options.bytesPerSecond()
    },
    get perSecond() {
      return options.bytesPerSecond()
    },
    now,
  }

  function leave(key: string): void {
    const sender = senders.get(key)
    if (sender !== undefined && --sender.streams === 0) senders.delete(key)
  }

  function spend(key: string, count: number): number {
    return options.bytesPerSecond() > 0 ? (senders.get(key)?.bucket.spend(count) ?? 0) : 0
  }

  /** Ends streams while too much waits: the largest of the peer of whose bytes, or for whom, the most does. */
  function trim(): void {
    const nowMs = now()
    if (stalled.size * STALLED_BYTES <= options.maxWaitingBytes() || nowMs - countedAtMs < COUNT_MS) return
    countedAtMs = nowMs
    let waiting = 0
    const byKey = new Map<string, number>()
    for (const entry of stalled) {
      const { waitingBytes } = entry.splice
      if (waitingBytes === 0) stalled.delete(entry)
      waiting += waitingBytes
      for (const key of entry.keys) byKey.set(key, (byKey.get(key) ?? 0) + waitingBytes)
    }
    while (waiting > options.maxWaitingBytes()) {
      const [worst] = [...byKey].reduce((most, each) => (each[1] > most[1] ? each : most))
      const own = [...stalled].filter(({ keys }) => keys.includes(worst))
      const largest = own.reduce((most, each) => (each.splice.waitingBytes > most.splice.waitingBytes ? each : most))
      const { waitingBytes } = largest.splice
      waiting -= waitingBytes
      for (const key of largest.keys) byKey.set(key, (byKey.get(key) ?? 0) - waitingBytes)
      largest.splice.abort(
        new MayflyError('ERR_LIMIT', `Stream ended: more than ${options.maxWaitingBytes()} bytes of relayed streams were waiting`),
      )
    }
  }

  function sweep(): void {
    const nowMs = now()
    for (const { splice, usedAtMs } of entries) if (nowMs - usedAtMs >= options.idleMs) splice.abort(new Error('the stream was not used'))
  }

  return {
    /** Open now, and bytes that went through since the start. */
    get counts() {
      return { streams: entries.size, bytes }
    },
    /** @param keys who sends on each of the two */
    add(first: Stream, second: Stream, keys: readonly [string, string], onEnd: () => void) {
      const entry = { keys, usedAtMs: now() } as Entry
      for (const key of keys) enter(key)
      entries.add(entry)
      entry.splice = spliceStreams(first, second, {
        halfOpenMs: options.halfOpenMs,
        onBytes(side, count) {
          entry.usedAtMs = now()
          bytes += count
          return spend(keys[side], count)
        },
        onStall() {
          stalled.add(entry)
          trim()
        },
        onEnd() {
          entries.delete(entry)
          stalled.delete(entry)
          for (const key of keys) leave(key)
          onEnd()
        },
      })
    },
    /** Ends those that were not used for long; also by its own timer. */
    sweep,
    start() {
      sweeper ??= setInterval(sweep, SWEEP_MS)
    },
    stop() {
      clearInterval(sweeper)
      sweeper = undefined
      for (const { splice } of entries) splice.abort(new Error('this node has stopped'))
    },
  }
}
