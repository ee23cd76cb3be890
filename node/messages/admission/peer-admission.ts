/**
 * Admission control for messages of a node's own peers (tabs and short commands): an adaptive limit on messages in flight. Each peer has a few
 * places of its own, at the rate at which people write; more places are shared by all peers, whose excess waits here and is admitted
 * round-robin. So a burst waits with its own node, not in the queues of the nodes behind it, where everybody's messages stand. The number of
 * shared places grows while answers stay as fast as they were, and halves when they slow down. Token buckets limit the long-term rate
 * of each peer (admission.ts).
 */

import { createRecentMap } from '../../async/recent-map.ts'
import { createRoundRobin, type RoundRobin } from '../../async/round-robin.ts'
import { createTokenBuckets } from '../../async/token-bucket.ts'

const PEER_ADMISSION_DEFAULTS = {
  /** Places of each peer, whatever others have, and the messages that may take one: at once, and per second. */
  ownPlaces: 2,
  ownBurst: 10,
  ownPerSecond: 25, // the rate at which people write; more is admitted only where nobody notices, or when others leave room
  /** Places shared by all peers: at least, and at most. */
  minShared: 0,
  maxShared: 64, // some thousand messages a second when each takes 20 ms
  /** Shared places while one peer alone sends: at least so many, once no other has sent, here or through another node, for so long, in ms. */
  minAlone: 64,
  aloneAfterMs: 2_000,
  /** An answer is late when it takes more than so many times as long as the quickest one of its end, plus so many ms. */
  lateFactor: 2,
  lateMs: 4, // as long as a receiver's answer waits for others to go with
  /** A message in flight gives up its place after so long, in ms: a receiver that answers slowly, or never, holds up nobody. */
  placeMs: 500,
  /** Messages that one peer may have waiting, and their weight in bytes. */
  maxWaiting: 1_024,
  maxWaitingBytes: 4 * 1_048_576,
  /** Ends whose quickest answer is remembered, and for how long at least, in ms. */
  maxEnds: 1_024,
  rememberMs: 60_000,
}

export type PeerAdmissionOptions = Partial<typeof PEER_ADMISSION_DEFAULTS>

export interface WaitingMessage {
  /** The peer's id: all its streams share one rate for its own places. */
  peer: string
  /** Messages of one line are admitted in their order; the lines of a stream take turns. */
  line: string
  /** The key of its end, hex. */
  end: string
  bytes: number
  /** Admits the message: called once. The caller calls `onAnswer` when the message was answered, or given up. */
  enter(onAnswer: () => void): void
}

interface StreamState {
  messages: RoundRobin<WaitingMessage>
  /** Messages in flight in a place of its own. */
  own: number
  /** Runs until the peer's rate allows the next own place. */
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Part of the shared places that is left after a late answer. */
const LATE_FACTOR = 0.5
/** Peers whose own rate is remembered. */
const MAX_PEERS = 16_384

export function createPeerAdmission(now: () => number, options: PeerAdmissionOptions = {}) {
  const limits = { ...PEER_ADMISSION_DEFAULTS, ...options }
  /** Streams with messages waiting or in flight. Bounded by the streams. */
  const streams = new Map<object, StreamState>()
  /** Those of them with messages waiting, in the order of their turns. */
  const waiting = new Map<object, StreamState>()
  const answers = createAnswerTimes(now, limits)
  const ownRate = createTokenBuckets({ burst: limits.ownBurst, perSecond: limits.ownPerSecond, maxKeys: MAX_PEERS, now })
  let shared = limits.minShared
  let sharedTaken = 0
  let lastPeer = ''
  /** When a message came of another peer than the one before, or through another node. */
  let otherAtMs = now()

  /** @param leave frees the message's place */
  function admit({ end, enter }: WaitingMessage, leave: () => void): void {
    const enteredAtMs = now()
    let hasPlace = true
    const giveUp = () => {
      clearTimeout(timer)
      hasPlace = false
      leave()
      admitShared()
    }
    const timer = setTimeout(giveUp, limits.placeMs)
    enter(() => {
      if (!hasPlace) return
      const isLate = answers.isLate(end, now() - enteredAtMs)
      if (isLate) shared = Math.max(limits.minShared, shared * LATE_FACTOR)
      // One more for as many timely answers as there are places, and only where more are wanted.
      else if (isLate === false && waiting.size > 0) shared = Math.min(limits.maxShared, shared + 1 / Math.max(1, shared))
      giveUp()
    })
  }

  function admitOwn(stream: object, state: StreamState): void {
    const { messages } = state
    for (
      let next = messages.peek();
      next !== undefined && state.own < limits.ownPlaces && state.timer === undefined;
      next = messages.peek()
    ) {
      const waitMs = ownRate.take(next.peer)
      if (waitMs > 0) {
        state.timer = setTimeout(() => {
          state.timer = undefined
          admitOwn(stream, state)
        }, waitMs)
        break
      }
      state.own++
      messages.take()
      admit(next, () => {
        state.own--
        admitOwn(stream, state)
      })
    }
    if (messages.size > 0) return
    waiting.delete(stream)
    clearTimeout(state.timer)
    state.timer = undefined
    if (state.own === 0 && streams.get(stream) === state) streams.delete(stream)
  }

  /** A peer that sends alone has more, so that a machine busy with something else does not slow it down. */
  function sharedPlaces(): number {
    const isAlone = now() - otherAtMs >= limits.aloneAfterMs
    return Math.floor(isAlone ? Math.max(shared, limits.minAlone) : shared)
  }

  function admitShared(): void {
    while (waiting.size > 0 && sharedTaken < sharedPlaces()) {
      const [stream, state] = waiting.entries().next().value as [object, StreamState]
      const message = state.messages.take()
      waiting.delete(stream)
      if (message === undefined) continue
      if (state.messages.size > 0) waiting.set(stream, state) // behind all others
      sharedTaken++
      admit(message, () => sharedTaken--)
    }
  }

  return {
    /** Admits the message, now or later. False when the stream has as much waiting as it may. */
    push(stream: object, message: WaitingMessage) {
      const state = streams.get(stream) ?? { messages: createRoundRobin(), own: 0, timer: undefined }
      const { messages } = state
      const isFull = messages.size >= limits.maxWaiting || messages.weight + message.bytes > limits.maxWaitingBytes
      if (isFull && messages.size > 0) return false
      if (message.peer !== lastPeer) otherAtMs = now()
      lastPeer = message.peer
      streams.set(stream, state)
      messages.push(message.line, message, message.bytes)
      admitOwn(stream, state)
      if (messages.size > 0) {
        waiting.set(stream, state)
        admitShared()
      }
      return true
    },
    /** A new message came through another node: no peer here sends alone. */
    noteOthers() {
      otherAtMs = now()
    },
    /** The stream's waiting messages as a part of what it may have, from 0 to 1, by number or by bytes, whichever is more. */
    fullness(stream: object) {
      const { size = 0, weight = 0 } = streams.get(stream)?.messages ?? {}
      return Math.max(size / limits.maxWaiting, weight / limits.maxWaitingBytes)
    },
    /** Shared places, taken or not. */
    get shared() {
      return sharedPlaces()
    },
    /** Drops what the stream has waiting. */
    remove(stream: object) {
      const state = streams.get(stream)
      if (state === undefined) return
      state.messages.clear()
      clearTimeout(state.timer)
      streams.delete(stream)
      waiting.delete(stream)
    },
  }
}

/** The quickest answer of each end: some ends are further away than others. */
function createAnswerTimes(now: () => number, { lateFactor, lateMs, maxEnds, rememberMs }: typeof PEER_ADMISSION_DEFAULTS) {
  /** By end: the best time of this period and of the one before. */
  const ends = createRecentMap<string, { bestMs: number; earlierMs: number; sinceMs: number }>({ maxEntries: maxEnds })

  return {
    /** Undefined for the first answer of an end, which can be compared with nothing. */
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
      if (known === undefined) ends.set(end, best)
      return known && tookMs > lateFactor * Math.min(best.bestMs, best.earlierMs) + lateMs
    },
  }
}
