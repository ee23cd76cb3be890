/** The part of `node/` that the tab uses, too large to load before the first paint. The bundler leaves out what is not named here. */

export {
  BUNDLE_MEDIA_TYPE,
  blobSource,
  createLinkKey,
  decodeBundle,
  decodeKeyHex,
  decodeLinkKey,
  encodeBundle,
  encodeKeyHex,
  encodeLinkKey,
  isBundle,
  isSealed,
  MAX_BUNDLE_BYTES,
  MayflyError,
  mediaTypeOf,
  memorySource,
  openSealed,
  pieceBytesFor,
  pieceRequest,
  refusePath,
  safePath,
  sealedBytes,
  sealSource,
  sha256,
} from '../../node/index.ts'
export { createTab, preloadTab } from '../../node/library/create-tab.ts'
