/** The face of sharing: what somebody offers by a link, who receives it, and what others may send to somebody. */

import type { ContentSource, PieceStore, ReceiveOptions } from '../content/types.ts'
import type { SharingErrorCode } from '../errors.ts'
import type { AbortOptions } from '../types.ts'
import type { VisitListener, VisitPipe } from './first/visit.ts'

/** Something that is put into a share. */
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
  /** Why it cannot save, as a sentence without its full stop. It may come back when that is mended. */
  readonly problem?: string | undefined
}

/** Why a receiver cannot have a share. */
export type ShareCode = Exclude<SharingErrorCode, 'ERR_DROP_REFUSED'>

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
  /** The bytes by which `ShareOptions.resume` brings it back after a restart: secrets are in them. */
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
  /** Tells the sharer why nothing can be saved here, in at most 200 characters, as a sentence without its full stop; empty: it goes on. */
  tell(problem: string): void
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

export interface FetchEntryOptions extends Pick<ReceiveOptions, 'signal' | 'onWaiting' | 'isDoubtful'> {
  /** Bytes that are there, as they travel. */
  onProgress?(bytes: number): void
  /** Hears of the beginning of several pieces as the sharer sends it, unchecked: for a reader that opens it with the key. It keeps none of the bytes. */
  onBeginning?(bytes: Uint8Array): void
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

/** The limits of what a drop box takes. */
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

/** An offer of somebody to a drop box, or to a contact. */
export interface DropOffer {
  /** The sender's name, as they say: at most 80 characters. */
  from: string
  /** At most 2,000 characters. */
  words: string
  files: readonly { path: string; size: number; mediaType: string }[]
}

/**
 * Why a drop box takes something not. 'over': its time is over, or its owner has closed it. 'asked': its owner said no. 'busy': too much at once;
 * later it may be taken. 'silent': its owner was asked, and has not answered. 'disk': it cannot be stored there.
 */
export type DropRefusalCode =
  | 'over'
  | 'count'
  | 'size'
  | 'type'
  | 'name'
  | 'words'
  | 'empty'
  | 'asked'
  | 'busy'
  | 'silent'
  | 'disk'
  | 'damaged'

export interface DropRefusal {
  code: DropRefusalCode
  /** A sentence without its full stop, which names the limit. */
  text: string
}

/** How a submission stands at the box, for its sender. */
export interface DropNews {
  /** 'failed': it goes on when the box's owner has mended what `text` says. 'over': nothing more of it is taken. */
  state: 'taking' | 'done' | 'failed' | 'over'
  text: string
}

/** One submission at the box's side. */
export interface Submission extends DropOffer {
  /** 32 hex digits; the same when its sender comes back with it. */
  readonly id: string
  /** When it came, by the network's time. No two of one box come in the same second. */
  readonly atMs: number
  /** The path of the sender's share, to be received as any; undefined for files that a gateway pushes, and for words alone. */
  readonly share: string | undefined
  /** For `Sharing.receive`: the same after a restart. */
  readonly receiver: Uint8Array
  /** A file that a gateway pushes; to be read once. Reading it tells the sender to begin; it ends with an error where its bytes are not all right. */
  readonly pushed: { path: string; size: number | undefined; mediaType: string; bytes: AsyncIterable<Uint8Array> } | undefined
  /** It was taken before this peer restarted, and is not complete. Its files are not known. */
  readonly isResumed: boolean
  /** Aborted when there is nobody to take it for any more: it was forgotten, or the box has closed. */
  readonly withdrawn: AbortSignal
  /** Tells the sender how it stands, now or when it comes back. 'done' and 'over' are final. */
  tell(news: DropNews): void
  /**
   * Receives all of it into a folder of its own, with its words in `words.txt`, and tells the sender. Compares what comes with the terms, and with
   * what was offered. Resolves when all of it is checked and on disk; waits for a sender that is away.
   *
   * @throws {MayflyError} what has failed: the sender is told, too, and it can be received again
   * @throws signal.reason, when aborted: what has come stays
   */
  receive(saver: SubmissionSaver, options?: ReceiveSubmissionOptions): Promise<void>
  /** Nothing more of it is taken, and its sender is told. Files that have come stay. */
  giveUp(): void
}

/** Writes received files: on a disk, or into the storage of a browser. */
export interface SubmissionSaver {
  /**
   * Saves all entries below the folder, and says so of each (`ReceivedShare.saved`). Bytes that are there already are not fetched again.
   *
   * @throws {MayflyError} ERR_NOT_STORED, in words for both sides, when the disk is full
   */
  saveShare(received: ReceivedShare, folder: string, options: SaveOptions): Promise<void>
  /** Saves one file from its bytes, whole or not at all. Resolves when it is on disk. */
  saveStream(folder: string, path: string, bytes: AsyncIterable<Uint8Array>, options: SaveOptions): Promise<void>
}

export interface SaveOptions extends AbortOptions {
  /** Plain bytes that are there, of all files together. */
  onProgress?(bytes: number): void
}

export interface ReceiveSubmissionOptions extends AbortOptions {
  /** As "Firefox on Linux", for the sender. */
  label?: string
  onState?(state: SubmissionState): void
}

/** How a submission stands that is received. */
export interface SubmissionState {
  /** 'waiting': its sender is away. 'failed': see `text`. 'over': its sender has ended it before all of it was there. */
  state: 'waiting' | 'receiving' | 'done' | 'failed' | 'over'
  bytes: number
  /** 0 after a restart, until its list is here again. */
  totalBytes: number
  text: string
}

export interface DropBox {
  /** 52 base32 characters. */
  readonly id: string
  /** `/d/<id>#<secret>` */
  readonly path: string
  /** `/d/<id>/<secret>/`: a gateway passes on what is put to a name behind it, and reads it. */
  readonly putPath: string
  readonly terms: DropTerms
  /**
   * Decides what the terms have let in, one listener for all: it resolves to take a submission, or throws a MayflyError to refuse it in the
   * words of its message. A pushed file is taken when it is stored. Submissions wait for a listener.
   */
  onSubmission(listener: (submission: Submission) => Promise<void>): () => void
  /** The snapshot has changed. */
  onChange(listener: () => void): () => void
  /** Senders who come are told that it is over, while this peer runs. */
  close(): Promise<void>
  /** The bytes by which `openBox` brings it back after a restart, with what was taken and is not complete: secrets are in them. */
  snapshot(): Uint8Array
}

/** Somebody's drop box, as a sender sees it. */
export interface OpenedBox {
  readonly id: string
  readonly terms: DropTerms
  /**
   * Offers a share of one's own, or words alone. Resolves when it was taken.
   *
   * @throws {MayflyError} ERR_DROP_REFUSED, in words, with a `DropRefusal` as its cause; ERR_LEFT when its owner has gone
   */
  offer(share: Share | undefined, offer: DropOffer, options?: OfferOptions): Promise<void>
  /**
   * Pushes one file, for a sender that cannot stay. Resolves when it is checked and on the box's disk.
   *
   * @throws {MayflyError} as `offer`
   */
  push(file: PushedFile, options?: PushOptions): Promise<{ sha256: string; size: number }>
  /** The first reason, with what to change, why the box would not take this now; undefined when it would. Nothing is sent. */
  judge(offer: DropOffer): DropRefusal | undefined
  /** How what was offered here, or before by the same sender, stands there. */
  onNews(listener: (submission: string, news: DropNews) => void): () => void
  /** Settles when the connection has ended; the reason is undefined after `close`. */
  readonly closed: Promise<Error | undefined>
  close(): void
}

export interface OfferOptions extends AbortOptions {
  /** 16 bytes, the same for each offer of one submission: an offer that was taken before is taken again. Random when left out. */
  id?: Uint8Array
  /** The owner is asked. */
  onAsked?(): void
}

export interface PushedFile {
  path: string
  /** Undefined while nobody knows. */
  size?: number
  mediaType?: string
  from?: string
  words?: string
  bytes: AsyncIterable<Uint8Array>
}

export interface PushOptions extends AbortOptions {
  /** It is taken: its bytes are read from now on. */
  onTaken?(): void
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
   * @throws {MayflyError} ERR_TOKEN_UNKNOWN, ERR_TOKEN_USED, ERR_TOKEN_EXPIRED, ERR_TOKEN_BURNT, ERR_TOKEN_WRONG; ERR_REFUSED: it adds a contact
   */
  claimCode(code: string, options?: AbortOptions): Promise<string>
  openBox(terms: DropTerms, options?: { resume?: Uint8Array }): Promise<DropBox>
  /** @throws {MayflyError} ERR_SHARE_WRONG, ERR_SHARE_ENDED, ERR_UNAVAILABLE (nobody is there) */
  visitBox(link: string, options?: AbortOptions): Promise<OpenedBox>
  /**
   * Passes the messages of a visitor on to the sharer of that share (52 base32 characters, as in a link), for a gateway: one that has no peer yet.
   *
   * @throws {MayflyError} ERR_BAD_OPTION (no such id), ERR_UNAVAILABLE (nobody is there who takes visitors this way)
   */
  passOn(id: string, listener: VisitListener, options?: AbortOptions): Promise<VisitPipe>
}
