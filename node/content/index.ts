/** Content by its hash: hold, fetch, read, serve. */

export { type ByteRate, type ByteRateOptions, createByteRate, RATED_BYTES } from '../async/byte-rate.ts'
export type { KnownHolder } from './fetch/candidates.ts'
export { FETCHER_DEFAULTS, type FetcherOptions } from './fetch/fetcher.ts'
export {
  BUNDLE_MEDIA_TYPE,
  type BundleEntry,
  decodeBundle,
  encodeBundle,
  isBundle,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  refusePath,
} from './format/bundle.ts'
export { mediaTypeOf } from './format/media-type.ts'
export { encodeOutline, MAX_OUTLINED_BYTES, MAX_PIECE_BYTES, pieceBytesFor } from './format/outline.ts'
export { blobSource, memorySource } from './format/source.ts'
export { pieceRequest } from './protocol/piece-request.ts'
export { CHUNK_BYTES, CONTENT_PROTOCOL } from './protocol/wire.ts'
export { isSealed, SEALED_MEDIA_TYPE, type SealedFacts, sealedBytes } from './sealed/sealed-layout.ts'
export { type SealOptions, sealSource } from './sealed/sealing.ts'
export { openSealed, type UnsealedContent, type Unsealer } from './sealed/unsealing.ts'
