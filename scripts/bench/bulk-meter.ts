/** Meter of a reader: bytes, time, and whether the bytes are right. Runs in pages, too. */

import { type BulkContent, isBulkPart } from './bulk-content.ts'

export interface BulkReading {
  /** From asking to the last checked byte. */
  ms: number
  /** From asking to the first byte that counts as checked; undefined where it cannot be told. */
  firstMs?: number
}

export interface BulkMeter {
  /** The next bytes, in order. @throws when they are not the content's */
  take(bytes: Uint8Array): void
  /** Bytes that came out of order, checked by the program that carried them. @throws when they are not the content's */
  takeAt(offset: number, bytes: Uint8Array): void
  /** @throws when not as much came as there is */
  end(): BulkReading
}

/** @param startedAtMs now when left out; 0 is when the page began to be opened */
export function startBulkMeter({ size, seed }: BulkContent, startedAtMs: number = performance.now()): BulkMeter {
  let taken = 0
  let firstMs: number | undefined
  const takeAt = (offset: number, bytes: Uint8Array) => {
    firstMs ??= performance.now() - startedAtMs
    if (!isBulkPart(seed, offset, bytes)) throw new Error(`wrong bytes at ${offset}`)
    taken += bytes.byteLength
  }
  return {
    take: (bytes) => takeAt(taken, bytes),
    takeAt,
    end() {
      if (taken !== size) throw new Error(`${taken} bytes came, not ${size}`)
      return { ms: performance.now() - startedAtMs, ...(firstMs !== undefined && { firstMs }) }
    },
  }
}
