/**
 * Trunks: relayed streams of which each carries all ways of people between two peers, as streams of a muxer inside it. The handshake costs each end
 * two signatures and four key agreements, and the opening a round trip through every home: both are done once, for a link, all calls and all channels.
 */

import type { MessageStream, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { createTimeout, inTime, onAbort } from '../../async/abort.ts'
import { createQuota } from '../../async/quota.ts'
import { createSingleFlight } from '../../async/single-flight.ts'
import { MayflyError } from '../../errors.ts'

export const TRUNK_DEFAULTS = {
  /** How long the end that opened a trunk keeps it with nothing in it, in ms. */
  idleMs: 10_000,
  /** The same of the other end: longer, so that it is not the one that ends it. */
  idleInboundMs: 30_000,
  /** Trunks that one peer may have opened here: one that has lost its home opens another, before this end has noticed. */
  maxInboundPerPeer: 4,
  /** How long a handshake that the other end has begun is waited for, before this end begins one, in ms. */
  acceptMs: 2_000,
}

/** The protocol whose ways share a trunk. */
export const PEOPLE_PROTOCOL = '/mayfly/people/1.0.0'

/** A relayed stream after its handshake. Without a muxer, since the other end is of an earlier version, it is one way. */
export interface Secured {
  connection: MessageStream
  streamMuxer?: StreamMuxerFactory | undefined
}

interface Trunk {
  muxer: StreamMuxer
  /** The stream is in it. */
  hold(stream: Stream): void
}

export type Trunks = ReturnType<typeof createTrunks>

/** @param onStream takes the streams that other ends open, and those of earlier versions */
export function createTrunks(onStream: (peer: string, stream: MessageStream) => void, options: Partial<typeof TRUNK_DEFAULTS> = {}) {
  const settings = { ...TRUNK_DEFAULTS, ...options }
  /** By peer: the one for new streams. Bounded by the relay's limits on the streams of one peer. */
  const trunks = new Map<string, Trunk>()
  const inbound = createQuota({ maxPerKey: settings.maxInboundPerPeer })
  const opening = createSingleFlight<string, void>()
  /** Handshakes that others have begun, by peer: the newest. Bounded by the caller of `accept`. */
  const accepting = new Map<string, Promise<void>>()

  /** @returns the connection, when there is no muxer on it */
  function add(peer: string, { connection, streamMuxer }: Secured, idleMs: number): MessageStream | undefined {
    if (streamMuxer === undefined) return connection
    const muxer = streamMuxer.createStreamMuxer(connection)
    let streams = 0
    let idle: ReturnType<typeof createTimeout> | undefined
    const rest = () => {
      idle = createTimeout(idleMs)
      onAbort(idle.signal, () => connection.abort(new Error('nothing goes over it any more')))
    }
    const trunk: Trunk = {
      muxer,
      hold(stream) {
        streams++
        idle?.end()
        stream.addEventListener('close', () => {
          if (--streams === 0 && connection.status === 'open') rest()
        })
      },
    }
    muxer.addEventListener('stream', ({ detail: stream }) => {
      trunk.hold(stream)
      onStream(peer, stream)
    })
    connection.addEventListener('close', () => {
      idle?.end()
      if (trunks.get(peer) === trunk) trunks.delete(peer)
    })
    rest()
    if (!trunks.has(peer)) trunks.set(peer, trunk)
    return undefined
  }

  function take(peer: string, secured: Secured): void {
    const leave = secured.streamMuxer === undefined ? undefined : inbound.enter(peer)
    if (typeof leave === 'string') {
      secured.connection.abort(new MayflyError('ERR_LIMIT', `Over ${settings.maxInboundPerPeer} trunks of one peer`))
      return
    }
    if (leave !== undefined) secured.connection.addEventListener('close', leave)
    const plain = add(peer, secured, settings.idleInboundMs)
    if (plain !== undefined) onStream(peer, plain)
  }

  async function openIn({ muxer, hold }: Trunk): Promise<Stream> {
    const stream = await muxer.createStream()
    hold(stream)
    return stream
  }

  return {
    /**
     * A stream to the peer: in the trunk that is open, or in a new one.
     *
     * @param secure opens a relayed stream and does the handshake
     * @throws what `secure` throws; signal.reason, when aborted
     */
    async open(peer: string, secure: (signal: AbortSignal) => Promise<Secured>, signal: AbortSignal): Promise<MessageStream> {
      let plain: MessageStream | undefined
      if (!trunks.has(peer)) {
        await opening.run(
          peer,
          async (shared) => {
            await inTime(accepting.get(peer) ?? Promise.resolve(), settings.acceptMs).catch(() => {})
            if (!trunks.has(peer)) plain = add(peer, await secure(shared), settings.idleMs)
          },
          { signal },
        )
      }
      const trunk = trunks.get(peer)
      if (plain !== undefined) return plain
      // The one that others opened at the same time was a plain stream, and is theirs.
      return trunk === undefined ? (await secure(signal)).connection : openIn(trunk)
    },
    /**
     * Takes one that the peer has opened, once its handshake is done.
     *
     * @throws as the handshake
     */
    async accept(peer: string, securing: Promise<Secured>): Promise<void> {
      const accepted = securing.then((secured) => take(peer, secured))
      accepting.set(peer, accepted)
      try {
        await accepted
      } finally {
        if (accepting.get(peer) === accepted) accepting.delete(peer)
      }
    },
  }
}
