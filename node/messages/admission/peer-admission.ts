/**
 * How many messages of its own peers, tabs and short commands, a node lets in at once: a few of each peer, as many a second as people write, and
 * some more of whoever has more, in turns. What is beyond that waits here, each peer's behind itself, and not in the lines of the nodes behind
 * this one, where everybody's messages stand: so a burst costs others little, from its first second on. How many more follows from how soon
 * messages are answered: more while that stays as it was, fewer when it takes longer. What a peer may send for long is `sender-rate.ts`'s.
 */

import { createRoundRobin, type RoundRobin } from '../../async/round-robin.ts'
import { createSenderRate } from './sender-rate.ts'

export interface PeerAdmissionOptions {
  /** Messages of each peer that may be on their way at once, whatever others have, and how many may go that way, at once and per second. */
  ownPlaces?: number
  ownBurst?: number
  ownPerSecond?: number
  /** More of them, for all peers together: at least, and at most. */
  minShared?: number
  maxShared?: number
  /** At least, while one peer alone sends: so long after another one did, here or through another node, in ms. */
  minAlone?: number
  aloneAfterMs?: number
  /** Answers to one end that take so many times as long as its quickest one, and so much more in ms, are late: others wait as well then. */
  lateFactor?: number
  lateMs?: number
  /** A message on its way gives up its place after so long, in ms: who answers slowly, or never, holds up nobody. */
  placeMs?: number
  /** What one peer may have waiting, and its weight in bytes. */
  maxWaiting?: number
  maxWaitingBytes?: number
  /** Ends whose quickest answer is remembered, and how long at least, in ms. */
  maxEnds?: number
  rememberMs?: number
}

export const PEER_ADMISSION_DEFAULTS: Readonly<Required<PeerAdmissionOptions>> = {
  ownPlaces: 2,
  ownBurst: 10,
  ownPerSecond: 25, // what people write; more than that is let in only where nobody notices, or when others leave it
  minShared: 0,
  minAlone: 64,
  aloneAfterMs: 2_000,
  maxShared: 64, // of what takes 20 ms, some thousand a second
  lateFactor: 2,
  lateMs: 4, // what a receiver's answer waits for others to go with
  placeMs: 500,
  maxWaiting: 1_024,
  maxWaitingBytes: 4 * 1_048_576,
  maxEnds: 1_024,
  rememberMs: 60_000,
}

export interface EnteringMessage {
  /** The peer's id: its streams share what may go in places of its own. */
  peer: string
  /** Those of one line enter in their order; the lines of a peer take turns. */
  line: string
  /** The key of its end, hex. */
  end: string
  bytes: number
  /** It enters: called once. What it is given is to be called when it was answered, or given up. */
  enter(onAnswer: () => void): void
}

export interface PeerAdmission {
  /** False when the peer has as much waiting as it may. It may enter before this returns. */
  push(peer: object, message: EnteringMessage): boolean
  /** A new message came by another node: nobody here sends alone. */
  noteOthers(): void
  /** What the peer has waiting, of all that it may have: from 0 to 1, by number or by bytes, whichever is more. */
  fullness(peer: object): number
  /** How many may be on their way now besides each peer's own. */
  readonly shared: number
  /** Forgets what the peer has waiting. */
  remove(peer: object): void
}

interface Line {
  messages: RoundRobin<EnteringMessage>
  /** Messages on their way, in a place of its own. */
  own: number
  /** Until the next may go that way. */
  timer: ReturnType<typeof setTimeout> | undefined
}

/** What a late answer leaves of the shared places. */
const LATE_FACTOR = 0.5

export function createPeerAdmission(now: () => number, options: PeerAdmissionOptions = {}): PeerAdmission {
  const limits = { ...PEER_ADMISSION_DEFAULTS, ...options }
  /** Of peers that have something waiting or under way. Bounded by the streams. */
  const peers = new Map<object, Line>()
  /** Those of them that wait, in the order of their turns. */
  const waiting = new Map<object, Line>()
  const answers = createAnswers(now, limits)
  const ownRate = createSenderRate({ burst: limits.ownBurst, perSecond: limits.ownPerSecond }, now)
  let shared = limits.minShared
  let sharedTaken = 0
  let lastPeer = ''
  /** When another peer sent than the one before, or somebody at another node. */
  let otherAtMs = now()

  /** @param leave what makes its place free again */
  function begin({ end, enter }: EnteringMessage, leave: () => void): void {
    const enteredAtMs = now()
    let hasPlace = true
    const giveUp = () => {
      clearTimeout(timer)
      hasPlace = false
      leave()
      run()
    }
    const timer = setTimeout(giveUp, limits.placeMs)
    enter(() => {
      if (!hasPlace) return
      const isLate = answers.isLate(end, now() - enteredAtMs)
      if (isLate) shared = Math.max(limits.minShared, shared * LATE_FACTOR)
      // One more for as many answers in time as there are places; only where more are wanted.
      else if (isLate === false && waiting.size > 0) shared = Math.min(limits.maxShared, shared + 1 / Math.max(1, shared))
      giveUp()
    })
  }

  function runOwn(peer: object, line: Line): void {
    const { messages } = line
    for (
      let next = messages.peek();
      next !== undefined && line.own < limits.ownPlaces && line.timer === undefined;
      next = messages.peek()
    ) {
      const waitMs = ownRate.take(next.peer)
      if (waitMs > 0) {
        line.timer = setTimeout(() => {
          line.timer = undefined
          runOwn(peer, line)
        }, waitMs)
        break
      }
      line.own++
      messages.take()
      begin(next, () => {
        line.own--
        runOwn(peer, line)
      })
    }
    if (line.messages.size > 0) return
    waiting.delete(peer)
    clearTimeout(line.timer)
    line.timer = undefined
    if (line.own === 0 && peers.get(peer) === line) peers.delete(peer)
  }

  /** Who sends alone is not slowed by a machine that is busy with something else. */
  function places(): number {
    const isAlone = now() - otherAtMs >= limits.aloneAfterMs
    return Math.floor(isAlone ? Math.max(shared, limits.minAlone) : shared)
  }

  function run(): void {
    while (waiting.size > 0 && sharedTaken < places()) {
      const [peer, line] = waiting.entries().next().value as [object, Line]
      const message = line.messages.take()
      waiting.delete(peer)
      if (message === undefined) continue
      if (line.messages.size > 0) waiting.set(peer, line) // behind everybody else
      sharedTaken++
      begin(message, () => sharedTaken--)
    }
  }

  return {
    push(peer, message) {
      const line = peers.get(peer) ?? { messages: createRoundRobin(), own: 0, timer: undefined }
      const { messages } = line
      const isFull = messages.size >= limits.maxWaiting || messages.weight + message.bytes > limits.maxWaitingBytes
      if (isFull && messages.size > 0) return false
      if (message.peer !== lastPeer) otherAtMs = now()
      lastPeer = message.peer
      peers.set(peer, line)
      messages.push(message.line, message, message.bytes)
      runOwn(peer, line)
      if (line.messages.size > 0) {
        waiting.set(peer, line)
        run()
      }
      return true
    },
    noteOthers() {
      otherAtMs = now()
    },
    fullness(peer) {
      const { size = 0, weight = 0 } = peers.get(peer)?.messages ?? {}
      return Math.max(size / limits.maxWaiting, weight / limits.maxWaitingBytes)
    },
    get shared() {
      return places()
    },
    remove(peer) {
      const line = peers.get(peer)
      if (line === undefined) return
      line.messages.clear()
      clearTimeout(line.timer)
      peers.delete(peer)
      waiting.delete(peer)
    },
  }
}

/** How soon each end was answered at best: some are further away than others. */
function createAnswers(now: () => number, { lateFactor, lateMs, maxEnds, rememberMs }: Required<PeerAdmissionOptions>) {
  /** By end, least lately used first: the best of this span of time and of the one before. Bounded: maxEnds. */
  const ends = new Map<string, { bestMs: number; earlierMs: number; sinceMs: number }>()

  return {
    /** Undefined for the first answer of an end: it can be compared with nothing. */
    isLate(end: string, tookMs: number): boolean | undefined {
      const nowMs = now()
      const known = ends.get(end)
      const best = known ?? { bestMs: Infinity, earlierMs: Infinity, sinceMs: nowMs }
      if (nowMs - best.sinceMs > rememberMs) {
        best.earlierMs = best.bestMs
        best.bestMs = Infinity
        best.sinceMs = nowMs
      }
      best.bestMs = Math.min(best.bestMs, tookMs)
      ends.delete(end)
      ends.set(end, best)
      const [oldest] = ends.keys()
      if (ends.size > maxEnds && oldest !== undefined) ends.delete(oldest)
      return known && tookMs > lateFactor * Math.min(best.bestMs, best.earlierMs) + lateMs
    },
  }
}
