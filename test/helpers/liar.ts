/** A peer that announces content that it does not send: it keeps presence as every peer does, and lies on the content protocol. */

import { onTestFinished } from 'vitest'
import { MIN_PIECE_BYTES, outlineSource, pieceCount, pieceSize } from '../../node/content/format/outline.ts'
import { fullPieceSet } from '../../node/content/format/piece-set.ts'
import { memorySource } from '../../node/content/format/source.ts'
import { CHUNK_BYTES, CONTENT_PROTOCOL, type ContentFrame } from '../../node/content/protocol/wire.ts'
import type { Key } from '../../node/index.ts'
import { createPortableHasher } from '../../node/keys/index.ts'
import { startRawPeer } from './raw-peer.ts'
import { CONTENT_CODEC } from './raw-stream.ts'

export type Lie =
  | 'wrong'
  | 'short'
  | 'endless'
  | 'silent'
  | 'too-long'
  | 'refuses'
  | 'false-outline'
  | 'wrong-piece'
  | 'claims-pieces'
  | 'wrong-pieces'

type Send = (frame: ContentFrame) => boolean

/** Answers a request for content with the lie. */
function sendLie(lie: Lie, send: Send, id: number): void {
  const garbage = (size: number) => crypto.getRandomValues(new Uint8Array(size))
  if (lie === 'wrong') send({ type: 'chunk', id, total: 64, bytes: garbage(64) })
  if (lie === 'short') send({ type: 'chunk', id, total: 1_024, bytes: garbage(100) })
  if (lie === 'too-long') send({ type: 'chunk', id, total: 2 ** 40, bytes: garbage(1_000) })
  if (lie === 'refuses') send({ type: 'none', id, reason: 'not-held' })
  if (lie === 'endless') {
    let left = 200 // bounded, so that a reader that never stops fails the test and not the machine
    const timer = setInterval(() => {
      if (left-- === 0 || !send({ type: 'chunk', id, total: 262_144, bytes: garbage(10_000) })) clearInterval(timer)
    }, 5)
  }
}

/** Sends other content than the key's, of the same size, with an outline and pieces that fit each other; or all but one piece right. */
async function createImpostor(bytes: Uint8Array, wrongPiece: number | undefined) {
  const { outline, outlineBytes } = await outlineSource(memorySource(bytes), MIN_PIECE_BYTES, createPortableHasher)
  if (outline === undefined || outlineBytes === undefined) throw new Error('content in pieces was expected')
  return (send: Send, frame: ContentFrame) => {
    const sendChunks = (type: 'chunk' | 'outline-chunk', id: number, part: Uint8Array) => {
      for (let at = 0; at < part.byteLength; at += CHUNK_BYTES) {
        send({ type, id, total: part.byteLength, bytes: part.subarray(at, at + CHUNK_BYTES) })
      }
    }
    if (frame.type === 'ask') sendChunks('outline-chunk', frame.id, outlineBytes)
    if (frame.type === 'ask-piece') {
      const start = frame.index * outline.pieceBytes
      const piece = bytes.slice(start, start + pieceSize(outline, frame.index))
      if (frame.index === wrongPiece) piece[0] = (piece[0] ?? 0) ^ 1
      sendChunks('chunk', frame.id, piece)
    }
  }
}

/** Claims all pieces of the content; sends wrong bytes of the right size, or none. */
async function createClaimant(bytes: Uint8Array, isSending: boolean) {
  const { outline } = await outlineSource(memorySource(bytes), MIN_PIECE_BYTES, createPortableHasher)
  if (outline === undefined) throw new Error('content in pieces was expected')
  return (send: Send, frame: ContentFrame) => {
    const { id } = frame
    if (frame.type === 'follow-pieces') {
      send({ type: 'pieces', id, bitmap: fullPieceSet(pieceCount(outline)).encode() })
    }
    if (frame.type !== 'ask-piece' || !isSending) return
    const total = pieceSize(outline, frame.index)
    for (let at = 0; at < total; at += CHUNK_BYTES) {
      send({ type: 'chunk', id, total, bytes: new Uint8Array(Math.min(CHUNK_BYTES, total - at)) })
    }
  }
}

export interface Liar {
  id: string
  lie: Lie
  /** Requests for content, or for a piece, that it received. */
  readonly asked: number
  stop(): Promise<void>
}

export interface LiarOptions {
  lie: Lie
  key: Key
  join: string
  role: 'node' | 'tab'
  /** The content of a false outline, or of the pieces that are claimed or sent. */
  content?: Uint8Array
  /** Its number, for 'wrong-piece'. */
  wrongPiece?: number
}

/** Joins, holds the key, lies. `role` 'node' is its own home; 'tab' lies through an honest one. */
export async function startLiar(options: LiarOptions): Promise<Liar> {
  const { lie, key, join, role } = options
  const content = options.content ?? new Uint8Array()
  const isClaimant = lie === 'claims-pieces' || lie === 'wrong-pieces'
  const impersonate = isClaimant
    ? await createClaimant(content, lie === 'wrong-pieces')
    : lie === 'false-outline' || lie === 'wrong-piece'
      ? await createImpostor(content, options.wrongPiece)
      : undefined
  let asked = 0
  const peer = await startRawPeer<ContentFrame>({
    role,
    join: [join],
    serves: {
      protocol: CONTENT_PROTOCOL,
      codec: CONTENT_CODEC,
      onFrame(frame, { send }) {
        if (frame.type === 'ask' || (impersonate !== undefined && frame.type === 'ask-piece')) asked++
        if (impersonate !== undefined) impersonate(send, frame)
        else if (frame.type === 'ask') sendLie(lie, send, frame.id)
      },
    },
  })
  onTestFinished(peer.stop)
  void peer.presence?.hold(key)
  return {
    id: peer.id,
    lie,
    get asked() {
      return asked
    },
    stop: peer.stop,
  }
}
