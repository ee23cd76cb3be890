/** The client of the content protocol: requests content, outlines and pieces, and follows pieces. Nothing that it returns is checked yet. */

import type { Libp2p } from '@libp2p/interface'
import { raceAbort } from '../../async/abort.ts'
import type { Direct } from '../../network/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { FetchPiece, WantedPiece } from '../types.ts'
import { type AssembledBytes, createChunkAssembly, type ExpectedBytes } from './chunk-assembly.ts'
import { createContentStreams, isDirect, type RequestFailure, type RequestTarget, sendRequest } from './content-streams.ts'
import { type FollowEnd, type FollowedContent, followPieces } from './following.ts'
import { ASK_SCOPE, type RequestFrame } from './wire.ts'

/** The outcome of a request: bytes, unchecked, or why there are none. */
export type ContentReply = AssembledBytes | RequestFailure

export interface ContentClient {
  /**
   * Requests content that travels whole, or the outline of larger content.
   *
   * @throws signal.reason, when aborted
   */
  request(target: RequestTarget, key: Key, options: Required<AbortOptions>): Promise<ContentReply>
  /** Requests one piece, of exactly `size` bytes: over HTTP where the target has a gateway, else on the stream. */
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

export interface ContentClientContext {
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

export function createContentClient({ libp2p, maxWholeBytes, direct, fetchPiece }: ContentClientContext): ContentClient {
  const streams = createContentStreams(libp2p, direct)

  function requestBytes(
    target: RequestTarget,
    frame: RequestFrame,
    expected: ExpectedBytes,
    { signal }: Required<AbortOptions>,
  ): Promise<ContentReply> {
    const assemble = createChunkAssembly(expected)
    return sendRequest<AssembledBytes>(
      streams.open(target),
      {
        frame,
        stallMs: target.stallMs,
        onReply: (reply) => (reply.type === 'chunk' || reply.type === 'outline-chunk' ? assemble(reply) : undefined),
      },
      signal,
    )
  }

  /** Undefined when the piece cannot be fetched over HTTP. */
  async function fetchOverHttp(target: RequestTarget, piece: WantedPiece, signal: AbortSignal): Promise<ContentReply | undefined> {
    if (fetchPiece === undefined || isDirect(target.addresses)) return undefined
    const stream = await raceAbort(streams.open(target), signal).catch(() => undefined)
    signal.throwIfAborted()
    if (stream?.origin === undefined || stream.httpFailures >= MAX_HTTP_FAILURES) return undefined
    const from = target.scope === ASK_SCOPE.own ? 'node' : 'anybody'
    const bytes = await fetchPiece(stream.origin, piece, { signal, stallMs: target.stallMs, from })
    stream.httpFailures = bytes === undefined ? stream.httpFailures + 1 : 0
    return bytes && { bytes }
  }

  return {
    request: (target, key, options) =>
      requestBytes(target, { type: 'ask', key, scope: target.scope }, { maxBytes: maxWholeBytes }, options),
    async requestPiece(target, piece, options) {
      const { key, outline, index, size } = piece
      return (
        (await fetchOverHttp(target, piece, options.signal)) ??
        requestBytes(target, { type: 'ask-piece', key, index, scope: target.scope, outline }, { pieceBytes: size }, options)
      )
    },
    follow: (target, content, onPieces, options) => followPieces(streams.open(target), content, onPieces, target.stallMs, options),
    stop: streams.stop,
  }
}
