/** The client of the content protocol: requests content, outlines and pieces, and follows pieces. Nothing that it returns is checked yet. */

import type { Libp2p } from '@libp2p/interface'
import { raceAbort } from '../../async/abort.ts'
import type { Direct } from '../../network/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { MAX_OUTLINE_BYTES } from '../format/outline.ts'
import { decodePieceSet, type PieceSet } from '../format/piece-set.ts'
import type { FetchPiece, WantedPiece } from '../types.ts'
import {
  type ContentStream,
  createContentStreams,
  isDirect,
  type RequestFailure,
  type RequestTarget,
  sendRequest,
} from './content-streams.ts'
import { ASK_SCOPE, CHUNK_BYTES, type ChunkFrame, type MorePiecesFrame, type PiecesFrame, type RequestFrame } from './wire.ts'

/** The bytes that may come: content that travels whole or an outline, or one piece of a known size. */
type ExpectedBytes = { maxBytes: number } | { pieceBytes: number }

type AssembledBytes = { bytes: Uint8Array } | { outline: Uint8Array }

/** The outcome of a request: bytes, unchecked, or why there are none. */
export type ContentReply = AssembledBytes | RequestFailure

interface FollowedContent {
  key: Key
  /** The SHA-256 of its outline. */
  outline: Key
  pieceCount: number
}

/** The peer has all pieces, or a failure. */
export type FollowEnd = { isComplete: true } | RequestFailure

interface ContentClientContext {
  libp2p: Libp2p
  /** The largest content that travels whole, in bytes. */
  maxWholeBytes: number
  /** Dials other tabs, in a tab that can. */
  direct?: Pick<Direct, 'dial'> | undefined
  /** Fetches pieces over HTTP. */
  fetchPiece?: FetchPiece | undefined
}

/** After so many pieces in a row that could not be fetched over HTTP, a peer is asked on the stream only. */
const MAX_HTTP_FAILURES = 3

export type ContentClient = ReturnType<typeof createContentClient>

export function createContentClient({ libp2p, maxWholeBytes, direct, fetchPiece }: ContentClientContext) {
  const streams = createContentStreams(libp2p, direct)

  function requestBytes(target: RequestTarget, frame: RequestFrame, expected: ExpectedBytes, signal: AbortSignal): Promise<ContentReply> {
    const assemble = createChunkAssembly(expected)
    return sendRequest(
      streams.open(target),
      frame,
      (reply) => (reply.type === 'chunk' || reply.type === 'outline-chunk' ? assemble(reply) : undefined),
      target.stallMs,
      signal,
    )
  }

  /** Undefined when the piece cannot be fetched over HTTP. */
  async function fetchOverHttp(target: RequestTarget, piece: WantedPiece, signal: AbortSignal): Promise<ContentReply | undefined> {
    if (fetchPiece === undefined || isDirect(target.addresses)) return undefined
    const stream = streams.get(target.peer) ?? (await raceAbort(streams.open(target), signal).catch(() => undefined))
    signal.throwIfAborted()
    if (stream?.origin === undefined || stream.httpFailures >= MAX_HTTP_FAILURES) return undefined
    const from = target.scope === ASK_SCOPE.own ? 'node' : 'anybody'
    const bytes = await fetchPiece(stream.origin, { ...piece, ...bundleOf(target) }, { signal, stallMs: target.stallMs, from })
    stream.httpFailures = bytes === undefined ? stream.httpFailures + 1 : 0
    return bytes && { bytes }
  }

  return {
    /**
     * Requests content that travels whole, or the outline of larger content.
     *
     * @throws signal.reason, when aborted
     */
    request: (target: RequestTarget, key: Key, { signal }: Required<AbortOptions>): Promise<ContentReply> =>
      requestBytes(target, { type: 'ask', key, scope: target.scope, ...bundleOf(target) }, { maxBytes: maxWholeBytes }, signal),
    /** Requests one piece, of exactly `size` bytes: over HTTP where the target has a gateway, else on the stream. */
    async requestPiece(target: RequestTarget, piece: WantedPiece, { signal }: Required<AbortOptions>): Promise<ContentReply> {
      const { key, outline, index, size } = piece
      const overHttp = await fetchOverHttp(target, piece, signal)
      if (overHttp !== undefined) return overHttp
      const frame = { type: 'ask-piece', key, index, scope: target.scope, outline, ...bundleOf(target) } as const
      return requestBytes(target, frame, { pieceBytes: size }, signal)
    },
    /** See `followPieces`. */
    follow: (
      target: RequestTarget,
      content: FollowedContent,
      onPieces: (indexes: number[]) => void,
      options: Required<AbortOptions>,
    ): Promise<FollowEnd> => followPieces(streams.open(target), content, onPieces, target.stallMs, options),
    stop: streams.stop,
  }
}

const bundleOf = ({ bundle }: RequestTarget) => (bundle === undefined ? {} : { bundle })

/** Assembles the chunks of one reply, and judges them by size. Returns the whole with the last chunk. */
function createChunkAssembly(expected: ExpectedBytes) {
  /** As the first chunk says. The buffer is made then, so that each byte is copied once. */
  let promised: (Pick<ChunkFrame, 'type' | 'total'> & { whole: Uint8Array }) | undefined
  let received = 0

  function breach({ type, total, bytes }: ChunkFrame): string | undefined {
    if (promised !== undefined && (total !== promised.total || type !== promised.type))
      return 'it changed the size or the kind of its answer while sending'
    if ('pieceBytes' in expected && (total !== expected.pieceBytes || type !== 'chunk'))
      return `${total} bytes instead of a piece of ${expected.pieceBytes}`
    const most = type === 'outline-chunk' ? MAX_OUTLINE_BYTES : 'maxBytes' in expected ? expected.maxBytes : expected.pieceBytes
    if (total > most) return `${total} bytes is over the limit of ${most}`
    if (received + bytes.byteLength > total) return `more bytes than the ${total} it promised`
    // Crumbs would keep an answer alive for ever, and cost more memory than their bytes.
    if (bytes.byteLength !== Math.min(CHUNK_BYTES, total - received)) return `a chunk of ${bytes.byteLength} bytes, not of ${CHUNK_BYTES}`
    return undefined
  }

  return (chunk: ChunkFrame): AssembledBytes | { broken: string } | undefined => {
    const broken = breach(chunk)
    if (broken !== undefined) return { broken }
    const { type, total, bytes } = chunk
    promised ??= { type, total, whole: new Uint8Array(total) }
    const { whole } = promised
    whole.set(bytes, received)
    received += bytes.byteLength
    if (received < total) return undefined
    return type === 'chunk' ? { bytes: whole } : { outline: whole }
  }
}

/**
 * Follows the pieces that another peer has, now and as they come. Resolves when the peer has all pieces, has left, or has nothing to follow.
 *
 * @param onPieces hears the numbers of new pieces, each once, of pieces that exist
 * @param stallMs how long the first reply may take
 * @throws signal.reason, when aborted
 */
export function followPieces(
  opening: Promise<ContentStream>,
  { key, outline, pieceCount }: FollowedContent,
  onPieces: (indexes: number[]) => void,
  stallMs: number,
  { signal }: Required<AbortOptions>,
): Promise<FollowEnd> {
  /** Undefined before the first frame. */
  let pieces: PieceSet | undefined

  /** The new pieces; undefined when the frame breaks the rules. Each frame must bring news, so that there are no more frames than pieces. */
  function add(frame: PiecesFrame | MorePiecesFrame): number[] | undefined {
    if (frame.type === 'more-pieces') return frame.indexes.every((index) => pieces?.add(index)) ? frame.indexes : undefined
    if (pieces !== undefined) return undefined
    try {
      const there = decodePieceSet(frame.bitmap, pieceCount)
      pieces = there
      return Array.from({ length: pieceCount }, (_, index) => index).filter((index) => there.has(index))
    } catch {
      return undefined
    }
  }

  return sendRequest(
    opening,
    { type: 'follow-pieces', key, outline },
    (reply, idle) => {
      if (reply.type !== 'pieces' && reply.type !== 'more-pieces') return undefined
      const fresh = add(reply)
      if (fresh === undefined) return { broken: `pieces that are none of the ${pieceCount}, or were reported before` }
      idle.end()
      onPieces(fresh)
      return pieces?.isFull ? { isComplete: true as const } : undefined
    },
    stallMs,
    signal,
  )
}
