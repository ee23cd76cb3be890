/** The public face of the library. */

export {
  type BundleEntry,
  blobSource,
  decodeBundle,
  encodeBundle,
  isBundle,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  mediaTypeOf,
  pieceBytesFor,
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
  PieceStore,
  ReceiveOptions,
  Receiving,
  Rendezvous,
} from './types.ts'
