/** The nouns that the parts of a peer share, and the face a whole peer shows. Imports nothing local. */

/** A key is a SHA-256: 32 bytes, raw, never hex inside the program. */
export type Key = Uint8Array

export interface AbortOptions {
  signal?: AbortSignal
}

/** A peer that holds a key now, as a find met it. Peer ids and multiaddrs are in their text forms. */
export interface Holder {
  /** Who holds it. */
  peer: string
  /** The node to ask for it: the holder's home, or the holder itself when it is a node. */
  home: string
  /** Where the home can be dialled, as far as the answer told. */
  addresses: string[]
  /** Until when the holder's word is good, in ms since the epoch. */
  expiresAtMs: number
  /** True when the holder signed a lease; false for the record of a stock kad-dht peer, which nobody signed. */
  signed: boolean
}

/** Being there for a key. It ends with `release()`, or when this peer leaves. */
export interface Hold {
  readonly key: Key
  /**
   * Resolves once somebody who keeps records has taken this peer's word, so that others find it; at once when this peer keeps the
   * record itself, and when it is released before. Never rejects; does not resolve while there is no way into the overlay.
   */
  readonly announced: Promise<void>
  /** Says that this peer is no longer there. Resolves once the record nodes that can be reached were told; may be called twice. */
  release(): Promise<void>
}

/** Who is here for a key: the one mechanism for presence. */
export interface Rendezvous {
  /**
   * Announces that this peer is here for the key, until it is released or the peer stops. Holding a key twice is one hold
   * with two owners: it ends when both have released it.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT
   */
  hold(key: Key): Hold
  /**
   * Yields each peer that holds the key, once, in the order they are met. Breaking out of the loop ends the search; the
   * search widens only while the caller keeps asking.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_NO_NETWORK
   * @throws signal.reason, when aborted
   * @see https://github.com/libp2p/specs/blob/master/kad-dht/README.md (content provider discovery)
   */
  find(key: Key, options?: AbortOptions): AsyncIterable<Holder>
  /**
   * Yields how many peers hold the key: at once, and again after each change. Slow readers see only the newest number.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  watch(key: Key, options?: AbortOptions): AsyncIterable<number>
}

/** Verified content: its SHA-256 is the key that was asked for. */
export interface FetchedContent {
  key: Key
  bytes: Uint8Array
  /** The peer id that gave the bytes: a holder's home, this peer itself, or (in a tab) its home. */
  from: string
}

export interface HeldContent {
  key: Key
  /** In bytes. */
  size: number
  /** The SHA-256 of the outline, for content that is larger than one piece: a link that carries it can be read from anywhere. */
  outline?: Key
}

/** Bytes that a holder has and does not copy: memory, a Blob, a file. */
export interface ContentSource {
  /** In bytes. */
  readonly size: number
  /**
   * @throws signal.reason, when aborted
   * @throws when the bytes are no longer those that were there at first
   */
  read(offset: number, length: number, options?: AbortOptions): Promise<Uint8Array>
  /** Lets go of what is behind it. */
  close?(): Promise<void>
}

export interface OpenOptions extends AbortOptions {
  /** The SHA-256 of the outline, from the link. With it every byte is checked before it is given, from anywhere in the content. */
  outline?: Key
}

/** Content of any size, being read. */
export interface OpenedContent {
  readonly key: Key
  /** In bytes. While `isTrusted` is false: as the holder says. */
  readonly size: number
  readonly outline?: Key
  /** Of content that is larger than one piece: the size of each piece but the last, and the SHA-256 of each, one after the other. */
  readonly pieces?: { readonly bytes: number; readonly hashes: Uint8Array }
  /**
   * True when any part can be read by itself. False while the outline is only a holder's word: then the whole is read from the start,
   * and its last piece is held back until the whole has the right SHA-256.
   */
  readonly isTrusted: boolean
  /** Who gave the first of it; see `FetchedContent.from`. */
  readonly from: string
  /**
   * Yields checked bytes, in order, from several holders at once, no faster than they are taken. Breaking out ends the fetch.
   *
   * @throws {MayflyError} ERR_UNAVAILABLE when nobody gives the right bytes any more, ERR_UNTRUSTED for a part of what is not trusted
   * @throws signal.reason, when aborted
   */
  read(part?: { offset: number; length: number }, options?: AbortOptions): AsyncIterable<Uint8Array>
}

/** A piece of content that is larger than one. */
export interface PieceAddress {
  key: Key
  /** The SHA-256 of the outline. */
  outline: Key
  /** Its place in the content, from 0. */
  index: number
}

/** One piece, as it is asked for. */
export interface WantedPiece extends PieceAddress {
  /** Where it begins in the content, in bytes. */
  offset: number
  /** In bytes. */
  size: number
}

export interface FetchPieceOptions {
  signal: AbortSignal
  /** How long nothing may arrive, in ms. */
  stallMs: number
  /** 'node': only what the node or its tabs hold. 'anybody': what it can find, as a tab asks of its home. */
  from: 'node' | 'anybody'
}

/**
 * Another way to a node's pieces than a stream of the overlay: plain HTTP, without the cost of encrypting what anybody may have.
 *
 * @param origin where the node's gateway is, such as `http://192.0.2.1:4000`
 * @returns as many bytes as asked for, unchecked; undefined when there is nothing to be had this way
 * @throws signal.reason, when aborted
 */
export type FetchPiece = (origin: string, piece: WantedPiece, options: FetchPieceOptions) => Promise<Uint8Array | undefined>

/** Where the pieces of content go that is received: any order, each once, each right by the outline. */
export interface PieceStore {
  /** Those that are there already: a bit for each piece, the first in the highest bit of the first byte. */
  readonly have: Uint8Array
  /** The bytes are the store's from then on. The piece counts, and is given on, once this has resolved. */
  write(index: number, bytes: Uint8Array): Promise<void>
  read(index: number): Promise<Uint8Array>
}

export interface ReceiveOptions extends AbortOptions {
  /** The SHA-256 of the outline. */
  outline: Key
  store: PieceStore
  /** Reads what the store says that it has, and fetches again what is wrong. Otherwise it is taken at its word. */
  isDoubtful?: boolean
  /** Hears of each piece that was written, and its size in bytes. */
  onPiece?(index: number, bytes: number): void
  /** Hears true when nobody is there who could give what is missing, and false when it goes on. */
  onWaiting?(isWaiting: boolean): void
}

/** Content on its way into a store. */
export interface Receiving {
  /**
   * Resolves when all pieces are in the store. The whole is for the caller to check: the outline may not be of this key.
   *
   * @throws what the store throws
   * @throws {MayflyError} ERR_UNAVAILABLE when the outline has another number of pieces than the store
   * @throws signal.reason, when aborted
   */
  readonly complete: Promise<void>
  /** Nothing is fetched, written or given on any more once this has resolved. May be called twice. */
  end(): Promise<void>
}

/** Content by its hash. */
export interface ContentStore {
  /**
   * Serves the content to whoever asks, and holds its key. Bytes are kept in memory; a source is read once to know its key, and then
   * as it is asked for. Resolves once others can find it, or after a short while when there is nobody to tell.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_TOO_LARGE (over `maxContentBytes`), ERR_LIMIT (the store is full)
   * @throws signal.reason, when aborted
   */
  hold(content: Uint8Array | ContentSource, options?: AbortOptions): Promise<HeldContent>
  /** Stops holding. True when the content was held. */
  release(key: Key): Promise<boolean>
  /** What this peer itself holds, newest last. */
  held(): HeldContent[]
  /**
   * Gets the bytes from whoever holds them now and checks them before returning; wrong bytes are never returned. For content that
   * fits in one piece (`maxPieceBytes`); larger content is read with `open`.
   *
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE, ERR_TOO_LARGE, ERR_NOT_STARTED
   * @throws signal.reason, when aborted
   */
  get(key: Key, options?: AbortOptions): Promise<FetchedContent>
  /**
   * Finds who holds the content and gets ready to read it, whatever its size.
   *
   * @throws {MayflyError} as `get`
   */
  open(key: Key, options?: OpenOptions): Promise<OpenedContent>
  /**
   * One piece of what this peer holds, or a tab whose home it is: what any other peer may ask for.
   *
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_UNAVAILABLE, ERR_NOT_STARTED
   * @throws signal.reason, when aborted
   */
  givePiece(piece: PieceAddress, options?: AbortOptions): Promise<Uint8Array>
  /** True when `open` need ask nobody: it is held here, or its outline is in memory while somebody holds it. */
  knows(key: Key, outline?: Key): boolean
  /**
   * Fetches all pieces that the store lacks, from many at once and in any order, and gives on to others what has come; it goes on doing
   * so when it is complete, until it is ended or the same content is held. While nobody has what is missing it waits.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT (it is being received already)
   */
  receive(key: Key, options: ReceiveOptions): Receiving
  /** True when `get` would be answered from this peer's own memory: it holds the content, or keeps it while others hold it. */
  has(key: Key): boolean
}

/** An Ed25519 seed, 32 bytes: the secret of who sends or receives messages. Its public key's SHA-256 is the hashname. */
export type MessageSecret = Uint8Array

/** A message, as its author wrote it. */
export interface MessageDraft {
  /** Text travels as UTF-8. What is over `maxMessageBytes` is held as content, and the message carries its link. */
  body: string | Uint8Array
  /** The body's media type; `text/plain` for text and `application/octet-stream` for bytes when left out. */
  type?: string
  /**
   * What taps can ask for besides; names and values are short texts. Known names: `re` (the id of the message that this one answers, hex),
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

/** Why a message is not taken; each has a number on the wire (node/messages/WIRE.md). */
export type MessageRefusal =
  /** Not an envelope, or over a limit of its form. */
  | 'malformed'
  /** Not signed by who it says it is from, or not sealed for this receiver. */
  | 'forged'
  /** Sent in the future: the clocks differ too much. */
  | 'clock'
  /** Its time is over. */
  | 'expired'
  /** The sender sends more than it may; again later. */
  | 'sender-rate'
  /** As much mail of this sender is kept as may be; again later. */
  | 'sender-share'
  /** As much mail is kept for this end as may be; again later. */
  | 'end-full'
  /** No room for anybody's; again later. */
  | 'full'
  /** The receiver takes messages from senders that it knows, and from nobody else. */
  | 'unknown-sender'
  /** The receiver does not want this sender's messages. */
  | 'muted'
  /** The receiver cannot store now; what it has it keeps. Again later. */
  | 'not-stored'
  /** The receiver's public key is known to nobody who could be asked, so nothing can be sealed for it. Again later. */
  | 'unknown-receiver'
  /** Nobody could be asked; again later. */
  | 'no-network'

/** What became of a message that was posted, as far as it is known. */
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
  /** All zero when nothing could be signed: the receiver's public key is known to nobody who could be asked. */
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

/** What a receiver did with a message: stored it, durably, before or now; or why not. */
export type Kept = 'stored' | MessageRefusal

export interface TapOptions extends AbortOptions {
  /** Messages that pass any of the rules are heard; all when left out. What is sealed has no fields to test but `from`. */
  rules?: readonly TapRule[]
  /** Whose receipts these are and, for a hashname, the secret that proves it; this peer's own when left out. */
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
  /** Who it is from; this peer's own when left out. */
  secret?: MessageSecret
  /** How long to wait for a receipt before the outcome is 'queued', in ms. The outbox goes on all the same. */
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

/** What waits in an outbox. */
export interface OutboxLoad {
  /** Entries that are not done, and the sum of their envelopes in bytes. */
  waiting: number
  bytes: number
}

/**
 * Where an outbox is kept. What resolves is durable: it is there after a crash. Several may share one: a running node and short commands,
 * tabs of one browser.
 */
export interface OutboxStore {
  /** A new entry. One with the same id that is there already stays as it is. */
  put(entry: OutboxEntry): Promise<void>
  /**
   * Changes an entry in one step that nobody else who shares the store can come between. `change` is called at once with what is there and
   * answers what shall be instead, or undefined to leave it; of an entry that is not there it is not asked. When the machine itself fails,
   * the last changes may be lost: what became of a message is found out once more.
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
   * in the outbox. The outbox goes on until it is stored, refused for good, or expired. What cannot be written there is sent once; it rejects
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
  /** Gives up on a message, or forgets what became of it. True when there was one. */
  forget(id: Key): Promise<boolean>
  /** Hears each change of an outbox entry. Returns the function that ends it. */
  onOutbox(listener: (entry: OutboxEntry) => void): () => void
}

/** A message in an inbox: a receiver's database. */
export interface InboxMessage {
  /** Its place in the order of arrival, from 1: unique, rising, never used again. */
  sequence: number
  /** Hex. */
  id: string
  /** `#name` or a hashname. */
  end: string
  /** The sender's hashname. */
  from: string
  /** The name that the receiver's owner gave the sender. */
  name?: string
  sentAtMs: number
  storedAtMs: number
  isSealed: boolean
  type: string
  fields: Readonly<Record<string, string>>
  body: Uint8Array
}

export interface InboxQuery {
  /** Only of this end. */
  end?: string
  /** Only what arrived after this sequence. */
  after?: number
  /** Only what arrived before this sequence. */
  before?: number
  /** Only what was stored at or after this time, in ms since the epoch. */
  sinceMs?: number
  /** Only with these words in body, type or sender's name. */
  search?: string
  limit: number
  /** 'newest': a page of the view; 'oldest': a stream from `after` on. */
  first: 'newest' | 'oldest'
}

export interface InboxEnd {
  /** `#name` or a hashname. */
  end: string
  messages: number
}

/** Who may write to a receiver. */
export type InboxPolicy = 'open' | 'known'

/** A receiver's messages, for its view. */
export interface Inbox {
  /** The receiver's hashname. */
  readonly hashname: string
  /** The ends that it receives, its own hashname first. */
  ends(): InboxEnd[]
  messages(query: InboxQuery): InboxMessage[]
  /** One message, by its sequence or its id (hex). */
  message(which: number | string): InboxMessage | undefined
  /** Hears each message after it is stored, in the order of their sequence. */
  onMessage(listener: (message: InboxMessage) => void): () => void
  /** Posts in the receiver's name; see `Messages.post`. */
  post(end: string, draft: MessageDraft, options?: PostOptions): Promise<Posted>
  /** Names a sender, makes it unnamed (''), and mutes it or not. A named sender is a known one. */
  setSender(hashname: string, change: { name?: string; isMuted?: boolean }): void
  senders(): { hashname: string; name: string; isMuted: boolean }[]
  readonly policy: InboxPolicy
}

/** What happens in a peer, for a console or a log. Keys are hex, peers are peer ids in text form. */
export type PeerEvent =
  | { type: 'joined'; peer: string }
  | { type: 'left'; peer: string; reason: string }
  | { type: 'join-failed'; address: string; reason: string; retryInMs: number }
  | { type: 'hold'; key: string; size: number }
  | { type: 'release'; key: string }
  /** Content or a piece of it was given; `isDirect`: from this tab to another, not through a node. */
  | { type: 'served'; key: string; bytes: number; to: string; isDirect: boolean }
  /** Content that travels whole, or an outline, has come and is right. */
  | { type: 'fetched'; key: string; bytes: number; from: string; ms: number }
  /** A piece of larger content has come and is right. */
  | { type: 'received'; key: string; bytes: number; from: string; isDirect: boolean }
  /** A holder gave wrong, short, endless or no bytes. It is passed over. */
  | { type: 'bad-holder'; key: string; peer: string; home: string; reason: string }
  /** Something was refused to another peer, or by one to us. */
  | { type: 'refused'; peer: string; reason: string }
  /** A message of ours, each time that what became of it changes; `id` is hex. */
  | { type: 'posted'; id: string; end: string; state: PostOutcome['state'] }
  /** A message was passed on to a tap of this peer. */
  | { type: 'message'; id: string; end: string; from: string }

/** A server that helps tabs to connect directly, as browsers take it. @see https://www.w3.org/TR/webrtc/#dom-rtciceserver */
export interface IceServer {
  urls: string
  username?: string
  credential?: string
}

export interface PeerLimits {
  /** The largest content that can be held or fetched, in bytes. */
  maxContentBytes: number
  /** The largest content that travels whole, in bytes; larger content comes in pieces. */
  maxPieceBytes: number
  /** The sum of the contents that this peer holds, in bytes. */
  maxHeldBytes: number
  /** How many contents this peer holds at once. */
  maxHeldContents: number
  /** Memory for content that is not held here but asked for often, in bytes; 0 turns the cache off. */
  maxCacheBytes: number
  /** Content that one other peer may take from here, in bytes per second; 0: as fast as it goes. */
  maxPeerBytesPerSecond: number
  /** Leases that one connected peer (a tab) may have here. */
  maxLeasesPerPeer: number
  /** Leases that one other node may pass on to this record node for its tabs and itself. */
  maxLeasesPerHome: number
  /** Holders recorded for one key. */
  maxRecordsPerKey: number
  /** Holders recorded in all. */
  maxRecords: number
  /** Keys that one connected peer may watch here. */
  maxWatchesPerPeer: number
  /** Keys watched here in all. */
  maxWatches: number
  /** Holders in the answer to one find. */
  maxHoldersPerAnswer: number
  /** Connections in all. */
  maxConnections: number
  /** The largest body of a message, in bytes; what is larger is held as content. */
  maxMessageBytes: number
  /** Ends that one connected peer (a tab) may tap here, and this peer itself. */
  maxTapsPerPeer: number
  /** Taps of tabs in all. */
  maxTaps: number
  /** Mail kept in memory for absent receivers, in bytes: in all, for one end, and of one sender. */
  maxMailBytes: number
  maxMailBytesPerEnd: number
  maxMailBytesPerSender: number
  /** Messages of one sender passed on here: so many at once, and so many per second. */
  messageBurst: number
  messagesPerSecond: number
}

export interface PeerStatus {
  /** Peer id. */
  id: string
  role: 'node' | 'tab'
  /** Multiaddrs at which others can dial this peer, peer id included; empty for a tab. */
  addresses: string[]
  /** True while there is at least one connection into the overlay (a node that joins nobody counts as joined). */
  joined: boolean
  /** A tab's home, once it has one. */
  home?: string
  startedAtMs: number
  counts: {
    connections: number
    /** DHT servers in the routing table. */
    servers: number
    /** Contents this peer holds itself. */
    held: number
    heldBytes: number
    /** Tabs whose home is here. */
    tabs: number
    /** Leases of this node's tabs and of its own. */
    leases: number
    /** Holders this node records for the whole overlay. */
    records: number
    watches: number
    cacheBytes: number
    /** Content bytes given to others, and taken from others, since the start. */
    bytesServed: number
    bytesFetched: number
    /** What went over a node's port since the start, in bytes: everything, HTTP, overlay and their overhead; 0 for a tab. */
    bytesReceived: number
    bytesSent: number
    /** Tabs that can be dialled directly through this node now, and circuits for that since the start. Circuits carry signalling alone. */
    reservations: number
    circuits: number
    /** Taps of this peer and of its tabs; mail kept for absent receivers; messages passed on and refused since the start. */
    taps: number
    mail: number
    mailBytes: number
    messages: number
    messagesRefused: number
  }
  limits: PeerLimits
}

/** A whole peer. Node.js nodes and browser tabs show the same face. */
export interface Peer {
  /** Peer id, text form. */
  readonly id: string
  readonly role: 'node' | 'tab'
  readonly rendezvous: Rendezvous
  readonly content: ContentStore
  readonly messages: Messages
  /** Starts, and goes on joining in the background. May be called twice. */
  start(): Promise<void>
  /** Releases everything, tells the others, closes. Takes a bounded time. May be called twice. */
  stop(): Promise<void>
  /** Adds addresses to join (a gateway's URL, or a multiaddr) and resolves once one of them, or any other, is connected. */
  join(addresses: string[], options?: AbortOptions): Promise<void>
  /** Resolves once this peer is in the overlay: at once for a node that joins nobody. */
  joined(options?: AbortOptions): Promise<void>
  status(): PeerStatus
  /** Hears each event. Returns the function that ends it. A listener that throws is dropped. */
  onEvent(listener: (event: PeerEvent) => void): () => void
}
