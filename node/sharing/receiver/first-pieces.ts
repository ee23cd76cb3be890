/** The pieces that a first stage brings: asked for one after the other, checked before they count, and written into a store. */

import { encodeOutline, pieceBytesFor } from '../../content/index.ts'
import type { PieceStore } from '../../content/types.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex, equalBytes, sha256 } from '../../keys/index.ts'
import { hasPiece, otherSize, type ReadyEntry } from './fetch-shape.ts'

export const FIRST_VISIT_LIMITS = {
  /** Bytes of content by this way: by then the peer is there. Sharers give twice as much. */
  maxBytes: 2_097_152,
  /** Pieces that are requested before the first of them is stored. */
  maxAhead: 3,
} as const

const HASH_BYTES = 32

type OutlinedEntry = ReadyEntry & { outline: Uint8Array }

interface Coming {
  index: number
  bytes: Promise<Uint8Array>
  /** Hears of its bytes as they come, and of those that have come. */
  watch(listener: (bytes: Uint8Array) => void): void
}

/** The beginning of an entry that the person has taken, on its way before it is fetched. */
interface Begun {
  hash: string
  hashes: Promise<Uint8Array>
  first: Coming | undefined
}

interface Wanted {
  maxBytes: number
  onChunk: ((bytes: Uint8Array) => void) | undefined
  chunks: Uint8Array[]
  bytes: number
  whole: PromiseWithResolvers<Uint8Array>
}

export function createFirstPieces(wants: Pick<ReturnType<typeof createWants>, 'want'>) {
  let leftBytes: number = FIRST_VISIT_LIMITS.maxBytes
  let begun: Begun | undefined

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
    const chunks: Uint8Array[] = []
    let onChunk: (bytes: Uint8Array) => void = (bytes) => void chunks.push(bytes)
    const bytes = wants.want(id, index, length, (chunk) => onChunk(chunk))
    const watch = (listener: (bytes: Uint8Array) => void) => {
      onChunk = listener
      for (const chunk of chunks.splice(0)) listener(chunk)
    }
    return { index, bytes, watch }
  }

  function ask(entry: OutlinedEntry): Begun {
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

  async function checked({ index, bytes: coming }: Pick<Coming, 'index' | 'bytes'>, hashes: Promise<Uint8Array>): Promise<Uint8Array> {
    const bytes = await coming
    const expected = (await hashes).subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
    if (!equalBytes(await sha256(bytes), expected)) throw new MayflyError('ERR_FORGED', `Piece ${index} is not what the list says`)
    return bytes
  }

  /** @param listener hears of a right first piece while the store is being opened: it fills no bar, since there are others */
  async function fetch(
    entry: OutlinedEntry,
    storing: Promise<PieceStore>,
    listener: { onFirst(bytes: number): void; onStored(): void; onBeginning: ((bytes: Uint8Array) => void) | undefined },
  ): Promise<void> {
    const pieceBytes = pieceBytesFor(entry.travelSize)
    const { hashes, first } = begun?.hash === entry.hash ? begun : ask(entry) // the store may take a while to open
    begun = undefined
    const early = first && checked(first, hashes)
    if (listener.onBeginning) first?.watch(listener.onBeginning)
    let isOpening = true
    early?.then(
      ({ byteLength }) => isOpening && listener.onFirst(byteLength),
      () => {}, // thrown below
    )
    const store = await storing.finally(() => {
      isOpening = false
    })
    const missing: number[] = []
    for (let index = 0; index * pieceBytes < entry.travelSize; index++) if (!hasPiece(store.have, index)) missing.push(index)
    const ahead: Pick<Coming, 'index' | 'bytes'>[] = []
    if (early !== undefined && missing[0] === 0) ahead.push({ index: 0, bytes: early })
    let next = ahead.length
    const askAhead = (most: number) => {
      while (ahead.length < most && next < missing.length) {
        const coming = wantPiece(entry, missing[next] as number)
        if (coming === undefined) return
        next++
        const { index } = coming
        const bytes = checked(coming, hashes)
        bytes.catch(() => {}) // thrown below
        ahead.push({ index, bytes })
      }
    }
    // The first piece has the line for itself.
    for (askAhead(1); ahead.length > 0; askAhead(FIRST_VISIT_LIMITS.maxAhead)) {
      const { index, bytes } = ahead.shift() as Pick<Coming, 'index' | 'bytes'>
      await store.write(index, await bytes)
      listener.onStored()
    }
  }

  return {
    /** Asks for the beginning of an entry before it is fetched, of one in all. */
    begin(entry: OutlinedEntry): void {
      begun ??= ask(entry)
    },
    fetchWhole,
    fetch,
  }
}

/** Requests of pieces, and their answers, in one order. */
export function createWants(send: (entry: number, piece: number | undefined) => void) {
  /** Answers that are still to come, in their order. Bounded by the requests. */
  const wanted: Wanted[] = []
  let hasEnded = false
  const left = () => new MayflyError('ERR_LEFT', 'The first stage is over')

  return {
    /** @param maxBytes what the answer has at most @param onChunk hears of each part of it, in order */
    want(entry: number, piece: number | undefined, maxBytes: number, onChunk?: (bytes: Uint8Array) => void): Promise<Uint8Array> {
      const whole = Promise.withResolvers<Uint8Array>()
      whole.promise.catch(() => {})
      if (hasEnded) whole.reject(left())
      else {
        wanted.push({ maxBytes, onChunk, chunks: [], bytes: 0, whole })
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
      first.onChunk?.(bytes)
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
