/** Private content as a source: encrypted as it is read, so that a file of any size is sealed without a copy. */

import { concatBytes } from '@noble/hashes/utils.js'
import { freeBytes } from '../../async/free-memory.ts'
import type { LinkKey } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { ContentSource } from '../types.ts'
import {
  encodeFacts,
  FIRST_SLOT_PLAIN_BYTES,
  mustBeSealable,
  plainStart,
  SALT_BYTES,
  type SealedFacts,
  SLOT_BYTES,
  SLOT_PLAIN_BYTES,
  sealedBytes,
  slotsOf,
} from './sealed-layout.ts'
import { createRecords, type SealedRecords } from './sealed-records.ts'

export interface SealOptions {
  name?: string
  type?: string
  /** 32 bytes, never used twice with one key for other bytes; random when left out. */
  salt?: Uint8Array
}

/**
 * The cipher text of a source. The cipher texts of two contents under one key and salt would reveal both, so what is read more than once must
 * be compared with the first reading before it leaves, as `ContentStore.hold` does. Otherwise the source must not change.
 *
 * @throws {MayflyError} ERR_TOO_LARGE, ERR_NO_CRYPTO
 */
export async function sealSource(source: ContentSource, key: LinkKey, options: SealOptions = {}): Promise<ContentSource> {
  const { name = '', type = '', salt = globalThis.crypto.getRandomValues(new Uint8Array(SALT_BYTES)) } = options
  mustBeSealable(source.size)
  return sealWith(await createRecords(key, salt), source, { name, type, size: source.size })
}

/** The same with existing records. */
export function sealWith(records: SealedRecords, source: ContentSource, facts: SealedFacts): ContentSource {
  const lastSlot = slotsOf(facts.size) - 1
  const size = sealedBytes(facts.size)
  let head: Promise<Uint8Array> | undefined
  const makeHead = async () => concatBytes(records.header, await records.seal(0, false, encodeFacts(facts)))

  async function sealSlot(slot: number, plain: Uint8Array): Promise<Uint8Array> {
    const record = await records.seal(slot + 1, slot === lastSlot, plain)
    if (slot > 0) return record
    head ??= makeHead()
    return concatBytes(await head, record)
  }

  return {
    size,
    async read(offset, length, options) {
      if (length === 0) return new Uint8Array()
      const first = Math.floor(offset / SLOT_BYTES)
      const last = Math.floor((offset + length - 1) / SLOT_BYTES)
      const start = plainStart(first)
      const plain = await readPadded(source, start, plainEnd(last, lastSlot, size) - start, options)
      const slots = Array.from({ length: last - first + 1 }, (_, i) => {
        const [from, to] = [plainStart(first + i), plainEnd(first + i, lastSlot, size)]
        return sealSlot(first + i, plain.subarray(from - start, to - start))
      })
      const parts = await Promise.all(slots)
      const sealed = concatBytes(...parts)
      for (const part of parts) freeBytes(part)
      return sealed.subarray(offset - first * SLOT_BYTES, offset - first * SLOT_BYTES + length)
    },
    close: async () => source.close?.(),
  }
}

/** The end of a slot's plain bytes, padding included. */
function plainEnd(slot: number, lastSlot: number, size: number): number {
  if (slot < lastSlot) return plainStart(slot + 1)
  const missing = (lastSlot + 1) * SLOT_BYTES - size
  return plainStart(slot) + (slot === 0 ? FIRST_SLOT_PLAIN_BYTES : SLOT_PLAIN_BYTES) - missing
}

/** Reads the source's bytes, and zeros behind them. */
async function readPadded(source: ContentSource, offset: number, length: number, options?: AbortOptions): Promise<Uint8Array> {
  const there = Math.max(0, Math.min(length, source.size - offset))
  const bytes = there > 0 ? await source.read(offset, there, options) : new Uint8Array()
  return there === length ? bytes : concatBytes(bytes, new Uint8Array(length - there))
}
