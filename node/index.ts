/** The public face of the library. Its functions check their arguments (`library/`), since not all of their callers have types. */

export {
  BUNDLE_MEDIA_TYPE,
  type BundleEntry,
  type ByteRate,
  type ByteRateOptions,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_ENTRIES,
  RATED_BYTES,
  SEALED_MEDIA_TYPE,
  type SealedFacts,
  type SealOptions,
  type UnsealedContent,
  type Unsealer,
} from './content/index.ts'
export type {
  ContentSource,
  FetchedContent,
  FetchPiece,
  FetchPieceOptions,
  HeldContent,
  HoldOptions,
  OpenedContent,
  OpenOptions,
  PieceAddress,
  PieceStore,
  ReadOptions,
  ReceiveOptions,
  Receiving,
  WantedPiece,
} from './content/types.ts'
export { MayflyError, type MayflyErrorCode, type PeopleErrorCode, type SharingErrorCode } from './errors.ts'
export type { Inbox, InboxEnd, InboxMessage, InboxPolicy, InboxQuery, MessageFacts } from './inbox.ts'
export type { CreateHasher, LinkKey } from './keys/index.ts'
export type { Link } from './keys/links.ts'
export type { LargeBody } from './large-message.ts'
export {
  blobSource,
  createByteRate,
  decodeBundle,
  encodeBundle,
  isBundle,
  isSealed,
  mediaTypeOf,
  memorySource,
  openSealed,
  pieceBytesFor,
  pieceRequest,
  prepareLargeBody,
  refusePath,
  sealedBytes,
  sealSource,
} from './library/content.ts'
export { createPeer } from './library/create-peer.ts'
export type { JoinOptions } from './library/join.ts'
export {
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
  harmlessName,
  isKeyHex,
  keyOfBlock,
  type LinkToMake,
  linkKeyFragment,
  linkKeyTextOf,
  parseCid,
  sha256,
} from './library/keys.ts'
export {
  bodyText,
  checkRules,
  createMemoryOutboxStore,
  createMessageSecret,
  decodeEnvelope,
  hashnameOf,
  messageFacts,
  parseEnd,
  publicKeyOf,
} from './library/messages.ts'
export { clockSentence, createClientConnections, parseClientAddress } from './library/network.ts'
export type { ContentStore, Messages, Peer, PeerOptions, Rendezvous } from './library/peer.ts'
export { safePath } from './library/sharing.ts'
export type { PeerLimits, PeerRates } from './limits.ts'
export {
  ENVELOPE_DEFAULTS,
  type End,
  HASHNAME_FORM,
  MAX_ENVELOPE_BYTES,
  MESSAGE_LIMITS,
  OUTBOX_DEFAULTS,
  REFUSALS,
  type RefusalFacts,
  RULE_LIMITS,
} from './messages/index.ts'
export type {
  GuestPosted,
  GuestPosts,
  Kept,
  Message,
  MessageDraft,
  MessageRefusal,
  MessageSecret,
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
export { type ClientAddress, UNKNOWN_CLIENT } from './network/client-address.ts'
export { CLIENT_CONNECTIONS_DEFAULTS, type ClientConnections } from './network/client-connections.ts'
export type { ClockStatus } from './network/clock.ts'
export type { IceServer } from './network/types.ts'
export type { PeerEvent, PeerListener } from './peer.ts'
export type { PeerStatus } from './peer-status.ts'
export { type AccountStore, checkRecord as checkAccountRecord } from './people/account/store.ts'
export { type Signer, signerOf } from './people/format/signed-form.ts'
export type { Stretch, StretchCost } from './people/format/stretch.ts'
export type { PeopleOptions } from './people/people-options.ts'
export type {
  Account,
  AccountChoice,
  Answer,
  Answers,
  CallContext,
  CallError,
  CallOptions,
  CallPolicy,
  Channel,
  Circle,
  ClaimOptions,
  Consent,
  Contact,
  Contacts,
  Handler,
  InputIssue,
  ModuleOptions,
  ModuleTypes,
  Paired,
  People,
  Person,
  Place,
  PresenceEvent,
  Query,
  Room,
  RoomOptions,
  Schema,
  SchemaResult,
  Target,
  Token,
  TokenOptions,
  Value,
} from './people/types.ts'
export type { Hold, Holder, HolderCounts } from './rendezvous/types.ts'
export { SHARE_SUBPROTOCOL } from './sharing/first/early-socket.ts'
export type { VisitListener, VisitPipe } from './sharing/first/visit.ts'
export type { SafePath } from './sharing/format/safe-path.ts'
export type { MadeOffer, MakeOfferOptions, OfferRule, Offers, PeerSharing, ReceivedOffer } from './sharing/offer-types.ts'
export type {
  DropBox,
  DropNews,
  DropOffer,
  DropRefusal,
  DropTerms,
  FetchEntryOptions,
  FetchShape,
  OfferOptions,
  OpenedBox,
  PushedFile,
  PushOptions,
  ReceivedShare,
  ReceiveShareOptions,
  ReceiveSubmissionOptions,
  SaveOptions,
  Share,
  ShareCode,
  ShareEntry,
  ShareItem,
  ShareOptions,
  ShareReceiver,
  ShareRules,
  ShareSpokenCode,
  ShareWay,
  Sharing,
  Submission,
  SubmissionSaver,
  SubmissionState,
} from './sharing/types.ts'
export type { AbortOptions, Key } from './types.ts'
