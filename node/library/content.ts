/** Sources, bundles and private content, for users of the library: as in `node/content/`, with checked arguments. */

import * as content from '../content/index.ts'
import type { ContentSource, FetchPieceOptions, OpenedContent, WantedPiece } from '../content/types.ts'
import type { LinkKey } from '../keys/index.ts'
import { type LargeBody, prepareLargeBody as prepareLarge } from '../large-message.ts'
import type { AbortOptions } from '../types.ts'
import {
  optional,
  readBoolean,
  readBytes,
  readFunction,
  readInteger,
  readListOf,
  readObject,
  readOneOf,
  readOptions,
  readText,
  readTextOrBytes,
} from './arguments.ts'
import { readAnySource, readBlob, readOpened, readPart, readSource } from './content-values.ts'
import { readAbortOptions, readKey, readLinkKey } from './values.ts'

/** A source of bytes in memory; text is its UTF-8. */
export function memorySource(data: string | Uint8Array | ArrayBuffer): ContentSource {
  return content.memorySource(readTextOrBytes(data, 'memorySource: data'))
}

/** A source that reads a Blob or a file where it lies. */
export function blobSource(blob: Parameters<typeof content.blobSource>[0]): ContentSource {
  return content.blobSource(readBlob(blob, 'blobSource: blob'))
}

/** The media type by a file's name; empty when the table does not have the name's extension. */
export function mediaTypeOf(path: string): string {
  return content.mediaTypeOf(readText(path, 'mediaTypeOf: path'))
}

/** The size of the pieces of content that has this size, in bytes. @throws {MayflyError} ERR_TOO_LARGE */
export function pieceBytesFor(size: number): number {
  return content.pieceBytesFor(readInteger(size, 'pieceBytesFor: size'))
}

/** Why a path cannot name a file of a bundle; undefined when it can. */
export function refusePath(path: string): string | undefined {
  return content.refusePath(readText(path, 'refusePath: path'))
}

/** An entry, or what `hold` has returned with a path and a type. */
type GivenEntry = content.BundleEntry & { wasHeld?: boolean }

const readEntries = readListOf(
  readObject<GivenEntry>({ path: readText, size: readInteger, type: readText, key: readKey, outline: readKey, wasHeld: readBoolean }, [
    'path',
    'size',
    'type',
    'key',
  ]),
)

/** @throws {MayflyError} ERR_BAD_OPTION for a path that cannot name a file, or occurs twice; ERR_BAD_KEY, ERR_TOO_LARGE, ERR_LIMIT */
export function encodeBundle(
  entries: readonly (Omit<GivenEntry, 'key' | 'outline'> & { key: Uint8Array | string; outline?: Uint8Array | string })[],
): Uint8Array {
  return content.encodeBundle(readEntries(entries, 'encodeBundle: entries'))
}

/** True when the bytes begin as a bundle does; decoding them may still fail. */
export function isBundle(bytes: Uint8Array): boolean {
  return content.isBundle(readBytes(bytes, 'isBundle: bytes'))
}

/** @throws {MayflyError} ERR_BAD_FRAME */
export function decodeBundle(bytes: Uint8Array): content.BundleEntry[] {
  return content.decodeBundle(readBytes(bytes, 'decodeBundle: bytes'))
}

/** True when the bytes begin as private content does. */
export function isSealed(bytes: Uint8Array): boolean {
  return content.isSealed(readBytes(bytes, 'isSealed: bytes'))
}

/** The size of the cipher text of so many plain bytes. */
export function sealedBytes(size: number): number {
  return content.sealedBytes(readInteger(size, 'sealedBytes: size'))
}

const readSealOptions = readOptions<content.SealOptions>({ name: readText, type: readText, salt: readKey })

/**
 * The cipher text of a source, of bytes, or of text. The cipher texts of two contents under one key and salt would reveal both, so what is read
 * more than once must be compared with the first reading before it leaves, as `content.hold` does. Otherwise the source must not change.
 *
 * @throws {MayflyError} ERR_TOO_LARGE, ERR_NO_CRYPTO, ERR_BAD_KEY, ERR_BAD_OPTION
 */
export async function sealSource(
  source: string | Uint8Array | ArrayBuffer | Blob | ContentSource,
  key: LinkKey | string,
  options?: content.SealOptions,
): Promise<ContentSource> {
  return content.sealSource(
    readAnySource(source, 'sealSource: source'),
    readLinkKey(key, 'sealSource: key'),
    readSealOptions(options, 'sealSource: options'),
  )
}

/**
 * @param opened the cipher text, checked or not; any part of it must be readable
 * @throws {MayflyError} ERR_BAD_FRAME (not private content), ERR_WRONG_KEY, ERR_DAMAGED, ERR_NO_CRYPTO, ERR_BAD_KEY, ERR_BAD_OPTION
 * @throws signal.reason, when aborted
 */
export async function openSealed(
  opened: Pick<OpenedContent, 'size' | 'read'>,
  key: LinkKey | string,
  options?: AbortOptions,
): Promise<content.UnsealedContent> {
  const unsealed = await content.openSealed(
    readOpened(opened, 'openSealed: content'),
    readLinkKey(key, 'openSealed: key'),
    readAbortOptions(options, 'openSealed: options'),
  )
  const readOwnPart = readPart(unsealed.size)
  return {
    ...unsealed,
    read: (part, abort) => unsealed.read(readOwnPart(part, 'read: part'), readAbortOptions(abort, 'read: options')),
    unsealer(firstSlot) {
      const unsealer = unsealed.unsealer(optional(readInteger)(firstSlot, 'unsealer: firstSlot'))
      return { push: async (sealed) => unsealer.push(readBytes(sealed, 'unsealer.push: sealed')) }
    },
    resumeAt: (plainBytes) => unsealed.resumeAt(readInteger(plainBytes, 'resumeAt: plainBytes')),
    reseal: (plain) => unsealed.reseal(readSource(plain, 'reseal: plain')),
  }
}

/** For a caller that holds the body of a large message itself. @throws {MayflyError} ERR_NO_CRYPTO */
export async function prepareLargeBody(body: Uint8Array, isSealedBody: boolean, type: string): Promise<LargeBody> {
  return prepareLarge(
    readTextOrBytes(body, 'prepareLargeBody: body'),
    readBoolean(isSealedBody, 'prepareLargeBody: isSealed'),
    readText(type, 'prepareLargeBody: type'),
  )
}

const readWantedPiece = readObject<WantedPiece>(
  { key: readKey, outline: readKey, index: readInteger, bundle: readKey, offset: readInteger, size: readInteger },
  ['key', 'outline', 'index', 'offset', 'size'],
)
const readFrom = readOneOf<FetchPieceOptions['from']>('node', 'anybody')

/** The HTTP request for a piece, or for several that follow each other. */
export function pieceRequest(piece: WantedPiece, from: FetchPieceOptions['from'], count = 1): ReturnType<typeof content.pieceRequest> {
  const wanted = readWantedPiece(piece, 'pieceRequest: piece')
  return content.pieceRequest(wanted, readFrom(from, 'pieceRequest: from'), readInteger(count, 'pieceRequest: count'))
}

const readRateOptions = readObject<content.ByteRateOptions>({ bytesPerSecond: readFunction, now: readFunction }, ['bytesPerSecond'])

/** Bytes per second for each client. */
export function createByteRate(options: content.ByteRateOptions): content.ByteRate {
  return content.createByteRate(readRateOptions(options, 'createByteRate: options'))
}
