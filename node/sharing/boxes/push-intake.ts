/** The bytes of a file that a sender pushes: held back while their reader is slow, counted, and compared with the hash that ends them. */

import { createWakeUp } from '../../async/wake-up.ts'
import { MayflyError } from '../../errors.ts'
import { type CreateHasher, equalBytes } from '../../keys/index.ts'

/** Bytes that wait for their reader before the sender is held back, and those at which it goes on. */
const HIGH_BYTES = 1_048_576
const LOW_BYTES = 262_144

interface PushIntakeOptions {
  /** In bytes, as its sender said; undefined: nobody knows. */
  size: number | undefined
  /** Thrown to the reader when there are more bytes. */
  maxBytes: number
  tooLarge(bytes: number): MayflyError
  createHasher: CreateHasher
  /** How long nothing may come while its reader waits, in ms. */
  stallMs: number
  /** The reader has begun: the sender may send. */
  onBegin(): void
  pause(): void
  resume(): void
}

export type PushIntake = ReturnType<typeof createPushIntake>

export function createPushIntake({ size, maxBytes, tooLarge, createHasher, stallMs, onBegin, pause, resume }: PushIntakeOptions) {
  /** Bounded: HIGH_BYTES, and one window of the stream. */
  const chunks: Uint8Array[] = []
  const news = createWakeUp()
  let waiting = 0
  let isPaused = false
  let hasBegun = false
  let hasLeft = false
  let received = 0
  let end: { sha256: Uint8Array } | { error: Error } | undefined
  let sha256: Uint8Array | undefined

  async function* read(): AsyncGenerator<Uint8Array, void> {
    hasBegun = true
    onBegin()
    const hasher = createHasher()
    let isOver = false
    try {
      for (;;) {
        const chunk = chunks.shift()
        if (chunk !== undefined) {
          waiting -= chunk.byteLength
          await hasher.update(chunk)
          if (isPaused && waiting <= LOW_BYTES) {
            isPaused = false
            resume()
          }
          yield chunk
        } else if (end === undefined) {
          if (!(await news.wait(stallMs)) && end === undefined)
            fail(new MayflyError('ERR_TIMEOUT', `Nothing came for ${stallMs / 1_000} s`))
        } else if ('error' in end) throw end.error
        else break
      }
      const found = await hasher.digest()
      if (size !== undefined && received !== size) throw new MayflyError('ERR_DAMAGED', `${received} bytes came; ${size} were said to come`)
      if (end === undefined || !('sha256' in end) || !equalBytes(found, end.sha256))
        throw new MayflyError('ERR_DAMAGED', 'The bytes that came are not those that were sent')
      sha256 = found
      isOver = true
    } finally {
      if (!isOver) leave()
    }
  }

  /** A reader that leaves early wants no more; why it left, it says itself. */
  function leave(): void {
    chunks.length = 0
    if (end !== undefined && 'error' in end) return
    hasLeft = true
    end = { error: new MayflyError('ERR_DAMAGED', 'It was not read to its end') }
  }

  function fail(error: Error): void {
    end ??= { error }
    if ('error' in end) chunks.length = 0
    news.ring()
  }

  return {
    get hasBegun() {
      return hasBegun
    },
    /** Why it has failed, unless its reader left. */
    get failure() {
      return !hasLeft && end !== undefined && 'error' in end ? end.error : undefined
    },
    bytes: { [Symbol.asyncIterator]: once(read) },
    take(bytes: Uint8Array): void {
      if (end !== undefined) return
      received += bytes.byteLength
      if (received > Math.min(maxBytes, size ?? maxBytes)) {
        const isLie = size !== undefined && received > size && received <= maxBytes
        return void fail(isLie ? new MayflyError('ERR_DAMAGED', `More than the ${size} bytes that were said to come`) : tooLarge(received))
      }
      chunks.push(new Uint8Array(bytes))
      waiting += bytes.byteLength
      if (!isPaused && waiting >= HIGH_BYTES) {
        isPaused = true
        pause()
      }
      news.ring()
    },
    finish(hash: Uint8Array): void {
      end ??= { sha256: hash }
      news.ring()
    },
    fail,
    /** Its size and hash, once all of it was read and was right. */
    get result() {
      return sha256 === undefined ? undefined : { size: received, sha256 }
    },
  }
}

function once<T>(begin: () => T): () => T {
  let hasBegun = false
  return () => {
    if (hasBegun) throw new TypeError('A pushed file is read once')
    hasBegun = true
    return begin()
  }
}
