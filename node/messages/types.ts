/** The face of messages. */

import type { AbortOptions, Key } from '../types.ts'
import type { MessageRefusal } from './format/refusals.ts'

export type { MessageRefusal } from './format/refusals.ts'

/** An Ed25519 seed, 32 bytes: the secret of who sends or receives messages. Its public key's SHA-256 is the hashname. */
export type MessageSecret = Uint8Array

/** A message, as its author wrote it. */
export interface MessageDraft {
  /** Text travels as UTF-8. A body over `maxMessageBytes` is held as content, and the message carries its link. */
  body: string | Uint8Array
  /** The body's media type; `text/plain` for text and `application/octet-stream` for bytes when left out. */
  type?: string
  /**
   * Fields that rules of taps can test besides; names and values are short texts. Known names: `re` (the id of the message that this one answers, hex),
   * `via` (the gateway that signed it for somebody), `link` (where a large body is).
   */
  fields?: Readonly<Record<string, string>>
  /** How long it is worth delivering, in ms. */
  ttlMs?: number
}

/** A message that was received: its signature, its times and, when it was sealed, its seal were right. */
export interface Message {
  /** The SHA-256 of its signed bytes: the same message has the same id, for ever and everywhere. */
  id: Key
  /** The sender's Ed25519 public key; its SHA-256 is the sender's hashname, to which an answer can be sent. */
  from: Uint8Array
  /** The key of the end that it was sent to. */
  to: Key
  sentAtMs: number
  expiresAtMs: number
  /** True when its body was readable to this receiver alone. */
  isSealed: boolean
  type: string
  fields: Readonly<Record<string, string>>
  body: Uint8Array
  /** As it travelled: signed bytes and signature. */
  envelope: Uint8Array
}

/** A receiver's signed word that it has stored messages; sent after its durable commit. */
export interface Receipt {
  /** The receiver's public key. */
  receiver: Uint8Array
  /** Of the messages that it stored, one or more. */
  ids: Key[]
  storedAtMs: number
  /** As it travelled. */
  bytes: Uint8Array
}

/** Outcome of a posted message, as far as it is known. */
export type PostOutcome =
  /** At least one receiver has it on its disk. */
  | { state: 'stored'; receipts: Receipt[] }
  /** Of an open end: so many listened, and none of them stores. */
  | { state: 'heard'; taps: number }
  /**
   * Not there yet: so many record nodes keep it (0: only this peer's outbox does) until then; the outbox goes on trying. `reason`: why the
   * last try came no further, when somebody refused it for a while.
   */
  | { state: 'queued'; nodes: number; untilMs: number; reason?: MessageRefusal }
  | { state: 'refused'; reason: MessageRefusal; retryAfterMs?: number }
  /** Its time is over, and nobody is known to have stored it. */
  | { state: 'expired' }

export interface Posted {
  /** All zero when nothing was signed: nobody who could be asked knows the receiver's public key, or this node's clock is too far off. */
  id: Key
  outcome: PostOutcome
}

/** One test of a field: of what a message says in clear. `from`, `type` and `body` count as fields. */
export interface TapRule {
  /** Each named field has exactly this value. `from` is a hashname, `body` text. */
  is?: Readonly<Record<string, string>>
  /** Each named field is there. */
  has?: readonly string[]
}

/** A receiver's answer about a message: stored durably, before or now; or why not. */
export type Kept = 'stored' | MessageRefusal

export interface TapOptions extends AbortOptions {
  /** Messages that pass any of the rules are heard; all when left out. A sealed message has no field to test but `from`. */
  rules?: readonly TapRule[]
  /** Signs the receipts and, for a hashname, proves it; this peer's own when left out. */
  secret?: MessageSecret
  /**
   * Stores messages, durably: those that it answers 'stored' for are receipted to their senders. A message may come again after a
   * restart or a lost receipt; it is 'stored' then too, and must be there once. Without it the tap only listens.
   */
  keep?(messages: Message[]): Promise<Kept[]>
}

/**
 * Being there for an end. Iterating yields each message once, after it was kept, while somebody iterates; a slow reader loses the oldest
 * over `maxUnread`.
 */
export interface Tap extends AsyncIterable<Message> {
  /** `#name` or a hashname. */
  readonly end: string
  /** Resolves once others can find it, or after a short while when there is nobody to tell. Rejects when the tap is refused. */
  readonly ready: Promise<void>
  /** May be called twice. */
  close(): Promise<void>
}

export interface PostOptions extends AbortOptions {
  /** The sender's secret; this peer's own when left out. */
  secret?: MessageSecret
  /** How long to wait for a receipt before the outcome is 'queued', in ms from the call on. The outbox goes on all the same. */
  waitMs?: number
  /** Told its id once it is in the outbox, before what became of it: also of a post that is aborted after that. */
  onKept?(id: Key): void
}

/** A message in the outbox: on its way, or what became of it. */
export interface OutboxEntry {
  id: Key
  /** `#name` or a hashname. */
  end: string
  envelope: Uint8Array
  createdAtMs: number
  expiresAtMs: number
  /** Tries so far, and when the next one is due. */
  tries: number
  nextTryAtMs: number
  /** Somebody tries it, until then at the latest; nobody else who shares the store does meanwhile. 0 or past: nobody. */
  claimedUntilMs: number
  /** Undefined before the first try ended. A 'queued' one, and one refused for a while, is tried again. */
  outcome: PostOutcome | undefined
  /** True when nothing more will be done for it. */
  isDone: boolean
}

/** Entries that wait in an outbox. */
export interface OutboxLoad {
  /** Entries that are not done, and the sum of their envelopes in bytes. */
  waiting: number
  bytes: number
}

/**
 * Where an outbox is kept. A resolved write is there after a crash of the process, and after one of the machine, too, unless it is a `change`.
 * Several may share one: a running node and short commands, tabs of one browser.
 */
export interface OutboxStore {
  /** A new entry. One with the same id that is there already stays as it is. */
  put(entry: OutboxEntry): Promise<void>
  /**
   * Changes an entry in one step that nobody else who shares the store can come between. `change` is called with the entry, and answers what shall
   * be instead, or undefined to leave it. It may be called first with the entry as it was once, and then with what is there: the last call counts.
   * Of an entry that was removed, the last call may have been for what it was, and nothing is changed. When the machine itself fails, the last
   * changes may be lost: what became of a message is found out once more.
   *
   * @returns what is there now when it was changed, undefined when it was not
   */
  change(id: Key, change: (entry: OutboxEntry) => OutboxEntry | undefined): Promise<OutboxEntry | undefined>
  get(id: Key): Promise<OutboxEntry | undefined>
  /** Those that are not done, the next due first. */
  waiting(limit: number): Promise<OutboxEntry[]>
  /** The newest first. */
  list(limit: number): Promise<OutboxEntry[]>
  remove(id: Key): Promise<void>
  /** Forgets what is done and was made before that time, or is older than the newest `maxDone` that are done; says what waits. */
  prune(doneBeforeMs: number, maxDone: number): Promise<OutboxLoad>
  /** The public key of a hashname that was met once: what is sealed for it needs no more asking. */
  publicKey(end: Key): Promise<Uint8Array | undefined>
  putPublicKey(end: Key, publicKey: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Messages to ends: `#name`, which anybody may tap, and hashnames, which one receiver proves. */
export interface Messages {
  /** This peer's own address: 52 base32 characters. */
  readonly hashname: string
  /**
   * Signs a message (and seals it, for a hashname), puts it in the outbox, sends it meanwhile, and resolves with what became of it once it is
   * in the outbox. The outbox goes on until it is stored, refused for good, or expired. A message that cannot be written there is sent once; `post` rejects
   * with the store's error then, unless nothing more can become of the message.
   *
   * @throws {MayflyError} ERR_BAD_END, ERR_BAD_MESSAGE (a form or a size), ERR_LIMIT (the outbox is full), ERR_NOT_STARTED, ERR_NO_CRYPTO
   * @throws signal.reason, when aborted
   */
  post(end: string, draft: MessageDraft, options?: PostOptions): Promise<Posted>
  /**
   * Listens at an end, or receives.
   *
   * @throws {MayflyError} ERR_BAD_END, ERR_BAD_RULE, ERR_LIMIT, ERR_NOT_STARTED, ERR_WRONG_KEY (the secret is another hashname's)
   */
  tap(end: string, options?: TapOptions): Tap
  /** The newest first. */
  outbox(limit?: number): Promise<OutboxEntry[]>
  /** One entry, on its way or done; undefined once what became of it is forgotten. */
  entry(id: Key): Promise<OutboxEntry | undefined>
  /** Gives up on a message, or forgets what became of it. True when there was one. */
  forget(id: Key): Promise<boolean>
  /** Hears each change of an outbox entry. Returns the function that ends it. */
  onOutbox(listener: (entry: OutboxEntry) => void): () => void
  /** For a node's gateway; undefined for a tab. */
  readonly guests: GuestPosts | undefined
}

/** How far a message came that a node has taken for its sender: the node's report, and the statements of receivers as they travel. */
export interface GuestPosted {
  /** Taps that get it, and those of them that store. */
  taps: number
  keepers: number
  /** Record nodes that keep it, and until when, in ms since the epoch; 0 and 0 for none. */
  nodes: number
  untilMs: number
  refusal: { reason: MessageRefusal; retryAfterMs: number } | undefined
  receipts: readonly Uint8Array[]
  declines: readonly Uint8Array[]
}

/** A node's service for messages of senders that have no peer: what a home does for its tabs. */
export interface GuestPosts {
  /** The network's time, in ms since the epoch. */
  now(): number
  /**
   * Brings a signed message to its end, and waits for what becomes of it, for some seconds at most.
   *
   * @param options `client`: who hands it in, and whose rate it counts for
   * @throws signal.reason, when aborted
   */
  post(envelope: Uint8Array, options: Required<AbortOptions> & { client: string }): Promise<GuestPosted>
  /**
   * The public key of a hashname; undefined when nobody who was asked knows it.
   *
   * @throws {MayflyError} ERR_LIMIT, when too many are searched for
   * @throws signal.reason, when aborted
   */
  findPublicKey(end: Key, options: Required<AbortOptions>): Promise<Uint8Array | undefined>
}

/** Limits of messages at this peer, from its own user and from others. */
export interface MessageLimits {
  /** The largest body of a message, in bytes; what is larger is held as content. */
  maxMessageBytes: number
  /** Ends that one connected peer (a tab) may tap here, and this peer itself. */
  maxTapsPerPeer: number
  /** Taps of tabs in all. */
  maxTaps: number
  /** Mail kept in memory for absent receivers, in bytes, in all; when it is full, mail for receivers that were never here goes first. */
  maxMailBytes: number
  /** Mail kept for one end, in bytes. */
  maxMailBytesPerEnd: number
  /** Mail kept of one sender, in bytes. */
  maxMailBytesPerSender: number
  /** Messages of one sender passed on here at once, before `messagesPerSecond` applies; each 4 KiB count as one more. */
  messageBurst: number
  /** Messages of one sender passed on here, per second. */
  messagesPerSecond: number
}

/** Events of messages. Ids are hex. */
export type MessageEvent =
  /** A message of ours, each time that what became of it changes; `id` is hex. */
  | { type: 'posted'; id: string; end: string; state: PostOutcome['state'] }
  /** A message was passed on to a tap of this peer. */
  | { type: 'message'; id: string; end: string; from: string }
