/**
 * One answer with several pieces, one after the other. It is read no further than the pieces that were asked for, so that a reader who leaves,
 * or who gets the next piece elsewhere, costs the node little.
 */

import type { ClientRequest, IncomingMessage } from 'node:http'
import { abortable } from '../../async/abort.ts'
import type { FetchPieceOptions, WantedPiece } from '../../index.ts'

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

export function createSpan(request: ClientRequest, { first, count, status, fetchOne, onUnknown }: SpanOptions) {
  /** In order; the first of them is being read. Bounded: count. */
  const asks: Ask[] = []
  /** Bytes that have come and belong to pieces that nobody has asked for yet. Bounded by one read of the socket, since it pauses then. */
  let rest: Uint8Array[] = []
  let response: IncomingMessage | undefined
  let next = first.index
  /** Of the piece that is being read. */
  let bytes: Uint8Array | undefined
  let received = 0
  /** All bytes have come; some may wait in `rest`. */
  let hasCome = false
  let isOver = false
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Ends the request when nothing comes, or when nobody asks. */
  function restartTimer(): void {
    clearTimeout(timer)
    timer = setTimeout(end, asks[0]?.options.stallMs ?? SPAN_IDLE_MS)
  }

  function end(): void {
    request.destroy()
    finish()
  }

  /** A whole answer goes on to its end, which comes when all of it was read. */
  function onClose(): void {
    if (response?.complete !== true) finish()
  }

  /** Pieces that were not read are fetched one by one. The one that was being read has failed; none was, when the answer is whole and shorter. */
  function finish(): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    rest = []
    const isShorter = response?.complete === true && bytes === undefined && asks[0]?.piece !== first
    if (!isShorter) asks.shift()?.resolve(undefined)
    for (const { piece, options, resolve } of asks.splice(0)) if (!options.signal.aborted) resolve(fetchOne(piece, options))
  }

  /** Reads what has come into the pieces that were asked for. */
  function read(): void {
    while (rest.length > 0) {
      const [chunk, ask] = [rest[0] as Uint8Array, asks[0]]
      if (ask === undefined) {
        response?.pause()
        restartTimer()
        return
      }
      const { size } = ask.piece
      bytes ??= new Uint8Array(Buffer.allocUnsafeSlow(size).buffer) // each byte is written before anybody has it
      const part = chunk.subarray(0, size - received)
      bytes.set(part, received)
      received += part.byteLength
      if (part.byteLength === chunk.byteLength) rest.shift()
      else rest[0] = chunk.subarray(part.byteLength)
      if (received < size) continue
      asks.shift()
      ask.resolve(bytes)
      bytes = undefined
      received = 0
      if (asks.length === 0) restartTimer()
    }
    if (hasCome) finish()
  }

  function onResponse(incoming: IncomingMessage): void {
    if (incoming.statusCode !== status) {
      incoming.resume() // a refusal is short, and the connection can be used again
      incoming.on('end', finish)
      return
    }
    response = incoming
    // The length of a span is not told, since its pieces are read as they are sent.
    if (status === 200 && incoming.headers['content-length'] !== undefined) onUnknown()
    incoming.on('data', (chunk: Uint8Array) => {
      timer?.refresh()
      rest.push(chunk)
      read()
    })
    incoming.on('end', () => {
      hasCome = true
      if (rest.length === 0) finish()
    })
  }

  request.on('response', onResponse)
  request.on('error', onClose)
  request.on('close', onClose)

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
        read()
        if (response?.isPaused() === true && asks.length > 0) response.resume()
        return () => {
          if (options.signal.aborted) leave(ask)
        }
      })
    },
  }
}
