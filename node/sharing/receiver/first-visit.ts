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
import { openSharerLink, type SharerNews } from './sharer-link.ts'

export const FIRST_VISIT_LIMITS = {
  /** Bytes of content by this way: by then the peer is there. Sharers give twice as much. */
  maxBytes: 2_097_152,
  /** Pieces that are requested before the first of them is stored. */
  maxAhead: 3,
} as const

const HASH_BYTES = 32
const NO_DIRECT = { wantDirect: () => false, mayOpenDirect: () => false, answerDirect: () => undefined }

interface FirstVisitOptions {
  link: LinkSecrets
  receiver: Uint8Array
  label: string
  carrier: MessageCarrier
}

type OutlinedEntry = ReadyEntry & { outline: Uint8Array }

interface Coming {
  index: number
  bytes: Promise<Uint8Array>
}

/** The beginning of an entry that the person has taken, on its way before it is fetched. */
interface Begun {
  hash: string
  hashes: Promise<Uint8Array>
  first: Coming | undefined
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
  let begun: Begun | undefined
  /** 'left': the sharer has gone. */
  let ended: 'left' | 'over' | undefined
  const state = createReceivedState({ onTaken: () => {}, onOver: end })
  const wants = createWants((entry, piece) => state.send({ type: 'want', entry, piece }))

  function end(reason: 'left' | 'over' = 'over'): void {
    if (ended !== undefined) return
    ended = reason
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
    const ways = { ...NO_DIRECT, open: async () => way }
    const over: SharerNews['over'] = (code, reason) => {
      if (code === undefined && reason instanceof MayflyError && reason.code === 'ERR_LEFT') end('left')
      state.news.over(code)
    }
    const news = { ...state.news, part: wants.take, over }
    await openSharerLink(
      { peer: session.ends.owner, home: '', addresses: [] },
      { self: session.ends.visitor, ways, link, receiver, label, checks: NATIVE_CHECKS, news },
      closing.signal,
    )
  }

  /** The hashes of the pieces, once they are those of the outline that the list names. */
  async function readHashes({ id, outline, travelSize: size }: OutlinedEntry): Promise<Uint8Array> {
    const pieceBytes = pieceBytesFor(size)
    const length = Math.ceil(size / pieceBytes) * HASH_BYTES
    const hashes = await wants.want(id, undefined, length)
    const isRight = hashes.byteLength === length
    if (!isRight || !equalBytes(await sha256(encodeOutline({ size, pieceBytes, hashes })), outline))
      throw new MayflyError('ERR_FORGED', 'The hashes of the pieces are not those of the list')
    return hashes
  }

  /** Undefined where this way may bring no more. */
  function wantPiece({ id, travelSize: size }: OutlinedEntry, index: number): Coming | undefined {
    const pieceBytes = pieceBytesFor(size)
    const length = Math.min(pieceBytes, size - index * pieceBytes)
    if (length > leftBytes) return undefined
    leftBytes -= length
    return { index, bytes: wants.want(id, index, length) }
  }

  function begin(entry: OutlinedEntry): Begun {
    const hashes = readHashes(entry)
    hashes.catch(() => {})
    return { hash: entry.hash, hashes, first: wantPiece(entry, 0) }
  }

  async function fetchWhole(entry: ReadyEntry, store: PieceStore): Promise<void> {
    if (entry.travelSize > leftBytes || hasPiece(store.have, 0)) return
    leftBytes -= entry.travelSize
    const bytes = await wants.want(entry.id, 0, entry.travelSize)
    if (bytes.byteLength !== entry.travelSize || encodeKeyHex(await sha256(bytes)) !== entry.hash) throw otherSize()
    await store.write(0, bytes)
  }

  async function fetchPieces(entry: OutlinedEntry, storing: Promise<PieceStore>, onPiece: () => void): Promise<void> {
    const pieceBytes = pieceBytesFor(entry.travelSize)
    const { hashes, first } = begun?.hash === entry.hash ? begun : begin(entry) // the store may take a while to open
    begun = undefined
    const store = await storing
    const missing = missingOf(store.have, Math.ceil(entry.travelSize / pieceBytes))
    const ahead: Coming[] = []
    if (first !== undefined && missing[0] === 0) ahead.push(first)
    let next = ahead.length
    const ask = (most: number) => {
      while (ahead.length < most && next < missing.length) {
        const coming = wantPiece(entry, missing[next] as number)
        if (coming === undefined) return
        next++
        ahead.push(coming)
      }
    }
    // The first piece has the line for itself.
    for (ask(1); ahead.length > 0; ask(FIRST_VISIT_LIMITS.maxAhead)) {
      const { index, bytes: coming } = ahead.shift() as Coming
      const bytes = await coming
      const expected = (await hashes).subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
      if (!equalBytes(await sha256(bytes), expected)) throw new MayflyError('ERR_FORGED', `Piece ${index} is not what the list says`)
      await store.write(index, bytes)
      onPiece()
    }
  }

  run().catch(() => end())
  return {
    state,
    /** Resolves when it has ended, however. */
    over: over.promise,
    get ended() {
      return ended
    },
    /** Asks for the beginning of the first large entry of these with the same breath as it is taken. */
    begin(ids: readonly number[] | undefined): void {
      if (state.rules?.ask !== false || begun !== undefined) return // else the sharer may take its time, and say no
      const entry = state.entries.find((each) => each.outline !== undefined && (ids === undefined || ids.includes(each.id)))
      if (entry?.hash !== undefined && entry.outline !== undefined) begun = begin({ ...entry, hash: entry.hash, outline: entry.outline })
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
      const watched = watchStore(storing)
      const thereNow = async () => (travelSize === 0 ? 0 : bytesThere((await storing).have, travelSize, pieceBytes))
      const report = async () => {
        const bytes = await thereNow()
        onProgress(bytes)
        state.send({ type: 'progress', reports: [[id, travelSize === 0 ? size : Math.floor((bytes / travelSize) * size)]] })
      }
      try {
        if (outline === undefined) await fetchWhole(entry, await watched.storing)
        else await fetchPieces({ ...entry, outline }, watched.storing, () => void report())
      } catch {
        await storing // a reason of its own comes first
        watched.throwFailure()
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

const missingOf = (have: Uint8Array, count: number) =>
  Array.from({ length: count }, (_, index) => index).filter((index) => !hasPiece(have, index))

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

/** Tells the failures of a store from those of the first stage: these alone are mended by the peer. */
function watchStore(opening: Promise<PieceStore>) {
  let failure: { error: unknown } | undefined
  const storing = opening.then(
    (store): PieceStore => ({
      get have() {
        return store.have
      },
      read: (index) => store.read(index),
      write: (index, bytes) =>
        store.write(index, bytes).catch((error: unknown) => {
          failure = { error }
          throw error
        }),
    }),
  )
  storing.catch(() => {})
  return {
    storing,
    throwFailure(): void {
      if (failure !== undefined) throw failure.error
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
