/** The face of content. */

import type { AbortOptions, Key } from '../types.ts'

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
  /** The source of its first bytes; see `FetchedContent.from`. */
  readonly from: string
  /** The whole, where it is in memory: content that travels whole. */
  readonly bytes?: Uint8Array
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

/** What this peer holds, keeps and gives of content. */
export interface ContentLimits {
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
}

/** What happens to content. Keys are hex, peers are peer ids in text form. */
export type ContentEvent =
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
