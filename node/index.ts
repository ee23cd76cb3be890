/** The public face of the library. */

export { MayflyError, type MayflyErrorCode } from './errors.ts'
export { decodeKeyCid, decodeKeyHex, encodeKeyBase32, encodeKeyCid, encodeKeyHex, isKeyHex, sha256 } from './keys/index.ts'
export { createPeer, type PeerListener, type PeerOptions } from './peer.ts'
export type {
  AbortOptions,
  ContentStore,
  FetchedContent,
  HeldContent,
  Hold,
  Holder,
  Key,
  Peer,
  PeerEvent,
  PeerLimits,
  PeerStatus,
  Rendezvous,
} from './types.ts'
