/**
 * The first stage of receiving a share, before this side has a peer: the list, what was taken, and the first pieces of it, through the gateway that
 * served the page. It ends when the sharer meets the peer, which goes on from what has come.
 */

import { encodeOutline, pieceBytesFor } from '../../content/index.ts'
import type { PieceStore } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes, sha256 } from '../../keys/index.ts'
import { NATIVE_CHECKS } from '../first/native-checks.ts'
import { createRecordWay, type MessageCarrier } from '../first/record-way.ts'
import { createFirstKeys, decodeFirstKey, encodeFirstKey, openFirstSession } from '../first/session.ts'
import type { LinkSecrets } from '../format/share-link.ts'
import { bytesThere, hasPiece, mustAddUp, otherSize, type ReadyEntry } from './fetch-shape.ts'
import { createReceivedState } from './received-state.ts'
import { openSharerLink } from './sharer-link.ts'

export const FIRST_VISIT_LIMITS = {
  /** Bytes of content by this way: by then the peer is there. Sharers give twice as much. */
  maxBytes: 2_097_152,
  /** Pieces that are requested before the first of them is stored. */
  maxAhead: 3,
} as const

const HASH_BYTES = 32

interface FirstVisitOptions {
  link: LinkSecrets
  receiver: Uint8Array
  label: string
  carrier: MessageCarrier
}

interface Wanted {
  maxBytes: number
  chunks: Uint8Array[]
  bytes: number
  whole: PromiseWithResolvers<Uint8Array>
}

export type FirstVisit = ReturnType<typeof startFirstVisit>

export function startFirstVisit({ link, receiver, label, carrier }: FirstVisitOptions) {
  const closing = new AbortController()
  const over = Promise.withResolvers<void>()
  let leftBytes: number = FIRST_VISIT_LIMITS.maxBytes
  let isOver = false
  const state = createReceivedState({ onTaken: () => {}, onOver: end })
  const wants = createWants((entry, piece) => state.send({ type: 'want', entry, piece }))

  function end(): void {
    if (isOver) return
    isOver = true
    closing.abort(new MayflyError('ERR_LEFT', 'The first stage is over'))
    wants.end()
    carrier.close()
    over.resolve()
    state.changes.emit()
  }

  async function run(): Promise<void> {
    const keys = createFirstKeys()
    const [message, own] = await Promise.all([firstMessage(carrier, end), keys])
    const session = await openFirstSession('receiver', own, decodeFirstKey(message), link)
    carrier.send(encodeFirstKey(own))
    const way = createRecordWay(carrier, session, 'outbound', session.ends.owner)
    const ways = {
      open: async () => way,
      ...{ wantDirect: () => false, mayOpenDirect: () => false, answerDirect: () => undefined },
    }
    const news = { ...state.news, part: wants.take }
    await openSharerLink(
      { peer: session.ends.owner, home: '', addresses: [] },
      { self: session.ends.visitor, ways, link, receiver, label, checks: NATIVE_CHECKS, news },
      closing.signal,
    )
  }

  /** The hashes of the pieces, once they are those of the outline that the list names. */
  async function readHashes({ id, outline, travelSize: size }: ReadyEntry & { outline: Uint8Array }): Promise<Uint8Array> {
    const pieceBytes = pieceBytesFor(size)
    const count = Math.ceil(size / pieceBytes)
    const hashes = await wants.want(id, undefined, count * HASH_BYTES)
    const isRight = hashes.byteLength === count * HASH_BYTES
    if (!isRight || !equalBytes(await sha256(encodeOutline({ size, pieceBytes, hashes })), outline))
      throw new MayflyError('ERR_FORGED', 'The hashes of the pieces are not those of the list')
    return hashes
  }

  async function fetchWhole(entry: ReadyEntry, store: PieceStore): Promise<void> {
    if (entry.travelSize > leftBytes || hasPiece(store.have, 0)) return
    leftBytes -= entry.travelSize
    const bytes = await wants.want(entry.id, 0, entry.travelSize)
    if (bytes.byteLength !== entry.travelSize || encodeKeyHex(await sha256(bytes)) !== entry.hash) throw otherSize()
    await store.write(0, bytes)
  }

  async function fetchPieces(
    entry: ReadyEntry & { outline: Uint8Array },
    storing: Promise<PieceStore>,
    onPiece: () => void,
  ): Promise<void> {
    const { id, travelSize: size } = entry
    const pieceBytes = pieceBytesFor(size)
    const hashes = readHashes(entry)
    hashes.catch(() => {})
    const store = await storing
    const missing: number[] = []
    for (let index = 0; index * pieceBytes < size; index++) if (!hasPiece(store.have, index)) missing.push(index)
    const ahead: { index: number; bytes: Promise<Uint8Array> }[] = []
    const ask = () => {
      while (ahead.length < FIRST_VISIT_LIMITS.maxAhead && missing.length > 0) {
        const index = missing[0] as number
        const length = Math.min(pieceBytes, size - index * pieceBytes)
        if (length > leftBytes) return
        leftBytes -= length
        missing.shift()
        ahead.push({ index, bytes: wants.want(id, index, length) })
      }
    }
    for (ask(); ahead.length > 0; ask()) {
      const { index, bytes: coming } = ahead.shift() as (typeof ahead)[number]
      const bytes = await coming
      const expected = (await hashes).subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
      if (!equalBytes(await sha256(bytes), expected)) throw new MayflyError('ERR_FORGED', `Piece ${index} is not what the list says`)
      await store.write(index, bytes)
      onPiece()
    }
  }

  run().catch(end)
  return {
    state,
    /** Resolves when it has ended, however. */
    over: over.promise,
    get isOver() {
      return isOver
    },
    /**
     * Fetches what comes this way into the store: checked pieces that it lacks. True when it has all of them then.
     *
     * @throws what the store throws
     */
    async fetch(entry: ReadyEntry, storing: Promise<PieceStore>, onProgress: (bytes: number) => void): Promise<boolean> {
      mustAddUp(entry)
      const { id, outline, travelSize, size } = entry
      const pieceBytes = outline ? pieceBytesFor(travelSize) : Math.max(1, travelSize)
      storing.catch(() => {})
      let failure: { error: unknown } | undefined
      const watched = storing.then((store) => ({
        get have() {
          return store.have
        },
        read: (index: number) => store.read(index),
        write: (index: number, bytes: Uint8Array) =>
          store.write(index, bytes).catch((error: unknown) => {
            failure = { error }
            throw error
          }),
      }))
      const thereNow = async () => (travelSize === 0 ? 0 : bytesThere((await storing).have, travelSize, pieceBytes))
      const report = async () => {
        const bytes = await thereNow()
        onProgress(bytes)
        state.send({ type: 'progress', reports: [[id, travelSize === 0 ? size : Math.floor((bytes / travelSize) * size)]] })
      }
      try {
        if (outline === undefined) await fetchWhole(entry, await watched)
        else await fetchPieces({ ...entry, outline }, watched, () => void report())
      } catch {
        await storing // a reason of its own comes first
        if (failure !== undefined) throw failure.error
        end() // the peer fetches the rest
      }
      await report()
      const { have } = await storing
      return travelSize === 0 ? hasPiece(have, 0) : (await thereNow()) === travelSize
    },
    close(): void {
      state.close()
      end()
    },
  }
}

/** Requests of pieces, and their answers, in one order. */
function createWants(send: (entry: number, piece: number | undefined) => void) {
  /** Answers that are still to come, in their order. Bounded by the requests. */
  const wanted: Wanted[] = []
  let hasEnded = false
  const left = () => new MayflyError('ERR_LEFT', 'The first stage is over')

  return {
    /** @param maxBytes what the answer has at most */
    want(entry: number, piece: number | undefined, maxBytes: number): Promise<Uint8Array> {
      const whole = Promise.withResolvers<Uint8Array>()
      whole.promise.catch(() => {})
      if (hasEnded) whole.reject(left())
      else {
        wanted.push({ maxBytes, chunks: [], bytes: 0, whole })
        send(entry, piece)
      }
      return whole.promise
    },
    /** @throws {MayflyError} ERR_BAD_FRAME */
    take(left: number, bytes: Uint8Array): void {
      const [first] = wanted
      if (first === undefined || first.bytes + bytes.byteLength + left > first.maxBytes)
        throw new MayflyError('ERR_BAD_FRAME', 'A part of content is out of place')
      first.chunks.push(bytes)
      first.bytes += bytes.byteLength
      if (left > 0) return
      wanted.shift()
      first.whole.resolve(joined(first))
    },
    end(): void {
      hasEnded = true
      for (const { whole } of wanted.splice(0)) whole.reject(left())
    },
  }
}

function firstMessage(carrier: MessageCarrier, onEnd: () => void): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  carrier.onMessage(async (message) => resolve(message))
  carrier.onEnd((reason) => {
    reject(reason ?? new MayflyError('ERR_LEFT', 'The gateway has ended the visit'))
    onEnd()
  })
  return promise
}

function joined({ chunks, bytes }: Wanted): Uint8Array {
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
