/** Entries of a share as they travel, and the pages in which a list of them does. Pure; WIRE.md has the layout. */

import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { encodeCanonical } from '../../keys/canonical.ts'
import { sha256AtOnce } from '../../keys/index.ts'
import { readBytes, readInteger, readOptional, readText, readTuple, readWord } from '../../network/index.ts'
import type { ShareEntry } from '../types.ts'
import { type Chosen, isChosen } from './chosen.ts'

export const ENTRY_LIMITS = {
  maxEntries: 20_000,
  /** In UTF-8. */
  maxPathBytes: 1_024,
  maxTypeLength: 128,
  /** Of a text, in UTF-16 units. */
  maxTextLength: 65_536,
  /** The most entries of one page, and about the most bytes. */
  maxPageEntries: 500,
  maxPageBytes: 65_536,
} as const

/** An entry with what fetches its content. */
export interface ListedEntry extends ShareEntry {
  /** SHA-256 of the outline, of content that has one. */
  outline: Uint8Array | undefined
  /** In bytes, as it travels. */
  travelSize: number
  /** The key that opens it; undefined while the receiver has not taken the entry, and where it is not sealed. */
  linkKey: Uint8Array | undefined
}

const KINDS = { file: 0, text: 1 } as const
const STATES = { reading: 0, ready: 1, failed: 2 } as const
const DOMAIN = utf8ToBytes('mayfly-share-list:')

/** @param hasKeys false for a receiver that has not taken the entry: it sees neither its text nor what opens its content */
export function entryFields(entry: ListedEntry, hasKeys: boolean): unknown[] {
  const { id, kind, path, size, mediaType, modifiedMs, state, text, hash, outline, travelSize, linkKey } = entry
  return [
    id,
    KINDS[kind],
    path,
    size,
    mediaType,
    modifiedMs ?? null,
    STATES[state],
    (hasKeys ? text : undefined) ?? null,
    hash === undefined ? null : hexToBytes(hash),
    outline ?? null,
    travelSize,
    (hasKeys ? linkKey : undefined) ?? null,
  ]
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function readEntry(value: unknown): ListedEntry {
  const [id, kind, path, size, mediaType, modified, state, text, hash, outline, travelSize, linkKey] = readTuple(value, 'entry', 12)
  return {
    id: readInteger(id, 'entry'),
    kind: readWord(kind, 'kind', KINDS),
    path: readText(path, 'path', ENTRY_LIMITS.maxPathBytes),
    size: readInteger(size, 'size'),
    mediaType: readText(mediaType, 'type', ENTRY_LIMITS.maxTypeLength),
    modifiedMs: readOptional(modified, 'modified', readInteger),
    state: readWord(state, 'state', STATES),
    text: readOptional(text, 'text', (it) => readText(it, 'text', ENTRY_LIMITS.maxTextLength)),
    hash: readOptional(hash, 'hash', (it) => bytesToHex(readBytes(it, 'hash', 32))),
    outline: readOptional(outline, 'outline', (it) => readBytes(it, 'outline', 32)),
    travelSize: readInteger(travelSize, 'size'),
    linkKey: readOptional(linkKey, 'link key', (it) => readBytes(it, 'link key', 32)),
  }
}

/**
 * Cuts a list into pages that fit into a frame. An empty list has none.
 *
 * @param given those of which the receiver gets texts, and what opens contents
 */
export function pagesOf(entries: readonly ListedEntry[], given: Chosen | undefined): unknown[][][] {
  const pages: unknown[][][] = []
  let bytes: number = ENTRY_LIMITS.maxPageBytes
  for (const entry of entries) {
    const hasKeys = isChosen(given, entry.id)
    const fields = entryFields(entry, hasKeys)
    const own = 256 + 3 * (entry.path.length + (hasKeys ? (entry.text?.length ?? 0) : 0))
    if (bytes + own > ENTRY_LIMITS.maxPageBytes || (pages.at(-1)?.length ?? 0) >= ENTRY_LIMITS.maxPageEntries) {
      pages.push([])
      bytes = 0
    }
    pages.at(-1)?.push(fields)
    bytes += own
  }
  return pages
}

/** Signed by the sharer: all pages of one list, and its number, which grows. */
export function listBytes(id: Uint8Array, sequence: number, pages: readonly unknown[][][]): Uint8Array {
  const hashes = pages.map((page) => sha256AtOnce(encodeCanonical(page)))
  return concatBytes(DOMAIN, encodeCanonical([id, sequence, hashes]))
}
