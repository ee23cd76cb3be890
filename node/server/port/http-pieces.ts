/**
 * Fetches pieces from other nodes over plain HTTP, on kept connections: this costs a fraction of an encrypted stream, and is safe for public
 * bytes that are checked by their hash. Pieces that cannot be fetched this way are fetched over the stream instead. Pieces that are asked for
 * one after the other come in spans: one request, and one answer that is read no further than the pieces that were asked for.
 */

import { type ClientRequest, get as getHttp, Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { abortable } from '../../async/abort.ts'
import { createRecentMap } from '../../async/recent-map.ts'
import { pieceRequest } from '../../content/protocol/piece-request.ts'
import type { FetchPiece, FetchPieceOptions, WantedPiece } from '../../index.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { answerOf, createSpan, type PieceSpan, SPAN_IDLE_MS } from './piece-span.ts'
import { createSpanSockets, type SpanAnswer, type SpanListener } from './span-socket.ts'

/** Connections to one node, in use or idle. A reader has six pieces of one holder in flight. */
const MAX_SOCKETS = 8
const AGENT = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_SOCKETS, scheduling: 'fifo' } as const
/** Contents, each of one node, whose last piece is remembered. */
const MAX_RUNS = 256
/** The longest span, in bytes and in pieces; nodes send no longer ones. */
const MAX_SPAN_BYTES = 8 * 1_048_576
const MAX_SPAN = 32

/** How a content is being read from one node. */
interface Run {
  /** Number of the last piece that was asked for, and when it was. */
  last: number
  atMs: number
  /** How many were asked for in a row. */
  length: number
  span: PieceSpan | undefined
  /** False once the node has answered a span by one piece: it is of a version that knows none. */
  hasSpans: boolean
  /** False once an answer of the node was not read by `createSpanSockets`. */
  isPlain: boolean
}

/** @param now a clock of any origin, in ms */
export function createHttpPieces(now = () => performance.now()): FetchPiece {
  const agent = new HttpAgent(AGENT)
  let secure: { get: typeof getHttp; agent: HttpAgent } | undefined
  const sockets = createSpanSockets()
  const runs = createRecentMap<string, Run>({ maxEntries: MAX_RUNS })

  function send(origin: string, piece: WantedPiece, from: FetchPieceOptions['from'], count: number): ClientRequest {
    const { path, headers } = pieceRequest(piece, from, count)
    const url = new URL(path, origin)
    if (url.protocol === 'http:') return getHttp(url, { headers, agent })
    secure ??= createSecure()
    return secure.get(url, { headers, agent: secure.agent })
  }

  function sendSpan(origin: string, piece: WantedPiece, from: FetchPieceOptions['from'], count: number, run: Run) {
    return (listener: SpanListener): SpanAnswer => {
      const url = new URL(origin)
      const { path, headers } = pieceRequest(piece, from, count)
      const answer = run.isPlain && url.protocol === 'http:' ? sockets.request(url, path, headers, listener) : undefined
      return answer ?? answerOf(send(origin, piece, from, count), listener)
    }
  }

  function fetchOne(origin: string, piece: WantedPiece, { signal, stallMs, from }: FetchPieceOptions): Promise<Uint8Array | undefined> {
    return abortable(signal, (resolve) => {
      const request = send(origin, piece, from, 1)
      const timer = setTimeout(() => request.destroy(), stallMs)
      request.on('close', () => resolve(undefined))
      request.on('error', () => resolve(undefined))
      request.on('response', (response) => readPiece(response, STATUS[from], piece.size, () => timer.refresh(), resolve))
      return () => {
        clearTimeout(timer)
        if (signal.aborted) request.destroy()
      }
    })
  }

  return (origin, piece, options) => {
    const { from } = options
    const run = runs.getOrCreate(idOf(origin, piece, from), () => ({
      last: -2,
      atMs: 0,
      length: 0,
      span: undefined,
      hasSpans: true,
      isPlain: true,
    }))
    // A span for a slow reader would be ended between two of its pieces, and what was on its way be sent again.
    const isNext = piece.index === run.last + 1 && now() - run.atMs < SPAN_IDLE_MS
    run.length = isNext ? run.length + 1 : 0
    run.last = piece.index
    run.atMs = now()
    if (run.length === 0 || !run.hasSpans) return fetchOne(origin, piece, options)
    if (run.span?.hasRoomFor(piece.index) !== true) {
      const count = Math.min(2 * run.length, MAX_SPAN, Math.max(1, Math.floor(MAX_SPAN_BYTES / piece.size)))
      if (count < 2) return fetchOne(origin, piece, options)
      run.span = createSpan(sendSpan(origin, piece, from, count, run), {
        first: piece,
        count,
        status: STATUS[from],
        fetchOne: (each, eachOptions) => fetchOne(origin, each, eachOptions),
        onUnknown() {
          run.hasSpans = false
        },
        onUnfit() {
          run.isPlain = false
        },
      })
    }
    return run.span.ask(piece, options)
  }
}

/** TLS takes a while to load, and a command that asks over plain HTTP needs none. */
function createSecure() {
  const { get, Agent } = process.getBuiltinModule('node:https')
  return { get, agent: new Agent(AGENT) }
}

/** The status of the response that carries what was asked for. */
const STATUS = { node: 200, anybody: 206 } as const

function idOf(origin: string, { key, outline, bundle }: WantedPiece, from: FetchPieceOptions['from']): string {
  return `${origin} ${from} ${encodeKeyHex(key)} ${encodeKeyHex(outline)} ${bundle === undefined ? '' : encodeKeyHex(bundle)}`
}

function readPiece(
  response: IncomingMessage,
  status: number,
  size: number,
  onData: () => void,
  resolve: (bytes: Uint8Array | undefined) => void,
): void {
  if (response.statusCode !== status || Number(response.headers['content-length']) !== size) {
    response.resume() // a refusal is short, and the connection can be used again
    response.on('end', () => resolve(undefined))
    return
  }
  const piece = new Uint8Array(size)
  let received = 0
  response.on('data', (chunk: Uint8Array) => {
    onData()
    piece.set(chunk, received)
    received += chunk.byteLength
  })
  response.on('end', () => resolve(received === size ? piece : undefined))
}
