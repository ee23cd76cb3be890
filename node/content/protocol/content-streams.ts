/** The client's streams of the content protocol: one to each peer, with any number of requests on it. */

import type { Connection, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { abortable, onAbort } from '../../async/abort.ts'
import { createIdleTimeout, type IdleTimeout } from '../../async/idle-timeout.ts'
import {
  createFrameStream,
  createPeerStreams,
  createRequests,
  type Direct,
  hostOfMultiaddr,
  type OpenedStream,
  originOfMultiaddr,
  parseMultiaddr,
} from '../../network/index.ts'
import type { Key } from '../../types.ts'
import { decodeFrameView } from './chunk-view.ts'
import {
  type AskScope,
  CONTENT_PROTOCOL,
  type ContentFrame,
  decodeContent,
  encodeContent,
  MAX_CONTENT_FRAME_BYTES,
  type NoContent,
  type RequestFrame,
} from './wire.ts'

/** The peer that is asked. */
export interface RequestTarget {
  /** Peer id. */
  peer: string
  /** Multiaddrs at which it can be dialled. */
  addresses: string[]
  scope: AskScope
  /** How long it may send nothing, in ms. */
  stallMs: number
  /** See `OpenOptions.bundle`. */
  bundle?: Key
}

/** Why a request brought nothing: the peer's reason, how its reply broke the rules, or why the peer could not be asked. */
export type RequestFailure = { none: NoContent } | { broken: string } | { unreachable: string }

export type ContentStream = ReturnType<typeof createContentStream>

type Ended = { type: 'ended'; reason: string }

/** How long opening a stream may take, dial included, in ms. A direct dial has its own limit (network/direct.ts), which is reached first. */
const OPEN_MS = 3_000
const OPEN_DIRECT_MS = 10_000
const MAX_UNSENT_BYTES = 1_048_576

export function createContentStreams(libp2p: Libp2p, direct: Pick<Direct, 'dial'> | undefined) {
  const streams = createPeerStreams<ContentStream>(
    // A circuit of a relay carries no content.
    { libp2p, protocol: CONTENT_PROTOCOL, kinds: ['socket', 'direct'], create: createContentStream },
    { openTimeoutMs: OPEN_MS },
  )
  return {
    /** The stream to a peer, when it is open. */
    get: streams.get,
    /** @throws when the peer cannot be reached in time */
    async open({ peer, addresses }: RequestTarget): Promise<ContentStream> {
      const open = streams.get(peer) // asked for each piece, so the id is not read each time
      if (open !== undefined) return open
      const id = peerIdFromString(peer)
      if (!isDirect(addresses)) return streams.open(id, { addresses: addresses.map((address) => multiaddr(address)) })
      return streams.open(id, { timeoutMs: OPEN_DIRECT_MS, ...(direct && { connect: (signal) => direct.dial(id, addresses, { signal }) }) })
    },
    stop: streams.stop,
  }
}

export function createContentStream({ stream, connection, addresses, onEnd }: OpenedStream) {
  const requests = createRequests<ContentFrame | Ended>({ ended: { type: 'ended', reason: 'the stream has ended' } })
  /** The idle timeouts of the requests for bytes. A holder with a narrow line sends one piece after the other: any chunk shows that it is alive. */
  const idle = new Set<IdleTimeout>()
  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_CONTENT_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    decode: decodeFrameView,
    onFrame: (raw) => {
      const frame = decodeContent(raw)
      if (frame.type === 'chunk' || frame.type === 'outline-chunk') for (const each of idle) each.touch()
      requests.reply(frame.id, frame)
    },
    onEnd: (reason) => {
      onEnd()
      requests.end({ type: 'ended', reason: `the stream ended${reason ? `: ${reason.message}` : ''}` })
    },
  })
  return {
    get open(): boolean {
      return frames.open
    },
    close: frames.close,
    frames,
    requests,
    idle,
    /** Where the peer's gateway is, as its connection and its addresses tell. */
    origin: httpOriginOf(connection, addresses.map(String)),
    /** Pieces in a row that could not be fetched over HTTP. */
    httpFailures: 0,
  }
}

/**
 * Sends a request on a stream that is being opened. A request that is aborted, broken or stalled is cancelled at the other peer.
 *
 * @param onReply returns the result, once the request is complete
 * @throws signal.reason, when aborted
 */
export function sendRequest<T extends object>(
  opening: Promise<ContentStream>,
  frame: RequestFrame,
  onReply: (reply: ContentFrame, idle: IdleTimeout) => T | { broken: string } | undefined,
  stallMs: number,
  signal: AbortSignal,
): Promise<T | RequestFailure> {
  opening.catch(() => {}) // handled below, unless the request was aborted before
  return abortable<T | RequestFailure>(signal, (resolve) => {
    const idle = createIdleTimeout(stallMs)
    const stopListening = onAbort(idle.signal, () => resolve({ broken: `nothing arrived for ${stallMs} ms` }))
    let isOver = false
    let cancel = () => {}
    opening.then(
      (stream) => {
        if (isOver) return
        if (frame.type !== 'follow-pieces') stream.idle.add(idle)
        const complete = (result: T | RequestFailure) => {
          if (!('broken' in result)) stream.requests.forget(id)
          resolve(result)
        }
        const id = stream.requests.begin(
          (number) => stream.frames.send(encodeContent({ ...frame, id: number })),
          (reply) => {
            if (reply.type === 'ended') complete({ unreachable: reply.reason })
            else if (reply.type === 'none') complete({ none: reply.reason })
            else {
              const result = onReply(reply, idle)
              if (result !== undefined) complete(result)
            }
          },
        )
        cancel = () => {
          stream.idle.delete(idle)
          if (stream.requests.forget(id)) stream.frames.send(encodeContent({ type: 'cancel', id }))
        }
      },
      (error: unknown) => resolve({ unreachable: error instanceof Error ? error.message : String(error) }),
    )
    return () => {
      isOver = true
      stopListening()
      idle.end()
      cancel()
    }
  })
}

export const isDirect = (addresses: readonly string[]) => addresses.some((address) => address.includes('/webrtc/'))

/**
 * The origin of the node's HTTP, such as `http://192.0.2.1:4000`; undefined for a peer that has none. It is the address that this peer has
 * dialled; or else one that the node announces at the host it has connected from, so that no node can send others to a third party.
 *
 * @param announced multiaddrs
 */
export function httpOriginOf(connection: Pick<Connection, 'direction' | 'remoteAddr'>, announced: readonly string[]): string | undefined {
  if (connection.direction === 'outbound') return originOfMultiaddr(connection.remoteAddr)
  const host = hostOfMultiaddr(connection.remoteAddr)
  const near = announced
    .map(parseMultiaddr)
    .find((address) => address !== undefined && host !== undefined && hostOfMultiaddr(address) === host)
  return near && originOfMultiaddr(near)
}
