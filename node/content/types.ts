/** The nouns of content: what it shows to users of the library, its limits, its events. */

import type { AbortOptions, Key } from '../types.ts'

/** Verified content: its SHA-256 is the key. */
export interface FetchedContent {
  key: Key
  bytes: Uint8Array
  /**
   * Peer id of the source: a holder, a holder's home, this peer itself, or (in a tab) the tab's home; of content that came before a tab had joined,
   * the origin of the gateway.
   */
  from: string
}

export interface HeldContent {
  key: Key
  /** In bytes. */
  size: number
  /** The SHA-256 of the outline, for content that is larger than one piece. With it in the link, a reader can begin anywhere. */
  outline?: Key
}

/** Bytes that a holder has and does not copy: memory, a Blob, a file. */
export interface ContentSource {
  /** In bytes. */
  readonly size: number
  /**
   * The bytes are the reader's then: they may not change afterwards. A peer compares them with their hash before they leave, so the source of held
   * content need not notice that its bytes have changed.
   *
   * @throws signal.reason, when aborted
   * @throws when it cannot be read
   */
  read(offset: number, length: number, options?: AbortOptions): Promise<Uint8Array>
  /** Frees what the source holds open. */
  close?(): Promise<void>
}

export interface OpenOptions extends AbortOptions {
  /** The key of a bundle that has the content as a file: the holders of the bundle are asked, too, who need not announce its files. */
  bundle?: Key
  /** The SHA-256 of the outline, from the link. With it each byte is checked before it is returned, from anywhere in the content. */
  outline?: Key
}

/** Content of any size, ready to be read. */
export interface OpenedContent {
  readonly key: Key
  /** In bytes. While `isTrusted` is false, this is the source's claim. */
  readonly size: number
  readonly outline?: Key
  /** For content that is larger than one piece: the size of each piece but the last, and the SHA-256 of each, one after the other. */
  readonly pieces?: { readonly bytes: number; readonly hashes: Uint8Array }
  /**
   * True when any part can be read by itself. While the outline is only its sender's claim it is false: then the whole is read from the
   * start, and the last piece is held back until the whole has the right SHA-256.
   */
  readonly isTrusted: boolean
  /** The bundle that it was opened as a file of. */
  readonly bundle?: Key | undefined
  /** The source of its first bytes; see `FetchedContent.from`. */
  readonly from: string
  /** The whole, where it is in memory: content that travels whole. */
  readonly bytes?: Uint8Array
  /**
   * Yields checked bytes, in order, from several holders at once, no faster than the reader takes them. Breaking out ends the fetch.
   *
   * @throws {MayflyError} ERR_UNAVAILABLE when no holder sends the right bytes any more, ERR_UNTRUSTED for a part of untrusted content
   * @throws signal.reason, when aborted
   */
  read(part?: { offset: number; length: number }, options?: ReadOptions): AsyncIterable<Uint8Array>
}

export interface ReadOptions extends AbortOptions {
  /**
   * The caller compares the SHA-256 of the whole with the key itself, as one does that goes on with what it had: where the link names the outline, so
   * that each piece is the outline's, all bytes are not hashed a second time here.
   */
  checksWhole?: boolean
  /** The caller uses the bytes of each part no more once it asks for the next: their memory is freed then, where nobody else uses it. */
  keepsNothing?: boolean
}

/** A piece of content that is larger than one, or the outline itself. */
export interface PieceAddress {
  key: Key
  /** The SHA-256 of the outline. */
  outline: Key
  /** Its place in the content, from 0. */
  index: number | 'outline'
  /** See `OpenOptions.bundle`. */
  bundle?: Key
}

/** A piece to be requested. */
export interface WantedPiece extends PieceAddress {
  index: number
  /** Where it begins in the content, in bytes. */
  offset: number
  /** In bytes. */
  size: number
}

export interface FetchPieceOptions {
  signal: AbortSignal
  /** How long nothing may arrive, in ms. */
  stallMs: number
  /** 'node': only what the node or its tabs hold. 'anybody': what any holder has, as a tab asks its home for. */
  from: 'node' | 'anybody'
}

/**
 * Fetches a piece from a node without a stream of the overlay: over plain HTTP, which saves encrypting what anybody may have.
 *
 * @param origin where the node's gateway is, such as `http://192.0.2.1:4000`
 * @returns exactly the bytes of the piece, unchecked; undefined when they cannot be fetched this way
 * @throws signal.reason, when aborted
 */
export type FetchPiece = (origin: string, piece: WantedPiece, options: FetchPieceOptions) => Promise<Uint8Array | undefined>

/** Stores the pieces of content that is being received: in any order, each once, each right by the outline. */
export interface PieceStore {
  /** Pieces that are there already: a bit for each piece, the first in the highest bit of the first byte. */
  readonly have: Uint8Array
  /** The store takes the bytes over. Once this has resolved the piece counts, and is served to other peers. */
  write(index: number, bytes: Uint8Array): Promise<void>
  read(index: number): Promise<Uint8Array>
}

export interface ReceiveOptions extends AbortOptions {
  /** The SHA-256 of the outline. */
  outline: Key
  store: PieceStore
  /** See `OpenOptions.bundle`. */
  bundle?: Key
  /** Checks the pieces that the store claims to have, and fetches wrong ones again. Otherwise the claim is believed. */
  isDoubtful?: boolean
  /** Called for each piece that was written, with its size in bytes. */
  onPiece?(index: number, bytes: number): void
  /** Called with true when no peer has what is missing, and with false when pieces come again. */
  onWaiting?(isWaiting: boolean): void
}

/** Content on its way into a store. */
export interface Receiving {
  /**
   * Resolves when all pieces are in the store. The caller must check the whole: the outline may not belong to this key.
   *
   * @throws what the store throws
   * @throws {MayflyError} ERR_UNAVAILABLE when the outline has another number of pieces than the store
   * @throws signal.reason, when aborted
   */
  readonly complete: Promise<void>
  /** Whether others may have from here what has come (at first they may). */
  serve(isServing: boolean): void
  /** Once this has resolved, nothing is fetched, written or served any more. May be called twice. */
  end(): Promise<void>
}

export interface NewlyHeld extends HeldContent {
  /** It was held here before: its release is left to whoever has held it first. */
  wasHeld: boolean
}

export interface HoldOptions extends AbortOptions {
  /**
   * The content is a file of a bundle, and is not announced: it is found through the bundle alone, which the caller holds. A bundle may have more
   * files than a peer may have leases.
   */
  isPart?: boolean
  /** The hash that the content must have: anything else is neither held nor served, not for a moment. */
  expected?: Key
}

/** Content by its hash. */
export interface ContentStore {
  /**
   * Stores the content, serves it, and holds its key. Bytes are kept in memory. A source is read once to compute its key, and again as
   * pieces are requested. Resolves once others can find the content, or after a short while when there is no record node to tell.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_TOO_LARGE (over `maxContentBytes`), ERR_LIMIT (the store is full), ERR_UNAVAILABLE (its hash is
   *   not the expected one)
   * @throws signal.reason, when aborted
   */
  hold(content: Uint8Array | ContentSource, options?: HoldOptions): Promise<NewlyHeld>
  /** Stops holding. True when the content was held. */
  release(key: Key): Promise<boolean>
  /**
   * Reads held content again, and releases it when its source fails or gives other bytes. Call it when the source may have changed. True when
   * the content is held, and right.
   *
   * @throws signal.reason, when aborted
   */
  check(key: Key, options?: AbortOptions): Promise<boolean>
  /** The contents that this peer itself holds, newest last. */
  held(): HeldContent[]
  /**
   * Fetches the bytes from a holder and checks them before it returns; wrong bytes are never returned. For content that fits in one piece
   * (`maxPieceBytes`); larger content is read with `open`.
   *
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK, ERR_UNAVAILABLE, ERR_TOO_LARGE, ERR_NOT_STARTED
   * @throws signal.reason, when aborted
   */
  get(key: Key, options?: AbortOptions): Promise<FetchedContent>
  /**
   * Finds the holders of the content and gets ready to read it, whatever its size.
   *
   * @throws {MayflyError} as `get`
   */
  open(key: Key, options?: OpenOptions): Promise<OpenedContent>
  /**
   * One piece that this peer holds, or a tab whose home it is: what any other peer may ask for.
   *
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_UNAVAILABLE, ERR_NOT_STARTED
   * @throws signal.reason, when aborted
   */
  givePiece(piece: PieceAddress, options?: AbortOptions): Promise<Uint8Array>
  /** True when `open` need ask no other peer: the content is held here, or its outline is in memory while a peer holds it. */
  knows(key: Key, outline?: Key): boolean
  /**
   * Fetches all pieces that the store lacks, from many peers at once and in any order, and serves to others what has come. It goes on
   * serving when it is complete, until it is ended or the same content is held. While no peer has what is missing it waits.
   *
   * @throws {MayflyError} ERR_NOT_STARTED, ERR_LIMIT (it is being received already)
   */
  receive(key: Key, options: ReceiveOptions): Receiving
  /** True when `get` would be answered from this peer's own memory: it holds the content, or caches it while others hold it. */
  has(key: Key): boolean
  /**
   * The same without reading anything first: the bytes are in this peer's memory, and right. False for content that is held from a file or
   * another source, whose bytes are compared with their hash at each reading.
   */
  isInMemory(key: Key): boolean
}

/** Limits of what this peer holds, caches and serves. */
export interface ContentLimits {
  /** The largest content that can be held or fetched, in bytes. */
  maxContentBytes: number
  /** The largest content that travels whole, in bytes; larger content comes in pieces. */
  maxPieceBytes: number
  /** Memory of the contents that this peer holds, in bytes. */
  maxHeldBytes: number
  /** Contents that this peer holds and announces at once; parts of bundles and shares are bounded by their memory, in `maxHeldBytes`. */
  maxHeldContents: number
  /**
   * Memory for content that is not held here but asked for often, in bytes; 0 turns the cache off. A quarter as much besides, at most 8 MiB, is for
   * small content beside others' records, which 0 turns off, too.
   */
  maxCacheBytes: number
  /** Content that one other peer may take from here, in bytes per second; 0: unlimited. */
  maxPeerBytesPerSecond: number
}

/** Events of content. Keys are hex, peers are peer ids in text form. */
export type ContentEvent =
  | { type: 'hold'; key: string; size: number }
  /** `reason`: why the peer has released it by itself; absent when it was told to. */
  | { type: 'release'; key: string; reason?: string }
  /** Content or a piece of it was sent; `isDirect`: from this tab to another, not through a node. */
  | { type: 'served'; key: string; bytes: number; to: string; isDirect: boolean }
  /** Content that travels whole, or an outline, has come and is right. */
  | { type: 'fetched'; key: string; bytes: number; from: string; ms: number }
  /** A piece of larger content has come and is right. */
  | { type: 'received'; key: string; bytes: number; from: string; isDirect: boolean }
  /** A holder could not be reached, or left before it had sent all. It is passed over. */
  | { type: 'lost-holder'; key: string; peer: string; home: string; reason: string }
  /** A holder sent wrong, short, endless or no bytes. It is passed over. */
  | { type: 'bad-holder'; key: string; peer: string; home: string; reason: string }
