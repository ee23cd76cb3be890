/**
 * The opening end of a presence stream: a tab's to its home, a home's to a record node. One stream carries every hold, release, find and
 * watch between the two, and a heartbeat, which says that all of it still stands. It lives as long as its libp2p stream.
 */

import type { PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex } from '../keys/index.ts'
import { createFrameStream, createRequests } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import { multihashOfPeer } from './lease.ts'
import {
  decodeAnswererFrame,
  encodeOpenerFrame,
  isAnswer,
  MAX_LEASES_PER_FRAME,
  MAX_LEASES_WITH_CONTENT,
  MAX_PRESENCE_FRAME_BYTES,
  MAX_RELEASES_PER_FRAME,
} from './wire.ts'
import type {
  AnswererFrame,
  CountFrame,
  FoundFrame,
  GroupSize,
  HeartbeatReplyFrame,
  HeldFrame,
  Refusal,
  Scope,
  WelcomeFrame,
} from './wire-frames.ts'

export interface PresenceStreamOptions {
  /** Between two heartbeats, in ms. */
  heartbeatMs: number
  /** When nothing has come for this long, a heartbeat goes sooner, in ms. A home probes its tabs more often than that. */
  quietMs?: number
  /** How long a heartbeat may go unanswered, in ms. Timers of hidden tabs run once a minute: the check is made then, not earlier. */
  silentMs: number
}

/** How long leases may stay unanswered before they count as not taken, in ms: a server that never answers would have us keep them all. */
const MAX_UNANSWERED_MS = 60_000
/** Unsent bytes at which a stuck record node is given up: every lease and watch of a full home fits. */
const MAX_UNSENT_BYTES = 64 * 1_048_576

export interface PresenceStreamListener {
  onWelcome(stream: PresenceStream, welcome: WelcomeFrame): void
  /** The server tells of others that have come since. @throws {MayflyError} ERR_BAD_FRAME when these are too many */
  onServers?(stream: PresenceStream, records: Uint8Array[]): void
  onCount(stream: PresenceStream, key: Key, count: number, people: number): void
  /** The server did not take a lease, a watch or a find. */
  onRefused(stream: PresenceStream, reason: Refusal, lease?: Uint8Array): void
  /** The server has said how large its group is. */
  onGroup?(stream: PresenceStream, group: GroupSize): void
  /** True where the heartbeat that is due can wait. Only a node's streams rest. */
  letsRest?(stream: PresenceStream): boolean
  /** Leases are told next. */
  onHold?: ((stream: PresenceStream, leases: readonly Uint8Array[]) => void) | undefined
  /** The server has told its clock, in ms since the epoch. @param askedAtMs when it was asked, by the monotonic clock */
  onTime(stream: PresenceStream, nowMs: number, askedAtMs: number): void
  onEnd(stream: PresenceStream, reason: Error | undefined): void
}

export interface PresenceStreamContext {
  peer: PeerId
  stream: Stream
  role: 'tab' | 'node'
  /** This peer joins the overlay through that server, and wants to hear of those that join after it. */
  isEntrance: boolean
  /** Of this peer, for the hello. */
  addresses: Multiaddr[]
  listener: PresenceStreamListener
  /** The server has not answered the heartbeats; the stream ends next. */
  onSilent(reason: Error): void
}

/** The unsigned company of a lease. */
export interface BesideLease {
  /** The mark of the holder's browser. */
  mark?: Uint8Array | undefined
  /** The content of its key, when it is small. */
  content?: Uint8Array | undefined
}

type BesideOf = (lease: Uint8Array) => BesideLease | undefined

export type PresenceStream = ReturnType<typeof createPresenceStream>

export function createPresenceStream(context: PresenceStreamContext, options: PresenceStreamOptions) {
  const { peer, listener, role, addresses, isEntrance } = context
  const { heartbeatMs, quietMs = heartbeatMs } = options
  const isNode = role === 'node'
  const finds = createRequests<FoundFrame | 'clock' | undefined>({ ended: undefined })
  const holds = createRequests<HeldFrame | undefined>({ ended: undefined, timeoutMs: MAX_UNANSWERED_MS })
  /** By key, hex. Bounded by what this peer watches itself. */
  const watched = new Set<string>()
  const welcomed = Promise.withResolvers<void>()
  welcomed.promise.catch(() => {}) // few callers wait for it
  let isWelcomed = false
  /** When the oldest heartbeat was sent that nothing has followed. */
  let heartbeatAtMs = 0
  let receivedAtMs = performance.now()
  let turns = 0
  /** When the server was last asked for its time; undefined once it has answered. */
  let askedAtMs: number | undefined = receivedAtMs

  const frames = createFrameStream(context.stream, {
    maxFrameBytes: MAX_PRESENCE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    isCorked: isNode,
    onFrame: (frame) => {
      receivedAtMs = performance.now()
      if (isAnswer(frame)) onFrame(decodeAnswererFrame(frame)) // those of the other side are left unread
    },
    onEnd: (reason) => {
      clearInterval(timer)
      finds.end()
      holds.end()
      welcomed.reject(reason ?? new Error('the stream has ended'))
      listener.onEnd(self, reason)
    },
  })
  const send = (frame: Parameters<typeof encodeOpenerFrame>[0]) => frames.send(encodeOpenerFrame(frame))

  function onFrame(frame: AnswererFrame): void {
    switch (frame.type) {
      case 'welcome':
        if (isWelcomed) throw new MayflyError('ERR_BAD_FRAME', 'A second welcome')
        isWelcomed = true
        onReport(frame)
        welcomed.resolve()
        listener.onWelcome(self, frame)
        break
      case 'servers':
        listener.onServers?.(self, frame.records)
        break
      case 'probe':
        send({ type: 'probe-reply' })
        break
      case 'heartbeat-reply':
        onReport(frame)
        break
      case 'found':
        finds.reply(frame.id, frame)
        break
      case 'count':
        // A count of a key that is not watched here is dropped.
        if (watched.has(encodeKeyHex(frame.key))) listener.onCount(self, frame.key, frame.count, peopleOf(frame))
        break
      case 'held':
        if (!holds.reply(frame.sequence, frame)) for (const { reason } of frame.refused) listener.onRefused(self, reason)
        break
      case 'refused':
        finds.reply(frame.id, frame.reason === 'clock' ? 'clock' : undefined)
        listener.onRefused(self, frame.reason)
    }
  }

  /** A server whose clock was set, or whose group has changed, says so unasked. */
  function onReport({ nowMs, group }: Pick<HeartbeatReplyFrame, 'nowMs' | 'group'>): void {
    if (group !== undefined) listener.onGroup?.(self, group)
    if (nowMs === undefined) return
    listener.onTime(self, nowMs, askedAtMs ?? performance.now())
    askedAtMs = undefined
  }

  function beat(): void {
    askedAtMs ??= performance.now()
    if (heartbeatAtMs <= receivedAtMs) heartbeatAtMs = performance.now()
    send({ type: 'heartbeat' })
  }

  /** The leases of one frame. @returns those that the server has taken */
  async function holdBatch(leases: Uint8Array[], besideOf: BesideOf): Promise<Uint8Array[]> {
    const marks = leases.map((lease) => besideOf(lease)?.mark)
    const contents = leases.map((lease) => besideOf(lease)?.content)
    const held = await holds.request((sequence) => send({ type: 'hold', sequence, leases, marks, contents }))
    if (held === undefined) return []
    const refused = new Set(held.refused.map(({ index }) => index))
    for (const { index, reason } of held.refused) listener.onRefused(self, reason, leases[index])
    return leases.filter((_, index) => !refused.has(index))
  }

  const turnMs = Math.min(heartbeatMs, quietMs / 2)
  const timer = setInterval(() => {
    if (heartbeatAtMs > receivedAtMs && performance.now() - heartbeatAtMs >= options.silentMs) {
      const reason = new Error(`nothing received for ${options.silentMs} ms`)
      context.onSilent(reason)
      frames.abort(reason)
      return
    }
    holds.expire()
    if ((++turns * turnMs < heartbeatMs && performance.now() - receivedAtMs < quietMs) || listener.letsRest?.(self)) return
    turns = 0
    beat()
  }, turnMs)

  const self = {
    peer,
    id: peer.toString(),
    /** Keys that are watched over it, hex. */
    watched: watched as ReadonlySet<string>,
    get open() {
      return frames.open
    },
    /** Resolves once the server has answered the hello. Rejects when the stream ends before. */
    welcomed: welcomed.promise,
    /** Asks for the server's time now, not with the next heartbeat only. */
    askTime: beat,
    /** Resolves with the leases that the server has taken; with none when the stream ends, or too much time passes, before it answers. */
    async hold(leases: Uint8Array[], besideOf: BesideOf = () => undefined): Promise<Uint8Array[]> {
      listener.onHold?.(self, leases)
      return (await Promise.all([...inFrames(leases, besideOf)].map((some) => holdBatch(some, besideOf)))).flat()
    },
    /** Sends a frame of a node's alone, which has no answer. */
    tell: frames.send,
    release(records: readonly { key: Key; holder: string }[]) {
      for (const some of inParts(records, MAX_RELEASES_PER_FRAME))
        send({ type: 'release', records: some.map(({ key, holder }) => ({ key, holder: multihashOfPeer(holder) })) })
    },
    watch(key: Key, scope: Scope) {
      watched.add(encodeKeyHex(key))
      send({ type: 'watch', key, scope })
    },
    unwatch(key: Key) {
      if (watched.delete(encodeKeyHex(key))) send({ type: 'unwatch', key })
    },
    /** Undefined when the server refused or the stream ended; 'clock' when it refused because of its clock. @throws signal.reason, when aborted */
    find: (key: Key, limit: number, scope: Scope, abort: Required<AbortOptions>, maxContentBytes?: number) =>
      finds.request((id) => send({ type: 'find', id, key, limit, scope, maxContentBytes }) && frames.flush(), abort),
    close: () => frames.close(),
  }
  send({ type: 'hello', role, addresses, answersProbes: !isNode, readsRecords: isNode, readsNews: isNode && isEntrance })
  return self
}

/** There are no more people than holders, and where somebody holds there is a person. */
function peopleOf({ count, people = count }: CountFrame): number {
  return Math.min(count, Math.max(people, 1))
}

function* inParts<T>(items: readonly T[], most: number): Generator<T[]> {
  for (let i = 0; i < items.length; i += most) yield items.slice(i, i + most)
}

/** Those with contents apart: few of them fit into a frame. */
function* inFrames(leases: readonly Uint8Array[], besideOf: BesideOf): Generator<Uint8Array[]> {
  const has = (lease: Uint8Array) => besideOf(lease)?.content !== undefined
  const without = leases.filter((lease) => !has(lease))
  yield* inParts(without, MAX_LEASES_PER_FRAME)
  yield* inParts(leases.filter(has), MAX_LEASES_WITH_CONTENT)
}
