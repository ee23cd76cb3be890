/** Content by its hash: the memory store, the exchange protocol, fetching with verification. */

export {
  BUNDLE_MEDIA_TYPE,
  type BundleEntry,
  decodeBundle,
  encodeBundle,
  isBundle,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  refusePath,
} from './bundle.ts'
export { type ByteRate, type ByteRateOptions, createByteRate, RATED_BYTES } from './byte-rate.ts'
export { type ContentService, createContent, type Presence } from './content.ts'
export { FETCHER_DEFAULTS, type FetcherOptions } from './fetcher.ts'
export { mediaTypeOf } from './media-type.ts'
export { MAX_OUTLINED_BYTES, MAX_PIECE_BYTES, pieceBytesFor } from './outline.ts'
export { pieceRequest } from './piece-request.ts'
export { isSealed, SEALED_MEDIA_TYPE, type SealedFacts, sealedBytes } from './sealed-layout.ts'
export { type SealOptions, sealSource } from './sealing.ts'
export { blobSource, memorySource } from './source.ts'
export { openSealed, type UnsealedContent, type Unsealer } from './unsealing.ts'
export { CHUNK_BYTES, CONTENT_PROTOCOL } from './wire.ts'
