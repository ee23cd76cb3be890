/** Opens private content with its link's key: its facts, and any part of it. The caller fetches the cipher text. */

import { concatBytes } from '@noble/hashes/utils.js'
import { MayflyError } from '../../errors.ts'
import type { LinkKey } from '../../keys/index.ts'
import type { AbortOptions } from '../../types.ts'
import type { ContentSource, OpenedContent } from '../types.ts'
import {
  decodeFacts,
  decodeHeader,
  HEAD_BYTES,
  HEADER_BYTES,
  plainStart,
  type SealedFacts,
  SLOT_BYTES,
  sealedBytes,
  slotAt,
  slotsOf,
} from './sealed-layout.ts'
import { openRecords, type SealedRecords } from './sealed-records.ts'
import { sealWith } from './sealing.ts'

/** Takes cipher text in order, and returns the plain text of the complete records, checked. */
export interface Unsealer {
  /** @throws {MayflyError} ERR_DAMAGED */
  push(sealed: Uint8Array): Promise<Uint8Array>
}

interface ResumePoint {
  nextSlot: number
  /** Plain bytes and cipher text of the slots before. */
  plainBytes: number
  sealedBytes: number
}

export interface UnsealedContent extends SealedFacts {
  /**
   * Yields plain bytes, in order, each record checked.
   *
   * @throws {MayflyError} ERR_DAMAGED, and what reading the cipher text throws
   * @throws signal.reason, when aborted
   */
  read(part?: { offset: number; length: number }, options?: AbortOptions): AsyncIterable<Uint8Array>
  /** Opens cipher text that the caller pushes, from the beginning of a slot (the first, when left out) to the end. */
  unsealer(firstSlot?: number): Unsealer
  /** Where to go on after `plainBytes` from the beginning: how many of them are in whole slots, and which slot is next. */
  resumeAt(plainBytes: number): ResumePoint
  /** Seals plain bytes that the caller has: the same cipher text again, when they are right. */
  reseal(plain: ContentSource): ContentSource
}

/**
 * @param content the cipher text, checked or not; any part of it must be readable
 * @throws {MayflyError} ERR_BAD_FRAME (not private content), ERR_WRONG_KEY, ERR_DAMAGED, ERR_NO_CRYPTO
 * @throws signal.reason, when aborted
 */
export async function openSealed(
  content: Pick<OpenedContent, 'size' | 'read'>,
  key: LinkKey,
  options: AbortOptions = {},
): Promise<UnsealedContent> {
  const head = await readHead(content, options)
  const records = await openRecords(key, decodeHeader(head))
  if (head.byteLength < HEAD_BYTES) throw damaged('it is cut within its first bytes')
  const facts = decodeFacts(await records.open(0, false, head.subarray(HEADER_BYTES)))
  const expected = sealedBytes(facts.size)
  if (content.size < expected) throw damaged(`it is cut: ${content.size} of ${expected} bytes`)
  if (content.size > expected) throw damaged(`something was added to it: ${content.size} bytes, and not ${expected}`)
  const unsealer = (firstSlot = 0) => createUnsealer(records, facts, firstSlot)
  return {
    ...facts,
    unsealer,
    reseal: (plain) => sealWith(records, plain, facts),
    resumeAt(plainBytes) {
      if (plainBytes === facts.size) return { nextSlot: slotsOf(facts.size), plainBytes, sealedBytes: expected }
      const nextSlot = slotAt(plainBytes)
      return { nextSlot, plainBytes: plainStart(nextSlot), sealedBytes: nextSlot * SLOT_BYTES }
    },
    async *read({ offset, length } = { offset: 0, length: facts.size }, abort = {}) {
      const end = Math.min(offset + length, facts.size)
      if (offset >= end) return
      const [first, last] = [slotAt(offset), slotAt(end - 1)]
      const sealedEnd = Math.min((last + 1) * SLOT_BYTES, expected)
      const part = unsealer(first)
      let at = plainStart(first)
      for await (const sealed of content.read({ offset: first * SLOT_BYTES, length: sealedEnd - first * SLOT_BYTES }, abort)) {
        for (const plain of await part.pushParts(sealed)) {
          const [from, to] = [Math.max(offset - at, 0), Math.min(end - at, plain.byteLength)]
          at += plain.byteLength
          if (to > from) yield plain.subarray(from, to)
        }
      }
      if (at < end) throw damaged('it ended too early')
    },
  }
}

async function readHead(content: Pick<OpenedContent, 'size' | 'read'>, options: AbortOptions): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of content.read({ offset: 0, length: Math.min(HEAD_BYTES, content.size) }, options)) parts.push(part)
  return concatBytes(...parts)
}

function createUnsealer(records: SealedRecords, { size }: SealedFacts, firstSlot: number) {
  const lastSlot = slotsOf(size) - 1
  const lastSlotBytes = sealedBytes(size) - lastSlot * SLOT_BYTES
  const slotBytes = (slot: number) => (slot === lastSlot ? lastSlotBytes : SLOT_BYTES)
  let next = firstSlot
  /** The beginning of the next slot. Bounded: less than one slot. */
  let rest = new Uint8Array()

  async function open(slot: number, sealed: Uint8Array): Promise<Uint8Array> {
    const record = slot === 0 ? sealed.subarray(HEAD_BYTES) : sealed
    const plain = await records.open(slot + 1, slot === lastSlot, record)
    return plain.subarray(0, Math.max(0, size - plainStart(slot))) // no padding
  }

  /** The plain text of each complete record. */
  async function pushParts(sealed: Uint8Array): Promise<Uint8Array[]> {
    const bytes = rest.byteLength === 0 ? sealed : concatBytes(rest, sealed)
    const opening: Promise<Uint8Array>[] = []
    let at = 0
    while (next <= lastSlot && bytes.byteLength - at >= slotBytes(next)) {
      opening.push(open(next, bytes.subarray(at, at + slotBytes(next))))
      at += slotBytes(next)
      next++
    }
    rest = bytes.slice(at)
    if (next > lastSlot && rest.byteLength > 0) throw damaged('something follows its last record')
    return Promise.all(opening)
  }

  return {
    pushParts,
    push: async (sealed: Uint8Array) => concatBytes(...(await pushParts(sealed))),
  }
}

function damaged(how: string): MayflyError {
  return new MayflyError('ERR_DAMAGED', `Cannot open private content: ${how}`)
}
