/**
 * The asking end of the content protocol: one long-lived stream to each peer that is asked, many answers on it at once. Bytes are put
 * together here and judged by size; whether they are right is for the caller, who knows the key.
 */

import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { connectionKind, createFrameStream, createIdleTimeout, type Direct, raceAbort } from '../../network/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { MAX_OUTLINE_BYTES } from '../format/outline.ts'
import type { FetchPiece, WantedPiece } from '../types.ts'
import type { Candidate } from './candidate.ts'
import { type FollowChannel, type FollowEnd, type FollowedContent, followPieces } from './following.ts'
import { httpOriginOf } from './http-origin.ts'
import {
  ASK_SCOPE,
  type AskFrame,
  type AskPieceFrame,
  CHUNK_BYTES,
  type ChunkFrame,
  CONTENT_PROTOCOL,
  decodeContent,
  encodeContent,
  MAX_CONTENT_FRAME_BYTES,
  type NoContent,
  type OutlineChunkFrame,
} from './wire.ts'

/** The outcome of a request: bytes (unchecked), a reason why there are none, how the answer broke the rules, or why the peer could not be asked. */
export type ContentReply =
  | { bytes: Uint8Array }
  | { outline: Uint8Array }
  | { none: NoContent }
  | { broken: string }
  | { unreachable: string }

/** The peer that is asked. An answer counts as broken when nothing arrives for `stallMs`. */
export type RequestTarget = Pick<Candidate, 'peer' | 'addresses' | 'scope' | 'stallMs'>

export interface ContentClient {
  /**
   * Requests content that travels whole, or the outline of larger content.
   *
   * @throws signal.reason, when aborted
   */
  request(target: RequestTarget, key: Key, options: Required<AbortOptions>): Promise<ContentReply>
  /** Requests one piece, of exactly `size` bytes. */
  requestPiece(target: RequestTarget, piece: WantedPiece, options: Required<AbortOptions>): Promise<ContentReply>
  /** See `followPieces`. */
  follow(
    target: RequestTarget,
    content: FollowedContent,
    onPieces: (indexes: number[]) => void,
    options: Required<AbortOptions>,
  ): Promise<FollowEnd>
  stop(): void
}

interface Pending {
  /** What may come: content that fits in one piece or an outline, or one piece of a known size. */
  expects: { maxBytes: number; exactBytes?: number }
  kind: 'chunk' | 'outline-chunk' | undefined
  /** Made when the first chunk tells its size, so that each byte is copied once. */
  whole: Uint8Array | undefined
  received: number
  total: number | undefined
  heard(): void
  done(result: ContentReply): void
}

interface Channel extends FollowChannel {
  /** Where the peer's gateway is, as far as its connection and its addresses tell. */
  origin: string | undefined
  /** Pieces in a row that could not be had over HTTP. */
  httpFailures: number
  /** By id. Bounded: each is taken out by its answer, its time-out or the end of the stream. */
  pending: Map<number, Pending>
}

/** How long opening the stream may take, dial included, in ms. A direct dial has its own limit (network/direct.ts), which is reached first. */
const OPEN_MS = 3_000
const OPEN_DIRECT_MS = 10_000
const MAX_UNSENT_BYTES = 1_048_576

/** Who gave so many pieces in a row on the stream only, after they were asked for over HTTP, is asked over HTTP no more. */
const MAX_HTTP_FAILURES = 3

export interface ContentClientContext {
  libp2p: Libp2p
  /** The largest content that travels whole, in bytes. */
  maxWholeBytes: number
  /** How other tabs are dialled, for a tab that can. */
  direct?: Pick<Direct, 'dial'> | undefined
  /** Used first for the pieces of nodes that can be reached by HTTP. */
  fetchPiece?: FetchPiece | undefined
}

export function createContentClient({ libp2p, maxWholeBytes, direct, fetchPiece }: ContentClientContext): ContentClient {
  /** By peer id. Bounded by the connections. */
  const channels = new Map<string, Promise<Channel>>()
  let nextId = 1

  async function connect(peer: PeerId, addresses: string[], signal: AbortSignal): Promise<Connection> {
    if (isDirect(addresses) && direct !== undefined) return direct.dial(peer, addresses, { signal })
    // A circuit of a relay carries no content.
    const open = libp2p.getConnections(peer).find((connection) => connection.status === 'open' && connectionKind(connection) !== 'relayed')
    if (open !== undefined) return open
    const targets = addresses.flatMap((text): Multiaddr[] => {
      const address = multiaddr(text)
      const named = address.getComponents().some(({ name }) => name === 'p2p')
      return [named ? address : address.encapsulate(`/p2p/${peer.toString()}`)]
    })
    if (targets.length === 0) return libp2p.dial(peer, { signal })
    try {
      return await libp2p.dial(targets, { signal })
    } catch (error) {
      // Whoever answered the find may have told wrong addresses; this peer may know better ones.
      signal.throwIfAborted()
      return libp2p.dial(peer, { signal }).catch(() => {
        throw error
      })
    }
  }

  async function openChannel(peer: PeerId, addresses: string[]): Promise<Channel> {
    const signal = AbortSignal.timeout(isDirect(addresses) ? OPEN_DIRECT_MS : OPEN_MS)
    const connection = await connect(peer, addresses, signal)
    if (!connection.remotePeer.equals(peer)) throw new Error('somebody else answers at that address')
    const stream = await connection.newStream(CONTENT_PROTOCOL, { signal })
    const pending: Channel['pending'] = new Map()
    const follows: Channel['follows'] = new Map()
    const frames = createFrameStream(stream, {
      maxFrameBytes: MAX_CONTENT_FRAME_BYTES,
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onFrame: (raw) => {
        const frame = decodeContent(raw)
        if (frame.type === 'none') (pending.get(frame.id) ?? follows.get(frame.id))?.done({ none: frame.reason })
        if (frame.type === 'pieces' || frame.type === 'more-pieces') follows.get(frame.id)?.onFrame(frame)
        if (frame.type === 'chunk' || frame.type === 'outline-chunk') {
          // A holder with a narrow line gives one piece after the other: while any of them comes, none has stalled.
          for (const waiting of pending.values()) waiting.heard()
          onChunk(pending.get(frame.id), frame)
        }
      },
      onEnd: (reason) => {
        channels.delete(peer.toString())
        const unreachable = `the stream ended${reason ? `: ${reason.message}` : ''}`
        for (const answer of [...pending.values(), ...follows.values()]) answer.done({ unreachable })
      },
    })
    return { frames, origin: fetchPiece && httpOriginOf(connection, addresses), httpFailures: 0, pending, follows }
  }

  function onChunk(answer: Pending | undefined, chunk: ChunkFrame | OutlineChunkFrame): void {
    if (answer === undefined) return
    answer.total ??= chunk.total
    answer.kind ??= chunk.type
    const broken = breach(answer, chunk)
    if (broken !== undefined) {
      answer.done({ broken })
      return
    }
    answer.whole ??= new Uint8Array(chunk.total)
    answer.whole.set(chunk.bytes, answer.received)
    answer.received += chunk.bytes.byteLength
    if (answer.received < chunk.total) return
    answer.done(chunk.type === 'chunk' ? { bytes: answer.whole } : { outline: answer.whole })
  }

  /** How a chunk breaks what was promised before it, if it does. */
  function breach(
    { total: promised, kind, received, expects }: Pending,
    { type, total, bytes }: ChunkFrame | OutlineChunkFrame,
  ): string | undefined {
    if (total !== promised || type !== kind) return 'it changed the size or the kind of its answer while sending'
    if (expects.exactBytes !== undefined && (total !== expects.exactBytes || type !== 'chunk'))
      return `${total} bytes instead of a piece of ${expects.exactBytes}`
    const most = type === 'chunk' ? expects.maxBytes : MAX_OUTLINE_BYTES
    if (total > most) return `${total} bytes is over the limit of ${most}`
    if (received + bytes.byteLength > total) return `more bytes than the ${total} it promised`
    // Crumbs would keep an answer alive for ever, and cost more memory than their bytes.
    if (bytes.byteLength !== Math.min(CHUNK_BYTES, total - received)) return `a chunk of ${bytes.byteLength} bytes, not of ${CHUNK_BYTES}`
    return undefined
  }

  function channelTo(peer: PeerId, addresses: string[]): Promise<Channel> {
    const id = peer.toString()
    let channel = channels.get(id)
    if (channel === undefined) {
      channel = openChannel(peer, addresses)
      channels.set(id, channel)
      channel.catch(() => channels.delete(id))
    }
    return channel
  }

  function askFor(
    { peer, addresses, stallMs }: RequestTarget,
    expects: Pending['expects'],
    frame: (id: number) => AskFrame | AskPieceFrame,
    signal: AbortSignal,
  ): Promise<ContentReply> {
    return new Promise((resolve, reject) => {
      const id = nextId++
      let channel: Channel | undefined
      const idle = createIdleTimeout(stallMs)
      let over = false
      const end = () => {
        over = true
        idle.end()
        signal.removeEventListener('abort', onAbort)
        channel?.pending.delete(id)
      }
      const onAbort = () => {
        if (channel?.pending.has(id)) channel.frames.send(encodeContent({ type: 'cancel', id }))
        end()
        reject(signal.reason)
      }
      const done = (result: ContentReply) => {
        if (over) return
        if ('broken' in result && channel?.frames.open) channel.frames.send(encodeContent({ type: 'cancel', id }))
        end()
        resolve(result)
      }
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      idle.signal.addEventListener('abort', () => done({ broken: `nothing arrived for ${stallMs} ms` }), { once: true })
      channelTo(peerIdFromString(peer), addresses).then(
        (opened) => {
          if (over) return
          channel = opened
          opened.pending.set(id, { expects, kind: undefined, whole: undefined, received: 0, total: undefined, heard: idle.touch, done })
          if (!opened.frames.send(encodeContent(frame(id)))) done({ unreachable: 'the stream has ended' })
        },
        (error: unknown) => done({ unreachable: error instanceof Error ? error.message : String(error) }),
      )
    })
  }

  /** Undefined when it cannot be had this way. What comes is judged as what comes on the stream. */
  async function fetchOverHttp(
    { peer, addresses, scope, stallMs }: RequestTarget,
    piece: WantedPiece,
    signal: AbortSignal,
  ): Promise<ContentReply | undefined> {
    if (fetchPiece === undefined || isDirect(addresses)) return undefined
    const channel = await raceAbort(channelTo(peerIdFromString(peer), addresses), signal).catch(() => undefined)
    signal.throwIfAborted()
    if (channel?.origin === undefined || channel.httpFailures >= MAX_HTTP_FAILURES) return undefined
    const bytes = await fetchPiece(channel.origin, piece, { signal, stallMs, from: scope === ASK_SCOPE.own ? 'node' : 'anybody' })
    channel.httpFailures = bytes === undefined ? channel.httpFailures + 1 : 0
    return bytes && { bytes }
  }

  return {
    follow: ({ peer, addresses, stallMs }, content, onPieces, options) =>
      followPieces(channelTo(peerIdFromString(peer), addresses), nextId++, content, onPieces, stallMs, options),
    request: (target, key, { signal }) =>
      askFor(target, { maxBytes: maxWholeBytes }, (id) => ({ type: 'ask', id, key, scope: target.scope }), signal),
    async requestPiece(target, piece, { signal }) {
      const got = await fetchOverHttp(target, piece, signal)
      if (got !== undefined) return got
      const { key, outline, index, size } = piece
      const expects = { maxBytes: size, exactBytes: size }
      return askFor(target, expects, (id) => ({ type: 'ask-piece', id, key, index, scope: target.scope, outline }), signal)
    },
    stop() {
      for (const channel of channels.values()) channel.then(({ frames }) => frames.close()).catch(() => {})
      channels.clear()
    },
  }
}

const isDirect = (addresses: readonly string[]) => addresses.some((address) => address.includes('/webrtc/'))
