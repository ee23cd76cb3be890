/** `mayfly/browser`: presence, content and messages for other people's pages. A tab joins through a gateway, so it must name at least one. */

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
  decodeLinkKey,
  encodeBundle,
  encodeKeyBase32,
  encodeKeyCid,
  encodeKeyHex,
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
  /** URLs of gateways to join through, for instance `https://pages.example`; they are tried again for as long as the peer runs. */
  gateway: string | string[]
  /** The private key, as libp2p's protobuf bytes; a new Ed25519 key when left out. */
  privateKey?: Uint8Array
  limits?: Partial<PeerLimits>
  /** Who this page's messages are from, 32 bytes that it keeps; the key of `privateKey` when left out. `createMessageSecret()` makes one. */
  messageSecret?: MessageSecret
  /** Where messages wait that are not stored yet: `await openOutboxRecords()` keeps them over a reload. In memory when left out. */
  outboxStore?: OutboxStore
  /**
   * Content that is larger than one piece then goes from tab to tab, not through the gateway's node. Install @libp2p/webrtc for it, and
   * pass `webRTC({ rtcConfiguration: { iceServers: [] } })`; without STUN or TURN servers tabs find each other within one network.
   */
  webRTC?: NonNullable<PeerOptions['webRTC']>
}

/**
 * Makes the peer of this tab. Call `start()` on it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, when no gateway is named
 */
export async function createPeer({ gateway, ...options }: TabPeerOptions): Promise<Peer> {
  const join = [gateway].flat().filter((address) => address !== '')
  if (join.length === 0) throw new MayflyError('ERR_BAD_OPTION', 'Cannot make a tab peer: `gateway` must name at least one gateway URL')
  return createAnyPeer({ ...options, role: 'tab', join })
}
