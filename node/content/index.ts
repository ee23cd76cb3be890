/** Content by its hash: the memory store, the exchange protocol, fetching with verification. */

export { type ContentService, createContent, type Presence } from './content.ts'
export { FETCHER_DEFAULTS, type FetcherOptions } from './fetcher.ts'
export { CHUNK_BYTES, CONTENT_PROTOCOL } from './wire.ts'
