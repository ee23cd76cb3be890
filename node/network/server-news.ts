/**
 * Tells servers that come at the same moment of each other. Each is greeted with those that are connected; for a while it is then told of those
 * that come after it. Of each pair one end is told, and dials the other. A server that comes alone causes no message.
 */

import { TIMERS, type Timers } from '../async/timers.ts'
import { createTokenBucket } from '../async/token-bucket.ts'

export const SERVER_NEWS_DEFAULTS = {
  /** How long a server that was greeted is told of those that come after it, in ms. */
  newcomerMs: 10_000, // a server that comes later is greeted with it
  /** News of this time travel together, in ms. */
  settleMs: 100,
  /** Records in one message. */
  maxRecords: 32,
  /** Records that one newcomer is told in all. */
  maxRecordsInAll: 128,
  /** Newcomers that others are told of: so many at once, and so many per second for long, so that a flood of new names costs no more. */
  burst: 128,
  perSecond: 16,
}

export type ServerNewsOptions = Partial<typeof SERVER_NEWS_DEFAULTS>

/** A server's record, by its peer id in text form. */
export interface NamedRecord {
  id: string
  bytes: Uint8Array
}

interface Newcomer {
  id: string
  /** Servers that it was told of. Bounded: its greeting, and maxRecordsInAll. */
  told: Set<string>
  /** Records that wait for the next message. Bounded: maxRecordsInAll. */
  waiting: Uint8Array[]
  left: number
  send(records: Uint8Array[]): void
  /** Ends the time for which it is one. */
  endTime(): void
}

export type ServerNews = ReturnType<typeof createServerNews>

export function createServerNews(timers: Timers = TIMERS, options: ServerNewsOptions = {}) {
  const { newcomerMs, settleMs, maxRecords, maxRecordsInAll, burst, perSecond } = { ...SERVER_NEWS_DEFAULTS, ...options }
  /** Streams of servers that were greeted a short while ago. Bounded by the connections. */
  const newcomers = new Set<Newcomer>()
  const rate = createTokenBucket({ burst, perSecond, now: timers.now })
  let endWait: (() => void) | undefined

  function sendSome(): void {
    endWait = undefined
    for (const newcomer of newcomers) {
      if (newcomer.waiting.length > 0) newcomer.send(newcomer.waiting.splice(0, maxRecords))
    }
    sendSoon()
  }

  function sendSoon(): void {
    if ([...newcomers].some(({ waiting }) => waiting.length > 0)) endWait ??= timers.after(settleMs, sendSome)
  }

  return {
    /** Servers that are told of others now. */
    get size() {
      return newcomers.size
    },
    /**
     * A server was greeted with these records, and reads further ones. Returns the function that ends it.
     *
     * @param send is called with a few records, the first ones `settleMs` later
     */
    greeted(id: string, records: readonly NamedRecord[], send: Newcomer['send']): () => void {
      const newcomer: Newcomer = {
        id,
        told: new Set(records.map((record) => record.id)),
        waiting: [],
        left: maxRecordsInAll,
        send,
        endTime: timers.after(newcomerMs, () => end()),
      }
      const end = () => {
        newcomer.endTime()
        newcomers.delete(newcomer)
      }
      newcomers.add(newcomer)
      return end
    },
    /** The newcomers that were told of a server, and dial it. */
    toldOf: (id: string) => new Set([...newcomers].flatMap((each) => (each.told.has(id) ? [each.id] : []))),
    /** A server has connected, and has said who it is. */
    met({ id, bytes }: NamedRecord) {
      const toTell = [...newcomers].filter((each) => each.id !== id && each.left > 0 && !each.told.has(id))
      if (toTell.length === 0 || rate.take() > 0) return
      const own = [...newcomers].filter((each) => each.id === id)
      for (const newcomer of toTell) {
        if (own.some(({ told }) => told.has(newcomer.id))) continue
        newcomer.told.add(id)
        newcomer.left--
        newcomer.waiting.push(bytes)
      }
      sendSoon()
    },
    stop() {
      endWait?.()
      endWait = undefined
      for (const newcomer of newcomers) newcomer.endTime()
      newcomers.clear()
    },
  }
}
