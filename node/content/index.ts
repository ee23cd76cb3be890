/** Content by its hash: the memory store, the exchange protocol, fetching with verification. */

export {
  type BundleEntry,
  decodeBundle,
  encodeBundle,
  isBundle,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  refusePath,
} from './bundle.ts'
export { type ContentService, createContent, type Presence } from './content.ts'
export { FETCHER_DEFAULTS, type FetcherOptions } from './fetcher.ts'
export { mediaTypeOf } from './media-type.ts'
export { MAX_OUTLINED_BYTES, MAX_PIECE_BYTES, pieceBytesFor } from './outline.ts'
export { blobSource, memorySource } from './source.ts'
export { CHUNK_BYTES, CONTENT_PROTOCOL } from './wire.ts'
