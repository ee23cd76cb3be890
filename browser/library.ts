/** `mayfly/browser`: presence, content and messages for other people's pages. A tab joins through a gateway, so at least one is needed. */

import {
  createPeer as createAnyPeer,
  MayflyError,
  type MessageSecret,
  type OutboxStore,
  type Peer,
  type PeerLimits,
  type PeerOptions,
} from '../node/index.ts'

export type {
  AbortOptions,
  BundleEntry,
  ContentSource,
  ContentStore,
  End,
  FetchedContent,
  HeldContent,
  Hold,
  Holder,
  Kept,
  Key,
  Link,
  LinkKey,
  Message,
  MessageDraft,
  MessageRefusal,
  MessageSecret,
  Messages,
  OpenedContent,
  OpenOptions,
  OutboxEntry,
  OutboxStore,
  Peer,
  PeerEvent,
  PeerLimits,
  PeerStatus,
  Posted,
  PostOptions,
  PostOutcome,
  Receipt,
  Rendezvous,
  SealOptions,
  Tap,
  TapOptions,
  TapRule,
  UnsealedContent,
  Unsealer,
} from '../node/index.ts'
export {
  blobSource,
  checkRules,
  createLinkKey,
  createMessageSecret,
  decodeBundle,
  decodeKeyCid,
  decodeKeyHex,
  decodeLink,
  decodeLinkKey,
  encodeBundle,
  encodeKeyBase32,
  encodeKeyCid,
  encodeKeyHex,
  encodeLink,
  encodeLinkKey,
  hashnameOf,
  isBundle,
  isKeyHex,
  isSealed,
  MayflyError,
  type MayflyErrorCode,
  mediaTypeOf,
  memorySource,
  openSealed,
  parseEnd,
  publicKeyOf,
  refusePath,
  sealSource,
  sha256,
} from '../node/index.ts'

export { type OutboxRecords, type OutboxRecordsOptions, openOutboxRecords } from './peer/outbox-records.ts'

export interface TabPeerOptions {
  /** URLs of gateways to join through, for instance `https://pages.example`. The peer retries them as long as it runs. */
  gateway: string | string[]
  /** The private key, in libp2p's protobuf encoding. Default: a new Ed25519 key. */
  privateKey?: Uint8Array
  limits?: Partial<PeerLimits>
  /** The secret of this page's messages, 32 bytes that it stores; `createMessageSecret()` makes one. Default: the key of `privateKey`. */
  messageSecret?: MessageSecret
  /** The store of unsent messages. `await openOutboxRecords()` keeps them over a reload. Default: in memory. */
  outboxStore?: OutboxStore
  /**
   * Sends content larger than one piece from tab to tab, instead of through the gateway's node. Install @libp2p/webrtc, and pass
   * `webRTC({ rtcConfiguration: { iceServers: [] } })`. Without STUN or TURN servers, tabs find each other only within one network.
   */
  webRTC?: NonNullable<PeerOptions['webRTC']>
}

/**
 * Creates the peer of this tab. Call `start()` on it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, when there is no gateway
 */
export async function createPeer({ gateway, ...options }: TabPeerOptions): Promise<Peer> {
  const join = [gateway].flat().filter((address) => address !== '')
  if (join.length === 0) throw new MayflyError('ERR_BAD_OPTION', 'Cannot create a tab peer: `gateway` must contain at least one URL')
  return createAnyPeer({ ...options, role: 'tab', join })
}
