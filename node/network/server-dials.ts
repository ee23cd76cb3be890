/**
 * Dials servers that others have told of, a few at once: as many more as come about, and fewer when dials run out of time, because this node,
 * the others or the network are busy. Each peer that tells has its own number, and room while another one has more servers that wait: so a liar who
 * invents servers makes nobody wait for an honest word.
 */

import { timeoutSignal } from '../async/abort.ts'
import { type BackoffOptions, backoffMs } from '../async/backoff.ts'
import { TIMERS, type Timers } from '../async/timers.ts'
import type { ServerRecord } from './server-record.ts'

export const SERVER_DIALS_DEFAULTS = {
  /** Dials at once to servers that one peer has told of: at first, and at most. */
  firstWindow: 4,
  maxWindow: 8,
  /** Dials at once in all. */
  maxDials: 16,
  /** How long one may take, in ms. */
  dialMs: 5_000,
  /** Failures after which a server is given up. */
  maxFailures: 6,
  /** Servers that wait to be dialled: as many as a book of servers knows. The peer that has told of most makes room for others. */
  maxWanted: 1_024,
}

export type ServerDialsOptions = Partial<typeof SERVER_DIALS_DEFAULTS>

const WAITS: BackoffOptions = { firstMs: 500, maxMs: 4_000 }

interface Wanted {
  record: ServerRecord
  source: Source
  failures: number
  /** It may come by itself: its first attempt waits. */
  isLeftToCome: boolean
  /** Nobody wants more than one attempt. */
  isOnce: boolean
  isDialling: boolean
  /** Ends the wait for the next attempt. */
  endWait?: () => void
  /** Hear whether it is connected, once it is wanted no longer. Bounded by the searches and repairs that wait for it. */
  onEnd: Hearing[]
}

interface Hearing {
  /** Hears whether it is connected, once it is wanted no longer. */
  onEnd(isReached: boolean): void
  /** The end of one attempt is waited for: others follow. */
  isBrief?: boolean | undefined
}

/** How another server is to be dialled. */
export interface DialTerms extends Partial<Hearing> {
  /** The peer that has told of it. */
  source: string
  /** Before the first attempt. */
  waitMs: number
  /** No other attempt follows, unless somebody else wants the server as well. */
  isOnce?: boolean | undefined
}

/** A server is wanted for less than a whole series of attempts. */
export type BriefTerms = Pick<DialTerms, 'isBrief' | 'isOnce'>

/** A peer that has told of servers. */
interface Source {
  id: string
  /** Of it, servers that wait for their turn, in the order in which they were told of. */
  line: Wanted[]
  /** Of it, servers that are wanted in any way. */
  wanted: number
  dials: number
  /** How many dials at once it may have: one more after each that is answered, half as many after one that is not. */
  window: number
}

export interface ServerDialsContext {
  isConnected(record: ServerRecord): boolean
  /** False for one that has come to be of no use while it waited. */
  isOfUse?(record: ServerRecord): boolean
  /** Resolves once the server is connected. */
  dial(record: ServerRecord, signal: AbortSignal): Promise<unknown>
  /** It could not be reached, again and again. */
  onGone(id: string): void
  /** From 0 to 1. */
  random(): number
}

export type ServerDials = ReturnType<typeof createServerDials>

export function createServerDials(context: ServerDialsContext, options: ServerDialsOptions = {}, timers: Timers = TIMERS) {
  const { firstWindow, maxWindow, maxDials, dialMs, maxFailures, maxWanted } = { ...SERVER_DIALS_DEFAULTS, ...options }
  /** By peer id: waiting and under way. Bounded: maxWanted. */
  const wanted = new Map<string, Wanted>()
  /** By peer id. Bounded: the wanted servers, each has one. */
  const sources = new Map<string, Source>()
  let dials = 0
  let stopped = new AbortController()

  /** The next one of the source with the fewest dials. */
  function takeNext(): Wanted | undefined {
    let chosen: Source | undefined
    for (const source of sources.values()) {
      if (source.line.length === 0 || source.dials >= source.window) continue
      if (chosen === undefined || source.dials < chosen.dials) chosen = source
    }
    return chosen?.line.shift()
  }

  /** A server for which somebody waits is of use, whatever links there are. */
  const isOfUse = ({ record, onEnd }: Wanted) => onEnd.length > 0 || context.isOfUse?.(record) !== false

  function dialSome(): void {
    while (dials < maxDials) {
      const next = takeNext()
      if (next === undefined) return
      if (context.isConnected(next.record) || !isOfUse(next)) forget(next)
      else void dial(next)
    }
  }

  function remove({ record, source }: Wanted): void {
    wanted.delete(record.peer.toString())
    if (--source.wanted === 0) sources.delete(source.id)
  }

  function tellEnd(last: Wanted, isTried = false): void {
    for (const { onEnd } of takeHearings(last, isTried)) onEnd(context.isConnected(last.record))
  }

  function forget(last: Wanted): void {
    remove(last)
    tellEnd(last)
  }

  /** Takes away the last server of the peer that has told of most. Undefined where no other peer has more than this one would have. */
  function makeRoom(teller: string): Wanted | undefined {
    const most = [...sources.values()].reduce((a, b) => (b.wanted > a.wanted ? b : a))
    if (most.wanted <= (sources.get(teller)?.wanted ?? 0) + 1) return undefined
    const last = [...wanted.values()].findLast(({ source, isDialling }) => source === most && !isDialling)
    if (last === undefined) return undefined
    last.endWait?.()
    most.line = most.line.filter((each) => each !== last)
    remove(last)
    return last
  }

  function queue(next: Wanted): void {
    next.source.line.push(next)
    dialSome()
  }

  function beginNow(next: Wanted): void {
    next.endWait?.()
    next.isLeftToCome = false
    queue(next)
  }

  async function dial(next: Wanted): Promise<void> {
    const { source, record } = next
    const { signal } = stopped
    dials++
    source.dials++
    next.isDialling = true
    const isReached = await context.dial(record, AbortSignal.any([signal, timeoutSignal(dialMs)])).then(
      () => true,
      () => context.isConnected(record), // from the other end, meanwhile
    )
    if (signal.aborted) return
    next.isDialling = false
    dials--
    source.dials--
    source.window = isReached ? Math.min(source.window + 1, maxWindow) : Math.max(source.window / 2, 1)
    if (isReached || next.isOnce) forget(next)
    else if (++next.failures >= maxFailures) {
      forget(next)
      context.onGone(record.peer.toString())
    } else {
      tellEnd(next, true)
      next.endWait = timers.after(backoffMs(next.failures, WAITS, context.random), () => queue(next))
    }
    dialSome()
  }

  function sourceOf(id: string): Source {
    const known = sources.get(id)
    if (known !== undefined) return known
    const source = { id, line: [], wanted: 0, dials: 0, window: firstWindow }
    sources.set(id, source)
    return source
  }

  return {
    /** Servers that wait, and those that are being dialled. */
    get size() {
      return wanted.size
    },
    has: (id: string) => wanted.has(id),
    /** The servers that wait, and those that are being dialled. */
    *peers() {
      for (const { record } of wanted.values()) yield record.peer
    },
    /** Dials a server until it is connected, from either end. One that is wanted already may have moved; it keeps its place in the line. */
    add(record: ServerRecord, { source: from, waitMs, onEnd, isOnce = false, isBrief = isOnce }: DialTerms) {
      const id = record.peer.toString()
      const known = wanted.get(id)
      const hearing = onEnd ? [{ onEnd, isBrief }] : []
      if (known !== undefined) {
        known.record = record
        known.isOnce &&= isOnce
        // Of one that was not there a moment ago, and is tried again after a wait, enough is known.
        if (isBrief && known.failures > 0 && !known.isDialling) onEnd?.(context.isConnected(record))
        else known.onEnd.push(...hearing)
        if (waitMs === 0 && known.isLeftToCome) beginNow(known)
        return
      }
      if (context.isConnected(record)) return void onEnd?.(true)
      const dropped = wanted.size < maxWanted ? undefined : makeRoom(from)
      if (wanted.size >= maxWanted) return void onEnd?.(false)
      const source = sourceOf(from)
      source.wanted++
      const next: Wanted = { record, source, failures: 0, isLeftToCome: true, isOnce, isDialling: false, onEnd: hearing }
      wanted.set(id, next)
      if (waitMs === 0) beginNow(next)
      else next.endWait = timers.after(waitMs, () => beginNow(next))
      if (dropped !== undefined) tellEnd(dropped)
    },
    /** Ends all. It may go on with others afterwards. */
    stop() {
      stopped.abort(new Error('stopped'))
      stopped = new AbortController()
      for (const { endWait } of wanted.values()) endWait?.()
      wanted.clear()
      sources.clear()
      dials = 0
    },
  }
}

/** @param isTried only those are taken that wait for one attempt */
function takeHearings(last: Wanted, isTried: boolean): Hearing[] {
  const taken = last.onEnd.filter(({ isBrief }) => isBrief || !isTried)
  last.onEnd = last.onEnd.filter((each) => !taken.includes(each))
  return taken
}
