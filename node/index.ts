/** The public face of the library. */

export {
  BUNDLE_MEDIA_TYPE,
  type BundleEntry,
  type ByteRate,
  type ByteRateOptions,
  blobSource,
  createByteRate,
  decodeBundle,
  encodeBundle,
  isBundle,
  isSealed,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  mediaTypeOf,
  memorySource,
  openSealed,
  pieceBytesFor,
  pieceRequest,
  RATED_BYTES,
  refusePath,
  SEALED_MEDIA_TYPE,
  type SealedFacts,
  type SealOptions,
  sealedBytes,
  sealSource,
  type UnsealedContent,
  type Unsealer,
} from './content/index.ts'
export type {
  ContentSource,
  ContentStore,
  FetchedContent,
  FetchPiece,
  FetchPieceOptions,
  HeldContent,
  OpenedContent,
  OpenOptions,
  PieceAddress,
  PieceStore,
  ReceiveOptions,
  Receiving,
  WantedPiece,
} from './content/types.ts'
export { MayflyError, type MayflyErrorCode } from './errors.ts'
export {
  bodyText,
  type Inbox,
  type InboxEnd,
  type InboxMessage,
  type InboxPolicy,
  type InboxQuery,
  type MessageFacts,
  messageFacts,
} from './inbox.ts'
export {
  type CreateHasher,
  createLinkKey,
  decodeKeyCid,
  decodeKeyHex,
  decodeLink,
  decodeLinkKey,
  decodePath,
  encodeKeyBase32,
  encodeKeyCid,
  encodeKeyHex,
  encodeLink,
  encodeLinkKey,
  encodePath,
  isKeyHex,
  keyOfBlock,
  type Link,
  type LinkKey,
  linkKeyFragment,
  linkKeyTextOf,
  parseCid,
  sha256,
} from './keys/index.ts'
export { type LargeBody, prepareLargeBody } from './large-message.ts'
export type { PeerLimits, PeerRates } from './limits.ts'
export {
  checkRules,
  createMemoryOutboxStore,
  createMessageSecret,
  createSealingSecret,
  decodeEnvelope,
  ENVELOPE_DEFAULTS,
  type End,
  HASHNAME_FORM,
  hashnameOf,
  MESSAGE_LIMITS,
  OUTBOX_DEFAULTS,
  parseEnd,
  publicKeyOf,
  REFUSALS,
  type RefusalFacts,
  RULE_LIMITS,
} from './messages/index.ts'
export type {
  Kept,
  Message,
  MessageDraft,
  MessageRefusal,
  MessageSecret,
  Messages,
  OutboxEntry,
  OutboxLoad,
  OutboxStore,
  Posted,
  PostOptions,
  PostOutcome,
  Receipt,
  Tap,
  TapOptions,
  TapRule,
} from './messages/types.ts'
export { type ClientAddress, parseClientAddress, UNKNOWN_CLIENT } from './network/client-address.ts'
export { CLIENT_CONNECTIONS_DEFAULTS, type ClientConnections, createClientConnections } from './network/client-connections.ts'
export { type ClockStatus, clockSentence } from './network/clock.ts'
export type { IceServer } from './network/types.ts'
export type { Peer, PeerEvent } from './peer.ts'
export { createPeer, type PeerListener, type PeerOptions } from './peer.ts'
export type { PeerStatus } from './peer-status.ts'
export type { Hold, Holder, Rendezvous } from './rendezvous/types.ts'
export type { AbortOptions, Key } from './types.ts'
