/** The public face of the library. */

export {
  type BundleEntry,
  type ByteRate,
  type ByteRateOptions,
  blobSource,
  createByteRate,
  decodeBundle,
  encodeBundle,
  isBundle,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  mediaTypeOf,
  pieceRequest,
  RATED_BYTES,
  refusePath,
} from './content/index.ts'
export { MayflyError, type MayflyErrorCode } from './errors.ts'
export {
  type CreateHasher,
  decodeKeyCid,
  decodeKeyHex,
  encodeKeyBase32,
  encodeKeyCid,
  encodeKeyHex,
  isKeyHex,
  sha256,
} from './keys/index.ts'
export { createPeer, type PeerListener, type PeerOptions } from './peer.ts'
export type {
  AbortOptions,
  ContentSource,
  ContentStore,
  FetchedContent,
  FetchPiece,
  FetchPieceOptions,
  HeldContent,
  Hold,
  Holder,
  IceServer,
  Key,
  OpenedContent,
  OpenOptions,
  Peer,
  PeerEvent,
  PeerLimits,
  PeerStatus,
  PieceAddress,
  Rendezvous,
  WantedPiece,
} from './types.ts'
