/** The server of the content protocol: answers requests in chunks, no faster than the client reads. */

import type { Connection, Stream } from '@libp2p/interface'
import type { ByteRate } from '../../async/byte-rate.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { connectionKind, createFrameStream } from '../../network/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { OutlinedContent } from '../format/outline.ts'
import type { PieceFeed } from '../format/piece-set.ts'
import type { FetchedContent, PieceAddress } from '../types.ts'
import {
  type AskFrame,
  type AskPieceFrame,
  type AskScope,
  CHUNK_BYTES,
  type ContentFrame,
  decodeContent,
  encodeContent,
  type FollowPiecesFrame,
  MAX_CONTENT_FRAME_BYTES,
  type NoContent,
} from './wire.ts'

/** Checked bytes, for other peers. */
export interface ServedContent {
  /**
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE, ERR_TOO_LARGE
   * @throws signal.reason, when aborted
   */
  read(
    request: Pick<AskFrame, 'key' | 'scope' | 'bundle'>,
    from: string,
    options: Required<AbortOptions>,
  ): Promise<Pick<FetchedContent, 'bytes'> | Pick<OutlinedContent, 'outlineBytes'>>
  /** Reads one piece, with the same errors. */
  readPiece(piece: PieceAddress & { index: number; scope: AskScope }, from: string, options: Required<AbortOptions>): Promise<Uint8Array>
  /**
   * The pieces that this peer, or tabs whose home it is, have now and as they come; undefined when there is nothing to follow.
   *
   * @throws {MayflyError} as `read`
   * @throws signal.reason, when aborted
   */
  follow(content: Pick<PieceAddress, 'key' | 'outline'>, options: Required<AbortOptions>): Promise<PieceFeed | undefined>
}

interface ServingContext {
  content: ServedContent
  /** Limits the bytes per second of each peer, over all its streams. */
  rate: ByteRate
  /** Content or a piece of it was sent, all of it. The key is hex. */
  onServed(key: string, bytes: number, to: string, isDirect: boolean): void
}

/** Answers under way on one stream. A tab's gateway has one stream for the requests of its many visitors. */
const MAX_ANSWERS = 64
/** Follows on one stream. */
const MAX_FOLLOWS = 64
/** The first new piece after a while is reported at once, and then all that came in this time, in ms. */
const REPORT_EVERY_MS = 50
const MAX_UNSENT_BYTES = 16 * 1_048_576
/**
 * Chunks of one answer that go out in a row while the stream takes them: a piece of the smallest size is complete before the next one begins, so its
 * reader has something to check and to ask for meanwhile. The answers of larger pieces take turns.
 */
const RUN_CHUNKS = 8

const REASONS: Partial<Record<MayflyError['code'], NoContent>> = {
  ERR_NO_HOLDER: 'not-held',
  ERR_NO_NETWORK: 'no-network',
  ERR_CLOCK: 'no-network',
  ERR_TOO_LARGE: 'too-large',
  ERR_LIMIT: 'busy',
}

export function serveContent(stream: Stream, connection: Connection, { content, rate, onServed }: ServingContext): void {
  const to = connection.remotePeer.toString()
  const isDirect = connectionKind(connection) === 'direct'
  /** Answers under way, by id. Bounded: MAX_ANSWERS. */
  const answers = new Map<number, AbortController>()
  /** Functions that end a follow, by id. Bounded: MAX_FOLLOWS. */
  const follows = new Map<number, () => void>()

  const frames = createFrameStream(stream, {
    maxFrameBytes: MAX_CONTENT_FRAME_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    onFrame: (raw) => {
      const frame = decodeContent(raw)
      if (frame.type === 'cancel') {
        answers.get(frame.id)?.abort()
        follows.get(frame.id)?.()
      }
      if (frame.type === 'follow-pieces') void follow(frame)
      if (frame.type === 'ask' || frame.type === 'ask-piece') void answer(frame)
    },
    onEnd: () => {
      for (const controller of answers.values()) controller.abort()
      for (const end of [...follows.values()]) end()
    },
  })

  const sendFrame = (frame: ContentFrame) => frames.send(encodeContent(frame))
  const refuse = (id: number, reason: NoContent) => sendFrame({ type: 'none', id, reason })

  /** Reports the pieces that are there and those that come, until all are there or the feed ends. */
  async function follow(request: FollowPiecesFrame): Promise<void> {
    const { id } = request
    if (follows.has(id)) return
    if (follows.size >= MAX_FOLLOWS) return void refuse(id, 'busy')
    const gone = new AbortController()
    follows.set(id, () => gone.abort())
    const feed = await content.follow(request, { signal: gone.signal }).catch(() => undefined)
    follows.delete(id)
    if (gone.signal.aborted) return
    if (feed === undefined) return void refuse(id, 'not-held')
    const { pieces } = feed
    sendFrame({ type: 'pieces', id, bitmap: pieces.encode() })
    if (pieces.isFull) return
    /** New pieces that were not reported yet. Bounded by the pieces. */
    let fresh: number[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const report = () => {
      timer = undefined
      if (fresh.length === 0) return
      sendFrame({ type: 'more-pieces', id, indexes: fresh })
      fresh = []
      if (pieces.isFull) end()
      else timer = setTimeout(report, REPORT_EVERY_MS)
    }
    const end = () => {
      clearTimeout(timer)
      stop()
      follows.delete(id)
    }
    const stop = feed.onPiece((index) => {
      if (index === undefined) {
        end()
        refuse(id, 'not-held')
        return
      }
      fresh.push(index)
      if (timer === undefined) report()
    })
    follows.set(id, end)
  }

  async function answer(request: AskFrame | AskPieceFrame): Promise<void> {
    const { id, key } = request
    if (answers.has(id)) return
    if (answers.size >= MAX_ANSWERS) return void refuse(id, 'busy')
    const controller = new AbortController()
    const { signal } = controller
    answers.set(id, controller)
    const isPiece = request.type === 'ask-piece'
    try {
      const found = isPiece ? { bytes: await content.readPiece(request, to, { signal }) } : await content.read(request, to, { signal })
      const [type, bytes] = 'bytes' in found ? (['chunk', found.bytes] as const) : (['outline-chunk', found.outlineBytes] as const)
      const total = bytes.byteLength
      for (let at = 0; at === 0 || at < total; at += CHUNK_BYTES) {
        const chunk = bytes.subarray(at, at + CHUNK_BYTES)
        // Whole contents, and outlines, which come before all pieces, do not wait behind pieces.
        if (rate.isLimited) await rate.take(to, chunk.byteLength, { signal, isUrgent: !isPiece })
        const isRunOver = (at / CHUNK_BYTES) % RUN_CHUNKS === 0
        if ((isRunOver || stream.writableNeedsDrain) && !(await frames.writable({ signal }))) return
        if (!sendFrame({ type, id, total, bytes: chunk })) return
      }
      if (type === 'chunk') onServed(encodeKeyHex(key), total, to, isDirect)
    } catch (error) {
      if (!signal.aborted) refuse(id, (error instanceof MayflyError && REASONS[error.code]) || 'unavailable')
    } finally {
      answers.delete(id)
    }
  }
}
