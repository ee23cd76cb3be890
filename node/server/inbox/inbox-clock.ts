/**
 * The time by which messages are removed, which cannot be undone: one clock's word alone is not enough for that. A clock that is further ahead of
 * the last known time than a computer is usually off is not believed, until several senders say the same time, or the owner does.
 */

/** In ms: a computer that was off from Friday to Monday is within it. */
export const MAX_LEAP_MS = 259_200_000
/** Senders who have to say the same time. One or two may be programs on this machine, with its clock. */
const WITNESSES = 3
/** How far their messages may be from this machine's clock, in ms: most arrive within seconds, and others say nothing about the time now. */
const FRESH_MS = 600_000

interface InboxClockOptions {
  /** The latest time of the last run, in ms since the epoch; undefined when there was none. */
  knownMs: number | undefined
  /** True when the owner says that this machine's clock is right. */
  isTrusted: boolean
  /** Clock, in ms; any origin, never set back. */
  monotonic(): number
}

/** Times are in ms since the epoch; `nowMs` is this machine's clock. */
export function createInboxClock({ knownMs, isTrusted, monotonic }: InboxClockOptions) {
  let known = knownMs === undefined ? undefined : { ms: knownMs, atMs: monotonic() }
  /** Bounded: WITNESSES. */
  const witnesses = new Set<string>()
  /** The difference of the two clocks here when the first witness was heard: it changes when this machine's clock is set. */
  let witnessedMs = 0

  /** The latest time that is known to have been: the last run's, and the time that has passed since then. */
  const knownAt = (nowMs: number) => (known === undefined ? nowMs : known.ms + monotonic() - known.atMs)

  function believe(nowMs: number): void {
    known = { ms: nowMs, atMs: monotonic() }
    witnesses.clear()
  }

  return {
    /** @returns the known time, which is this machine's unless that is too far ahead, or behind */
    read(nowMs: number): number {
      const aheadMs = nowMs - knownAt(nowMs)
      if (isTrusted || (aheadMs >= 0 && aheadMs <= MAX_LEAP_MS)) believe(nowMs)
      return knownAt(nowMs)
    },
    /** Takes the time at which another sender says that it has sent a message that just arrived. */
    hear(sender: string, sentAtMs: number, nowMs: number): void {
      if (Math.abs(nowMs - sentAtMs) > FRESH_MS || Math.abs(nowMs - knownAt(nowMs)) <= MAX_LEAP_MS) return
      const differenceMs = nowMs - monotonic()
      if (Math.abs(differenceMs - witnessedMs) > FRESH_MS) witnesses.clear()
      if (witnesses.size === 0) witnessedMs = differenceMs
      witnesses.add(sender)
      if (witnesses.size >= WITNESSES) believe(nowMs)
    },
  }
}
