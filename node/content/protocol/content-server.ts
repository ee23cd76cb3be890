/** The giving end of the content protocol: answers what others ask, in chunks, no faster than they read. */

import type { Connection, Stream } from '@libp2p/interface'
import type { ByteRate } from '../../async/byte-rate.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { connectionKind, createFrameStream } from '../../network/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { OutlinedContent } from '../format/outline.ts'
import type { PieceFeed } from '../format/piece-set.ts'
import type { FetchedContent, PieceAddress } from '../types.ts'
import {
  type AskFrame,
  type AskPieceFrame,
  type AskScope,
  CHUNK_BYTES,
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
    key: Key,
    scope: AskScope,
    from: string,
    options: Required<AbortOptions>,
  ): Promise<Pick<FetchedContent, 'bytes'> | Pick<OutlinedContent, 'outlineBytes'>>
  /** Reads one piece, with the same errors. */
  readPiece(piece: PieceAddress & { scope: AskScope }, from: string, options: Required<AbortOptions>): Promise<Uint8Array>
  /** The pieces that this peer has now and as they come; undefined when it has none of the content. */
  follow(content: Pick<PieceAddress, 'key' | 'outline'>): PieceFeed | undefined
}

export interface ServingContext {
  content: ServedContent
  /** Limits the bytes per second of each peer, over all its streams. */
  rate: ByteRate
  onServed(key: string, bytes: number, to: string, isDirect: boolean): void
}

/** Answers that one stream may have under way; a tab's gateway asks for its many visitors on one. */
const MAX_ANSWERS = 64
/** Contents whose pieces one stream may follow. */
const MAX_FOLLOWS = 64
/** A follower hears at once of the first piece after a while, and then of all that came in this time, in ms. */
const TELL_EVERY_MS = 50
const MAX_UNSENT_BYTES = 16 * 1_048_576

const REASONS: Partial<Record<MayflyError['code'], NoContent>> = {
  ERR_NO_HOLDER: 'not-held',
  ERR_NO_NETWORK: 'no-network',
  ERR_TOO_LARGE: 'too-large',
  ERR_LIMIT: 'busy',
}

export function serveContent(stream: Stream, connection: Connection, { content, rate, onServed }: ServingContext): void {
  const to = connection.remotePeer.toString()
  const isDirect = connectionKind(connection) === 'direct'
  /** Answers under way, by id. Bounded: MAX_ANSWERS. */
  const answers = new Map<number, AbortController>()
  /** What ends each, by id. Bounded: MAX_FOLLOWS. */
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
      if (frame.type === 'follow-pieces') follow(frame)
      if (frame.type === 'ask' || frame.type === 'ask-piece') void answer(frame)
    },
    onEnd: () => {
      for (const controller of answers.values()) controller.abort()
      for (const end of [...follows.values()]) end()
    },
  })

  /** Tells which pieces are there and which come, until there is nothing more to tell. */
  function follow(ask: FollowPiecesFrame): void {
    const { id } = ask
    if (follows.has(id)) return
    if (follows.size >= MAX_FOLLOWS) return void frames.send(encodeContent({ type: 'none', id, reason: 'busy' }))
    const feed = content.follow(ask)
    if (feed === undefined) return void frames.send(encodeContent({ type: 'none', id, reason: 'not-held' }))
    frames.send(encodeContent({ type: 'pieces', id, bitmap: feed.pieces.encode() }))
    if (feed.pieces.isFull) return
    /** Come since they were last told of. Bounded by the pieces. */
    let untold: number[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const tell = () => {
      timer = undefined
      if (untold.length === 0) return
      frames.send(encodeContent({ type: 'more-pieces', id, indexes: untold }))
      untold = []
      if (feed.pieces.isFull) end()
      else timer = setTimeout(tell, TELL_EVERY_MS)
    }
    const end = () => {
      clearTimeout(timer)
      stop()
      follows.delete(id)
    }
    const stop = feed.onPiece((index) => {
      if (index === undefined) {
        end()
        frames.send(encodeContent({ type: 'none', id, reason: 'not-held' }))
        return
      }
      untold.push(index)
      if (timer === undefined) tell()
    })
    follows.set(id, end)
  }

  async function answer(ask: AskFrame | AskPieceFrame): Promise<void> {
    const { id, key } = ask
    if (answers.has(id)) return
    if (answers.size >= MAX_ANSWERS) return void frames.send(encodeContent({ type: 'none', id, reason: 'busy' }))
    const controller = new AbortController()
    const { signal } = controller
    answers.set(id, controller)
    try {
      const found =
        ask.type === 'ask' ? await content.read(key, ask.scope, to, { signal }) : { bytes: await content.readPiece(ask, to, { signal }) }
      const [type, bytes] = 'bytes' in found ? (['chunk', found.bytes] as const) : (['outline-chunk', found.outlineBytes] as const)
      const total = bytes.byteLength
      for (let at = 0; at === 0 || at < total; at += CHUNK_BYTES) {
        const chunk = bytes.subarray(at, at + CHUNK_BYTES)
        // What comes whole, and the outline that comes before all pieces, does not stand still behind pieces.
        if (rate.isLimited) await rate.take(to, chunk.byteLength, { signal, isUrgent: ask.type === 'ask' })
        if (!(await frames.writable({ signal }))) return
        frames.send(encodeContent({ type, id, total, bytes: chunk }))
      }
      if (type === 'chunk') onServed(encodeKeyHex(key), total, to, isDirect)
    } catch (error) {
      if (signal.aborted) return
      const reason = error instanceof MayflyError ? REASONS[error.code] : undefined
      frames.send(encodeContent({ type: 'none', id, reason: reason ?? 'unavailable' }))
    } finally {
      answers.delete(id)
    }
  }
}
