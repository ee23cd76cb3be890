/**
 * Long-lived outgoing streams of one protocol, at most one to each peer: opened when needed, shared by everybody who comes meanwhile, kept until
 * it ends. The protocol makes its own object of each stream (`create`), and gets that object back.
 *
 * ```ts
 * const streams = createPeerStreams({
 *   libp2p, protocol: '/mayfly/x/1.0.0', kinds: ['socket'],
 *   create: ({ stream, onEnd }) => {
 *     const requests = createRequests<Reply | undefined>({ ended: undefined })
 *     const frames = createFrameStream(stream, { …, onFrame: (frame) => requests.reply(…), onEnd: (reason) => { onEnd(); requests.end() } })
 *     return { get open() { return frames.open }, close: () => frames.close(), frames, requests }
 *   },
 * }, { openTimeoutMs: 3_000 })
 * const { requests } = streams.get(peer) ?? (await streams.open(peer, { signal }))
 * ```
 */

import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { raceAbort, timeoutSignal } from '../async/abort.ts'
import { type BackoffOptions, createBackoff } from '../async/backoff.ts'
import { createSingleFlight } from '../async/single-flight.ts'
import type { AbortOptions } from '../types.ts'
import { withPeerId } from './addresses.ts'
import { type ConnectionKind, connectionKind } from './connection-kind.ts'

/** A protocol's object for one stream. */
export interface PeerStream {
  readonly open: boolean
  /** Ends it in order. */
  close(): void
}

export interface OpenedStream {
  peer: PeerId
  stream: Stream
  connection: Connection
  /** As they were given to `open`. */
  addresses: readonly Multiaddr[]
  /** To be called when the stream has ended, however it did: the next caller then opens another. */
  onEnd(): void
}

export interface PeerStreamsContext<T extends PeerStream> {
  libp2p: Pick<Libp2p, 'getConnections' | 'dial'>
  protocol: string
  /** Open connections of these kinds may carry the stream. */
  kinds: readonly ConnectionKind[]
  /** Must take the stream over at once, without awaiting: early frames would be lost. */
  create(opened: OpenedStream): T
  /** There is a stream to this peer, a new one. */
  onOpen?(stream: T): void
  /** For `keepOpen`: false for a peer whose stream is not to be opened again after a failure. */
  isWanted?(peer: PeerId): boolean
  /** From 0 to 1, for the waits of `keepOpen`. */
  random?(): number
}

export interface PeerStreamsOptions {
  /** How long opening one may take, dial included, in ms. */
  openTimeoutMs: number
  /** Streams at once: the one that was used longest ago is closed for a new one. No limit when left out, where connections are the limit. */
  maxStreams?: number
  /** Streams that stay over `maxStreams`, by peer id. */
  isNeeded?(peer: string): boolean
}

export interface OpenOptions extends AbortOptions {
  /** Where the peer is dialled when it is not connected; where libp2p knows it, when left out or when none of them answers. */
  addresses?: readonly Multiaddr[]
  /** Opens the connection instead, where the protocol knows a way of its own. */
  connect?(signal: AbortSignal): Promise<Connection>
  /** Instead of `openTimeoutMs`. */
  timeoutMs?: number
}

/** The waits between two attempts of `keepOpen`. */
const REOPEN: BackoffOptions = { firstMs: 500, maxMs: 2_000 }

export type PeerStreams<T extends PeerStream> = ReturnType<typeof createPeerStreams<T>>

export function createPeerStreams<T extends PeerStream>(context: PeerStreamsContext<T>, options: PeerStreamsOptions) {
  const { libp2p, protocol, kinds } = context
  const { openTimeoutMs, maxStreams = Number.POSITIVE_INFINITY, isNeeded = () => false } = options
  const isBounded = maxStreams < Number.POSITIVE_INFINITY
  /** By peer id; where there is a bound, in the order of their last use. Bounded: maxStreams, or by the connections. */
  const streams = new Map<string, T>()
  const opening = createSingleFlight<string, T>()
  /** By peer id: the wait for the next attempt, undefined during one. Bounded by the peers that are wanted. */
  const retries = new Map<string, ReturnType<typeof setTimeout> | undefined>()
  let isStopped = false

  function get(id: string): T | undefined {
    const stream = streams.get(id)
    if (stream === undefined || !stream.open) return undefined
    if (isBounded) {
      streams.delete(id)
      streams.set(id, stream)
    }
    return stream
  }

  async function connect(peer: PeerId, addresses: readonly Multiaddr[], signal: AbortSignal): Promise<Connection> {
    const open = libp2p.getConnections(peer).find((each) => each.status === 'open' && kinds.includes(connectionKind(each)))
    if (open !== undefined) return open
    if (addresses.length === 0) return libp2p.dial(peer, { signal })
    let connection: Connection
    try {
      connection = await libp2p.dial(
        addresses.map((address) => withPeerId(address, peer.toString())),
        { signal },
      )
    } catch (error) {
      // The addresses may be wrong, and libp2p may know better ones.
      signal.throwIfAborted()
      return libp2p.dial(peer, { signal }).catch(() => {
        throw error
      })
    }
    if (!connection.remotePeer.equals(peer)) throw new Error('somebody else answers at that address')
    return connection
  }

  async function openStream(
    peer: PeerId,
    { addresses = [], timeoutMs = openTimeoutMs, ...own }: OpenOptions,
    stop: AbortSignal,
  ): Promise<T> {
    const id = peer.toString()
    const signal = AbortSignal.any([stop, timeoutSignal(timeoutMs)])
    const connection = await (own.connect?.(signal) ?? connect(peer, addresses, signal))
    const stream = await connection.newStream(protocol, { signal })
    if (isStopped) {
      const reason = new Error('stopped')
      stream.abort(reason)
      throw reason
    }
    let made: T | undefined
    made = context.create({
      peer,
      stream,
      connection,
      addresses,
      onEnd() {
        if (made !== undefined && streams.get(id) === made) streams.delete(id)
      },
    })
    if (!made.open) throw new Error('the stream ended as it was opened')
    streams.set(id, made)
    if (streams.size > maxStreams) closeOldest(id)
    context.onOpen?.(made)
    return made
  }

  function closeOldest(newest: string): void {
    for (const [id, stream] of streams) {
      if (id === newest || isNeeded(id)) continue
      stream.close()
      return
    }
  }

  /**
   * The stream to the peer, opened if there is none. Opening goes on when a caller leaves: the next one finds it open.
   *
   * @throws when the peer cannot be reached in time, or does not speak the protocol
   * @throws signal.reason, when aborted
   */
  async function open(peer: PeerId, { signal, ...own }: OpenOptions = {}): Promise<T> {
    signal?.throwIfAborted()
    if (isStopped) throw new Error('stopped')
    const id = peer.toString()
    // Without the caller's signal: a stream that is half open is worth having for the next caller.
    return (
      get(id) ??
      raceAbort(
        opening.run(id, (stop) => openStream(peer, own, stop)),
        signal,
      )
    )
  }

  /** Opens the stream in the background, again and again with a backoff while the peer is wanted. Not again by itself when it ends later. */
  function keepOpen(peer: PeerId): void {
    const id = peer.toString()
    if (isStopped || retries.has(id) || get(id) !== undefined) return
    retries.set(id, undefined)
    const backoff = createBackoff(REOPEN, context.random ?? Math.random)
    const attempt = () => {
      open(peer).then(
        () => retries.delete(id),
        () => {
          if (isStopped || context.isWanted?.(peer) === false) retries.delete(id)
          else retries.set(id, setTimeout(attempt, backoff.next()))
        },
      )
    }
    attempt()
  }

  return {
    /** The open stream to the peer, if there is one. @param peer its id, or the text of it */
    get: (peer: PeerId | string) => get(peer.toString()),
    open,
    keepOpen,
    /** Open streams, the one that was used longest ago first. */
    all: () => [...streams.values()],
    /** Closes all, and opens no more. */
    stop() {
      isStopped = true
      opening.stop(new Error('stopped'))
      for (const timer of retries.values()) clearTimeout(timer)
      retries.clear()
      for (const stream of [...streams.values()]) stream.close()
    },
  }
}
