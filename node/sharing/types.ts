/** The face of sharing: what somebody offers by a link, who receives it, and what others may send to somebody. */

import type { ContentSource, PieceStore } from '../content/types.ts'
import type { AbortOptions } from '../types.ts'

/** What is put into a share. */
export type ShareItem =
  | {
      kind: 'file'
      /** Slashes between folders, as `holiday/beach.jpg`. */
      path: string
      source: ContentSource
      mediaType?: string
      modifiedMs?: number
    }
  | { kind: 'text'; path: string; text: string }

/** Decides who may receive a share, and until when. */
export interface ShareRules {
  /** How many may receive it; 1: one time. Unlimited when left out. A receiver that comes back is not counted again. */
  receivers?: number
  /** Network time, in ms since the epoch. */
  untilMs?: number
  password?: string
  /** Each receiver waits for `Share.admit`. */
  ask?: boolean
  /** The share ends once one receiver has everything. */
  stopAfterFirst?: boolean
  /** False: contents are not encrypted, so that the SHA-256 of an entry is that of its file. */
  sealed?: boolean
}

/** One file or text of a share, as both sides see it. */
export interface ShareEntry {
  /** Stays when the entry is renamed. */
  readonly id: number
  readonly kind: 'file' | 'text'
  readonly path: string
  /** Plain bytes. */
  readonly size: number
  readonly mediaType: string
  readonly modifiedMs: number | undefined
  /** 'reading': its sharer computes its hash. 'failed': its sharer cannot read it any more. */
  readonly state: 'reading' | 'ready' | 'failed'
  /** Of a text. */
  readonly text: string | undefined
  /** Hex SHA-256 of the content as it travels, once it is known. */
  readonly hash: string | undefined
}

/** 'direct': browser to browser. 'socket': a connection with a node. 'relayed': through the homes. 'turn': through a TURN server. */
export type ShareWay = 'direct' | 'socket' | 'relayed' | 'turn'

export interface ShareReceiver {
  /** Random, made by the receiver for this share; the same after its reload. 32 hex digits. */
  readonly id: string
  /** As "Firefox on Linux"; what the receiver says of itself. */
  readonly label: string
  /** 'looking': sees the list. 'asking': waits for `admit`. 'left': its connection has ended. */
  readonly state: 'looking' | 'asking' | 'receiving' | 'done' | 'left' | 'refused'
  readonly way: ShareWay | undefined
  /** Received bytes of each entry, by its id. An entry is complete in `saved` alone. */
  readonly received: ReadonlyMap<number, number>
  /** Entries that are checked and on the receiver's disk. */
  readonly saved: ReadonlySet<number>
  /** Entries that it has taken; undefined: none yet. */
  readonly taken: ReadonlySet<number> | undefined
}

export type ShareCode =
  /** The link is not that of this share. */
  | 'ERR_SHARE_WRONG'
  | 'ERR_SHARE_ENDED'
  | 'ERR_SHARE_EXPIRED'
  /** As many as may have received it. */
  | 'ERR_SHARE_USED'
  /** A password is needed, or was wrong. */
  | 'ERR_SHARE_PASSWORD'
  /** Too many wrong passwords. */
  | 'ERR_SHARE_LOCKED'
  /** The sharer was asked, and said no. */
  | 'ERR_SHARE_REFUSED'
  /** A limit, which the message names. */
  | 'ERR_SHARE_FULL'

/** A share of this peer's own. */
export interface Share {
  /** 52 base32 characters. */
  readonly id: string
  /** The path and fragment of its link: `/s/<id>#<secret>`. */
  readonly path: string
  readonly rules: ShareRules
  readonly entries: readonly ShareEntry[]
  readonly receivers: readonly ShareReceiver[]
  readonly state: 'open' | 'ended' | 'locked'
  /** Why it has ended. */
  readonly endCode: ShareCode | undefined
  /** Resolves when the new entries are in the list; they are read afterwards. @throws {MayflyError} ERR_LIMIT */
  add(items: readonly ShareItem[]): Promise<readonly ShareEntry[]>
  remove(entry: number): void
  /** @throws {MayflyError} ERR_BAD_OPTION, when the path is none; another entry's path is made free by a number. */
  rename(entry: number, path: string): void
  /** Makes a code of two words and a number for it, which can be claimed once, in ten minutes. Three wrong guesses burn it. */
  code(options?: AbortOptions): Promise<ShareSpokenCode>
  admit(receiver: string, isAdmitted: boolean): void
  /** Sends a receiver away. */
  dismiss(receiver: string): void
  /** Wrong passwords are forgotten. */
  unlock(): void
  /** Says to all that it has ended, and goes on saying so while the peer runs. */
  end(): Promise<void>
  onChange(listener: () => void): () => void
  /** What `ShareOptions.resume` needs to bring it back after a restart: secrets are in it. */
  snapshot(): Uint8Array
}

export interface ShareSpokenCode {
  /** As `mango-guitar-7342`. */
  code: string
  expiresAtMs: number
  /** 'claimed' by somebody, 'burnt' by three wrong guesses, 'expired', or 'cancelled'. */
  readonly settled: Promise<'claimed' | 'burnt' | 'expired' | 'cancelled'>
  cancel(): Promise<void>
}

export interface ShareOptions extends ShareRules {
  /** Brings a share back: its id, link and receivers. Entries are matched with the items by path and size. */
  resume?: Uint8Array
}

/** Somebody's share, as its receiver sees it. */
export interface ReceivedShare {
  readonly id: string
  /**
   * 'looking': the sharer is sought. 'password': one is needed. 'listed': the list is here. 'asking': the sharer is asked. 'taken': entries can be
   * fetched. 'away': the sharer has left, and is waited for. 'ended': see `endCode`.
   */
  readonly state: 'looking' | 'password' | 'listed' | 'asking' | 'taken' | 'away' | 'ended'
  readonly endCode: ShareCode | undefined
  readonly entries: readonly ShareEntry[]
  readonly rules: Pick<ShareRules, 'receivers' | 'untilMs' | 'ask' | 'stopAfterFirst'> | undefined
  /** How the sharer is reached now. */
  readonly way: ShareWay | undefined
  /** Others that have something of it now, the sharer not counted. */
  readonly helpers: number
  onChange(listener: () => void): () => void
  /** @throws {MayflyError} ERR_SHARE_PASSWORD, ERR_SHARE_LOCKED */
  enter(password: string, options?: AbortOptions): Promise<void>
  /** The person wants these entries (all when left out). Resolves when they may be fetched. @throws {MayflyError} a `ShareCode` */
  take(entries?: readonly number[], options?: AbortOptions): Promise<void>
  /** Plain, checked bytes in order. @throws {MayflyError} ERR_UNAVAILABLE */
  open(entry: number, options?: AbortOptions): Promise<OpenedEntry>
  /**
   * Fetches the content as it travels into a store that outlives a cut (cipher text when `sealed`): pieces that are there are not fetched again. Waits while nobody is there.
   * Content of one piece comes as piece 0.
   */
  fetch(entry: number, storeFor: (shape: FetchShape) => Promise<PieceStore>, options?: FetchEntryOptions): Promise<FetchShape>
  /** The entry is checked and on disk. */
  saved(entry: number): void
  /** Others may have from here what has come (default true). */
  help(isHelping: boolean): void
  close(): Promise<void>
}

/** The content of an entry, as it travels. */
export interface FetchShape {
  hash: string
  /** In bytes, as it travels. */
  size: number
  pieceBytes: number
  /** The key that opens it; undefined when it is not sealed. */
  linkKey: Uint8Array | undefined
  /** Plain bytes. */
  plainSize: number
}

export interface FetchEntryOptions extends AbortOptions {
  /** Bytes that are there, as they travel. */
  onProgress?(bytes: number): void
  onWaiting?(isWaiting: boolean): void
  isDoubtful?: boolean
}

export interface OpenedEntry {
  /** Plain bytes. */
  readonly size: number
  read(part?: { offset: number; length: number }, options?: AbortOptions): AsyncIterable<Uint8Array>
}

export interface ReceiveShareOptions extends AbortOptions {
  /** As "Firefox on Linux", at most 80 characters. */
  label?: string
  /** 16 bytes, the same for each visit of this receiver to this share; random when left out. */
  receiver?: Uint8Array
}

/** What a drop box takes. */
export interface DropTerms {
  /** Shown to senders, at most 200 characters. */
  title: string
  /** Of one submission, in bytes. */
  maxBytes?: number
  maxFiles?: number
  maxFileBytes?: number
  /** Media types and endings, as `image/*` or `.pdf`. */
  types?: readonly string[]
  /** Network time, in ms since the epoch. */
  untilMs?: number
}

/** What somebody offers to a drop box, or to a contact. */
export interface DropOffer {
  /** Who it is from, as they say: at most 80 characters. */
  from: string
  /** At most 2,000 characters. */
  words: string
  files: readonly { path: string; size: number; mediaType: string }[]
}

/** One submission at the box's side. */
export interface Submission extends DropOffer {
  /** 32 hex digits. */
  readonly id: string
  readonly atMs: number
  /** The sender's share, to be received as any; undefined for files that a gateway pushes. */
  readonly share: string | undefined
  /** Files that a gateway pushes for `curl`; to be read once. */
  readonly pushed: { path: string; size: number | undefined; bytes: AsyncIterable<Uint8Array> } | undefined
}

export interface DropBox {
  readonly id: string
  /** `/d/<id>#<secret>` */
  readonly path: string
  readonly terms: DropTerms
  /** Decides after the terms were kept: resolve to take it, throw a MayflyError to refuse it in words. */
  onSubmission(listener: (submission: Submission) => Promise<void>): () => void
  close(): Promise<void>
  snapshot(): Uint8Array
}

/** Somebody's drop box, as a sender sees it. */
export interface OpenedBox {
  readonly id: string
  readonly terms: DropTerms
  /** Offers a share of one's own. Resolves when it was taken. @throws {MayflyError} ERR_DROP_REFUSED with what was wrong, ERR_SHARE_ENDED */
  offer(share: Share, offer: DropOffer, options?: AbortOptions): Promise<void>
  /** Pushes one file, for a sender that cannot stay. Resolves when it is checked and on the box's disk. */
  push(
    file: { path: string; size?: number; mediaType?: string; words?: string; bytes: AsyncIterable<Uint8Array> },
    options?: AbortOptions,
  ): Promise<void>
  close(): void
}

export interface Sharing {
  /** Resolves at once, before anything is read. @throws {MayflyError} ERR_BAD_OPTION, ERR_LIMIT, ERR_NOT_STARTED */
  share(items: readonly ShareItem[], options?: ShareOptions): Promise<Share>
  /** Shares of this peer that have not ended. */
  shares(): readonly Share[]
  /**
   * @param link a link or its path
   * @throws {MayflyError} ERR_SHARE_WRONG (mistyped), ERR_BAD_OPTION (none at all)
   */
  receive(link: string, options?: ReceiveShareOptions): ReceivedShare
  /**
   * The path of the share that a code of two words and a number stands for.
   *
   * @throws {MayflyError} ERR_TOKEN_UNKNOWN, ERR_TOKEN_USED, ERR_TOKEN_EXPIRED, ERR_TOKEN_BURNT, ERR_TOKEN_WRONG
   */
  claimCode(code: string, options?: AbortOptions): Promise<string>
  openBox(terms: DropTerms, options?: { resume?: Uint8Array }): Promise<DropBox>
  /** @throws {MayflyError} ERR_SHARE_WRONG, ERR_SHARE_ENDED, ERR_UNAVAILABLE (nobody is there) */
  visitBox(link: string, options?: AbortOptions): Promise<OpenedBox>
}
