/**
 * One answer with several pieces, one after the other. It is read no further than the pieces that were asked for, so that a reader who leaves,
 * or who gets the next piece elsewhere, costs the node little.
 */

import type { ClientRequest, IncomingMessage } from 'node:http'
import { abortable } from '../../async/abort.ts'
import type { FetchPieceOptions, WantedPiece } from '../../index.ts'
import type { SpanAnswer, SpanListener } from './span-socket.ts'

interface SpanOptions {
  /** The first of the pieces that the request asks for. */
  first: WantedPiece
  count: number
  /** The status of the right answer. */
  status: number
  /** Fetches a piece by itself, when the span ends before it. */
  fetchOne(piece: WantedPiece, options: FetchPieceOptions): Promise<Uint8Array | undefined>
  /** The answer was one piece, from a node that knows no spans. */
  onUnknown(): void
  /** The answer had a form that is not read by `createSpanSockets`. */
  onUnfit(): void
}

interface Ask {
  piece: WantedPiece
  options: FetchPieceOptions
  resolve(bytes: Uint8Array | undefined | Promise<Uint8Array | undefined>): void
  /** Nobody waits for it any more; its bytes are skipped. */
  hasLeft: boolean
}

export type PieceSpan = ReturnType<typeof createSpan>

/** How long an answer is kept whose next piece nobody asks for, in ms. */
export const SPAN_IDLE_MS = 1_000

/** @param send sends the request for the span */
export function createSpan(
  send: (listener: SpanListener) => SpanAnswer,
  { first, count, status, fetchOne, onUnknown, onUnfit }: SpanOptions,
) {
  /** In order; the first of them is being read. Bounded: count. */
  const asks: Ask[] = []
  /** Bytes that have come and belong to pieces that nobody has asked for yet. Bounded by one read of the socket, since it pauses then. */
  let rest: Uint8Array[] = []
  let next = first.index
  /** Of the piece that is being read. */
  let bytes: Uint8Array | undefined
  let received = 0
  /** False until the answer is known to be the right one. */
  let isRight = false
  let isPaused = false
  /** All bytes have come; some may wait in `rest`. */
  let hasCome = false
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const answer = send({
    onStart(given, length) {
      isRight = given === status
      // The length of a span is not told, since its pieces are read as they are sent.
      if (isRight && status === 200 && length !== undefined) onUnknown()
    },
    onBytes(chunk) {
      if (isOver || !isRight) return // a refusal is short, and the connection can be used again
      timer?.refresh()
      const left = rest.length > 0 ? chunk : take(chunk)
      if (left.byteLength > 0) rest.push(new Uint8Array(left)) // the carrier uses its memory again; the `slice` of a Buffer is a view
    },
    onEnd() {
      hasCome = true
      if (rest.length === 0) finish()
    },
    onFailure: finish,
    onUnfit() {
      onUnfit()
      finish({ isUnfit: true })
    },
  })

  /** Ends the request when nothing comes, or when nobody asks. */
  function restartTimer(): void {
    clearTimeout(timer)
    timer = setTimeout(end, asks[0]?.options.stallMs ?? SPAN_IDLE_MS)
  }

  function end(): void {
    answer.destroy()
    finish()
  }

  /** Pieces that were not read are fetched one by one. The one that was being read has failed; none was, when the answer is whole and shorter. */
  function finish({ isUnfit = false } = {}): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    rest = []
    const isShorter = hasCome && isRight && bytes === undefined && asks[0]?.piece !== first
    if (!isShorter && !isUnfit) asks.shift()?.resolve(undefined)
    for (const { piece, options, resolve } of asks.splice(0)) if (!options.signal.aborted) resolve(fetchOne(piece, options))
  }

  /** Reads bytes into the pieces that were asked for. Returns those that are left, when there are no more such pieces. */
  function take(chunk: Uint8Array): Uint8Array {
    let left = chunk
    while (left.byteLength > 0) {
      const ask = asks[0]
      if (ask === undefined) {
        isPaused = true
        answer.pause()
        restartTimer()
        return left
      }
      const { size } = ask.piece
      bytes ??= new Uint8Array(Buffer.allocUnsafeSlow(size).buffer) // each byte is written before anybody has it
      const part = left.subarray(0, size - received)
      bytes.set(part, received)
      received += part.byteLength
      left = left.subarray(part.byteLength)
      if (received < size) return left
      asks.shift()
      ask.resolve(bytes)
      bytes = undefined
      received = 0
      if (asks.length === 0) restartTimer()
    }
    return left
  }

  /** Reads what has come before it was asked for. */
  function readRest(): void {
    while (rest.length > 0) {
      const chunk = rest[0] as Uint8Array
      const left = take(chunk)
      if (left.byteLength > 0) {
        rest[0] = left
        return
      }
      rest.shift()
    }
    if (hasCome) finish()
  }

  function leave(ask: Ask): void {
    ask.hasLeft = true
    if (asks.every(({ hasLeft }) => hasLeft)) end()
  }

  return {
    /** True when the piece is the next of the span that nobody has asked for. */
    hasRoomFor: (index: number) => !isOver && index === next && index < first.index + count,
    /** @throws signal.reason, when aborted */
    ask(piece: WantedPiece, options: FetchPieceOptions): Promise<Uint8Array | undefined> {
      next = piece.index + 1
      return abortable<Uint8Array | undefined>(options.signal, (resolve, reject) => {
        const ask: Ask = {
          piece,
          options,
          resolve: (came) => (came instanceof Promise ? void came.then(resolve, reject) : resolve(came)),
          hasLeft: false,
        }
        asks.push(ask)
        if (asks.length === 1) restartTimer()
        readRest()
        if (isPaused && asks.length > 0) {
          isPaused = false
          answer.resume()
        }
        return () => {
          if (options.signal.aborted) leave(ask)
        }
      })
    },
  }
}

/** The answer to a request of Node.js's own client: over https, and of nodes whose answers come in another form than is read at once. */
export function answerOf(request: ClientRequest, listener: SpanListener): SpanAnswer {
  let response: IncomingMessage | undefined
  let isOver = false
  const end = (how: 'onEnd' | 'onFailure') => {
    if (isOver) return
    isOver = true
    listener[how]()
  }
  request.on('response', (incoming) => {
    response = incoming
    const length = incoming.headers['content-length']
    listener.onStart(incoming.statusCode ?? 0, length === undefined ? undefined : Number(length))
    incoming.on('data', listener.onBytes)
    incoming.on('end', () => end(incoming.complete ? 'onEnd' : 'onFailure'))
  })
  request.on('error', () => end('onFailure'))
  request.on('close', () => {
    if (response?.complete !== true) end('onFailure') // a whole answer goes on to its end, which comes when all of it was read
  })
  return {
    pause: () => void response?.pause(),
    resume: () => void response?.resume(),
    destroy() {
      isOver = true
      request.destroy()
    },
  }
}
