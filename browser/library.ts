/** `mayfly/browser`: presence, content and messages for other people's pages. A tab joins through a gateway, so at least one is needed. */

import { type AccountStore, MayflyError, type ModuleTypes, type Peer, type PeerOptions } from '../node/index.ts'
import { type Read, readAnyObject, readInteger, readObject, readOneOrMore, readOptions, readText } from '../node/library/arguments.ts'
import { createTab } from '../node/library/create-tab.ts'
import { PEER_OPTION_READERS } from '../node/library/peer-options.ts'
import { readAddress } from '../node/library/values.ts'
import type { AccountRecordsOptions } from './peer/account-records.ts'
import { type OutboxRecords, type OutboxRecordsOptions, openOutboxRecords as openRecords } from './peer/outbox-records.ts'

export type {
  AbortOptions,
  Account,
  AccountChoice,
  AccountStore,
  Answer,
  Answers,
  BundleEntry,
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
  ContentSource,
  ContentStore,
  DropBox,
  DropNews,
  DropOffer,
  DropRefusal,
  DropTerms,
  End,
  FetchedContent,
  FetchShape,
  Handler,
  HeldContent,
  Hold,
  Holder,
  InputIssue,
  Kept,
  Key,
  Link,
  LinkKey,
  Message,
  MessageDraft,
  MessageRefusal,
  MessageSecret,
  Messages,
  ModuleOptions,
  ModuleTypes,
  OpenedBox,
  OpenedContent,
  OpenOptions,
  OutboxEntry,
  OutboxStore,
  Paired,
  Peer,
  PeerEvent,
  PeerLimits,
  PeerStatus,
  People,
  PeopleOptions,
  Person,
  Place,
  Posted,
  PostOptions,
  PostOutcome,
  PresenceEvent,
  Query,
  Receipt,
  ReceivedShare,
  Rendezvous,
  Room,
  RoomOptions,
  SaveOptions,
  Schema,
  SchemaResult,
  SealOptions,
  Share,
  ShareCode,
  ShareEntry,
  ShareItem,
  ShareReceiver,
  ShareRules,
  ShareSpokenCode,
  Sharing,
  Submission,
  SubmissionSaver,
  SubmissionState,
  Tap,
  TapOptions,
  TapRule,
  Target,
  Token,
  TokenOptions,
  UnsealedContent,
  Unsealer,
  Value,
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

export type { AccountRecordsOptions } from './peer/account-records.ts'
export type { OutboxRecords, OutboxRecordsOptions } from './peer/outbox-records.ts'

export interface TabPeerOptions
  extends Pick<PeerOptions, 'content' | 'people' | 'sharing' | 'privateKey' | 'limits' | 'messageSecret' | 'outboxStore'> {
  /** URLs of gateways to join through, for instance `https://pages.example`, one or more. The peer retries them as long as it runs. */
  gateway: string | URL | readonly (string | URL)[]
  /**
   * Sends content larger than one piece from tab to tab, instead of through the gateway's node. Install @libp2p/webrtc, and pass
   * `webRTC({ rtcConfiguration: { iceServers: [] } })`. Without STUN or TURN servers, tabs find each other only within one network.
   */
  webRTC?: NonNullable<PeerOptions['webRTC']>
}

const { content, sharing, privateKey, limits, messageSecret, outboxStore, webRTC } = PEER_OPTION_READERS
/** `completePeopleOptions` reads the object's members: it comes with the code of people. */
const readPeople: Read<NonNullable<TabPeerOptions['people']>> = (value, what) =>
  typeof value === 'boolean' ? value : readAnyObject(value, what)
const readTabPeerOptions: Read<Omit<TabPeerOptions, 'gateway' | 'messageSecret'> & { gateway: string[]; messageSecret?: Uint8Array }> =
  readObject(
    { gateway: readOneOrMore(readAddress), content, people: readPeople, sharing, privateKey, limits, messageSecret, outboxStore, webRTC },
    ['gateway'],
  )

/**
 * Creates the peer of this tab. Call `start()` on it.
 *
 * @throws {MayflyError} ERR_BAD_OPTION, when there is no gateway, or for another wrong option
 */
export async function createPeer<Modules extends ModuleTypes = ModuleTypes>(options: TabPeerOptions): Promise<Peer<Modules>> {
  const { gateway, ...rest } = readTabPeerOptions(options, 'createPeer')
  if (gateway.length === 0) throw new MayflyError('ERR_BAD_OPTION', 'createPeer.gateway: expected at least one URL of a gateway')
  if (!rest.people) return createTab({ ...rest, join: gateway })
  const { completePeopleOptions } = await import('./peer/people-defaults.ts')
  const people = await completePeopleOptions(rest.people === true ? {} : rest.people)
  return createTab({ ...rest, people, join: gateway })
}

const readRecordsOptions = readOptions<OutboxRecordsOptions>({ name: readText, maxPublicKeys: readInteger })

/** For `createPeer({ outboxStore })`. @throws {MayflyError} ERR_BAD_OPTION @throws DOMException, when the browser gives this page no storage */
export async function openOutboxRecords(options?: OutboxRecordsOptions): Promise<OutboxRecords> {
  return openRecords(readRecordsOptions(options, 'openOutboxRecords: options'))
}

const readAccountOptions = readOptions<AccountRecordsOptions>({ name: readText })

/**
 * The store of an account, for `createPeer({ people: { store } })`; `people: true` opens the one without a name.
 *
 * @throws {MayflyError} ERR_BAD_OPTION; ERR_NO_CRYPTO: by plain http from another machine; ERR_NOT_STORED: the browser gives this page no storage
 */
export async function openAccountRecords(options?: AccountRecordsOptions): Promise<AccountStore> {
  const read = readAccountOptions(options, 'openAccountRecords: options')
  return (await import('./peer/account-records.ts')).openAccountRecords(read)
}
