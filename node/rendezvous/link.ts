/**
 * The asking end of a presence stream: a tab's to its home, a home's to a record node. One stream carries every hold, release, find and
 * watch between the two, and a beat that says that all of it still stands. A link lives as long as its stream; who needs another makes it.
 */

import type { PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MayflyError } from '../errors.ts'
import { encodeKeyHex } from '../keys/index.ts'
import { createFrameStream, createRequests } from '../network/index.ts'
import type { AbortOptions, Key } from '../types.ts'
import {
  decodePresence,
  encodePresence,
  type Found,
  type Held,
  MAX_LEASES_PER_FRAME,
  MAX_PRESENCE_FRAME_BYTES,
  MAX_RELEASES_PER_FRAME,
  type PresenceFrame,
  type Refusal,
  type Scope,
  type Welcome,
} from './wire.ts'

export interface LinkOptions {
  /** Between two beats, in ms. */
  beatMs: number
  /** How long a beat may go unanswered, in ms. Timers of hidden tabs run once a minute: the check is made then, not earlier. */
  silentMs: number
}

/** How long leases may wait for an answer before they count as not taken, in ms: one that never answers would have us keep them all. */
const MAX_UNANSWERED_MS = 60_000
/** What a stuck record node may leave unsent before its link is given up: every lease and watch of a full home fits. */
const MAX_UNSENT_BYTES = 64 * 1_048_576

export interface LinkEvents {
  onWelcome(link: Link, welcome: Welcome): void
  onCount(link: Link, key: Key, count: number): void
  /** The other end did not take a lease, a watch or a find. */
  onRefused(link: Link, reason: Refusal): void
  /** The other end has not answered the beats; the link ends next. */
  onSilent(reason: Error): void
  onEnd(link: Link, reason: Error | undefined): void
}

export interface Link {
  readonly peer: PeerId
  readonly id: string
  readonly open: boolean
  /**
   * Resolves once the other end has answered the hello, with how far its clock is ahead of this one's, in ms. Rejects when the link
   * ends before.
   */
  readonly welcomed: Promise<number>
  /** Resolves with those that the other end has taken; with none when the link ends before it answers, or it does not for long. */
  hold(leases: Uint8Array[]): Promise<Uint8Array[]>
  release(records: { key: Key; holder: Uint8Array }[]): void
  watch(key: Key, scope: Scope): void
  unwatch(key: Key): void
  /**
   * Undefined when the other end refused or the link ended.
   *
   * @throws signal.reason, when aborted
   */
  find(key: Key, limit: number, scope: Scope, options: Required<AbortOptions>): Promise<Found | undefined>
  close(): void
}

export function createLink(
  peer: PeerId,
  stream: Stream,
  self: { role: 'tab' | 'node'; addresses: Multiaddr[] },
  events: LinkEvents,
  options: LinkOptions,
): Link {
  const finds = createRequests<Found | undefined>({ ended: undefined })
  /** Leases that the other end has not answered for yet. */
  const unanswered = createRequests<Held | undefined>({ ended: undefined, timeoutMs: MAX_UNANSWERED_MS, now: () => Date.now() })
  /** By key, hex. Bounded by what this peer watches itself. */
  const watched = new Map<string, Key>()
  const welcomed = Promise.withResolvers<number>()
  welcomed.promise.catch(() => {}) // most do not wait for it
  let isWelcomed = false
  let beatAtMs = 0
  let heardAtMs = Date.now()

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_PRESENCE_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame: (frame) => {
      heardAtMs = Date.now()
      onFrame(decodePresence(frame))
    },
    onEnd: (reason) => {
      clearInterval(timer)
      finds.end()
      unanswered.end()
      welcomed.reject(reason ?? new Error('the link has ended'))
      events.onEnd(link, reason)
    },
  })
  const send = (frame: PresenceFrame) => frames.send(encodePresence(frame))

  function onFrame(frame: PresenceFrame): void {
    switch (frame.type) {
      case 'welcome':
        if (isWelcomed) throw new MayflyError('ERR_BAD_FRAME', 'A second welcome')
        isWelcomed = true
        welcomed.resolve(frame.nowMs - Date.now())
        events.onWelcome(link, frame)
        break
      case 'found':
        finds.reply(frame.id, frame)
        break
      case 'count':
        // A push for a key that nobody asked about is not worth keeping.
        if (watched.has(encodeKeyHex(frame.key))) events.onCount(link, frame.key, frame.count)
        break
      case 'held':
        unanswered.reply(frame.sequence, frame)
        for (const { reason } of frame.refused) events.onRefused(link, reason)
        break
      case 'refused':
        finds.reply(frame.id, undefined)
        events.onRefused(link, frame.reason)
    }
  }

  /** Those that the other end has taken, of one frame's leases. */
  async function holdBatch(leases: Uint8Array[]): Promise<Uint8Array[]> {
    const held = await unanswered.request((sequence) => send({ type: 'hold', sequence, leases }))
    if (held === undefined) return []
    const refused = new Set(held.refused.map(({ index }) => index))
    return leases.filter((_, index) => !refused.has(index))
  }

  const timer = setInterval(() => {
    if (beatAtMs > heardAtMs && Date.now() - beatAtMs >= options.silentMs) {
      const reason = new Error(`nothing heard for ${Date.now() - heardAtMs} ms`)
      events.onSilent(reason)
      frames.abort(reason)
      return
    }
    unanswered.expire()
    if (beatAtMs <= heardAtMs) beatAtMs = Date.now()
    send({ type: 'beat' })
  }, options.beatMs)

  const link: Link = {
    peer,
    id: peer.toString(),
    get open() {
      return frames.open
    },
    welcomed: welcomed.promise,
    async hold(leases) {
      const taken: Promise<Uint8Array[]>[] = []
      for (let i = 0; i < leases.length; i += MAX_LEASES_PER_FRAME) taken.push(holdBatch(leases.slice(i, i + MAX_LEASES_PER_FRAME)))
      return (await Promise.all(taken)).flat()
    },
    release(records) {
      for (let i = 0; i < records.length; i += MAX_RELEASES_PER_FRAME) {
        send({ type: 'release', records: records.slice(i, i + MAX_RELEASES_PER_FRAME) })
      }
    },
    watch(key, scope) {
      watched.set(encodeKeyHex(key), key)
      send({ type: 'watch', key, scope })
    },
    unwatch(key) {
      if (watched.delete(encodeKeyHex(key))) send({ type: 'unwatch', key })
    },
    find: (key, limit, scope, abort) => finds.request((id) => send({ type: 'find', id, key, limit, scope }), abort),
    close: () => frames.close(),
  }
  send({ type: 'hello', role: self.role, addresses: self.addresses })
  return link
}
