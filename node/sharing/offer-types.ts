/** The face of offers: files for contacts, and for the other instances of one account. */

import type { ReceiveSubmissionOptions, Share, ShareItem, ShareReceiver, Sharing, SubmissionSaver } from './types.ts'

/** Whether offers of a contact are taken without a question: never, up to so many bytes each, or always. */
export type OfferRule = 'ask' | 'always' | { upTo: number }

/** The contents of an offer. */
export interface OfferFacts {
  /** 32 hex digits. */
  readonly id: string
  readonly words: string
  /** Files and texts. */
  readonly count: number
  /** Plain bytes of all of them. */
  readonly bytes: number
  /** The first of them, at most 1,000; none where they are not known any more. */
  readonly files: readonly { path: string; size: number; mediaType: string }[]
  /** When it was made, or came, by the network's time. */
  readonly atMs: number
}

/** An offer that this account has made. It is kept beside the account, and given again whenever the other is there, until it is over. */
export interface MadeOffer extends OfferFacts {
  /** The account that it is for; one's own, for one's other instances. */
  readonly account: string
  /**
   * 'waiting': nobody of theirs has it. 'asked': they see it. 'taken': they receive it, or will when both are there. 'done': they have everything.
   * 'refused': they said no. 'ended': see `text`.
   */
  readonly state: 'waiting' | 'asked' | 'taken' | 'done' | 'refused' | 'ended'
  /** Nobody of theirs is there now. */
  readonly isAway: boolean
  /** Why it has ended, or what fails at the other side, as a sentence without its full stop. Empty for neither. */
  readonly text: string
  /** The receiver of its share, once it was taken and while the share is here. */
  readonly receiver: ShareReceiver | undefined
  /** Undefined after a restart, until it is brought back. */
  readonly share: Share | undefined
  /** For `ShareOptions.resume`, with the same files; undefined for a share that was handed to `make`, and when it is over. */
  readonly snapshot: Uint8Array | undefined
  /** Its share is here again after a restart. @throws {MayflyError} ERR_BAD_OPTION: it is another share */
  bring(share: Share): void
  onChange(listener: () => void): () => void
  /** Takes it back, unless it is over, and forgets it. A share that was made with it ends. @throws {MayflyError} ERR_NOT_STORED */
  close(): Promise<void>
}

/** An offer of a contact, or of another instance of this account. */
export interface ReceivedOffer extends OfferFacts {
  readonly account: string
  /** The contact's alias when it came; undefined for this account's own. */
  readonly alias: string | undefined
  /**
   * 'asked': it waits for `receive` or `refuse`. 'taken': to be received, after a restart, too. 'over': taken by another instance of this account,
   * taken back, or not to be had any more; see `text`.
   */
  readonly state: 'asked' | 'taken' | 'done' | 'refused' | 'over'
  readonly text: string
  onChange(listener: () => void): () => void
  /**
   * Takes it, for which its sender need not be there, and receives all of it into a folder of its own, its words in `words.txt`. Waits for a sender
   * that is away. After an error, and after a restart, it may be called again: what has come stays.
   *
   * @throws {MayflyError} a `ShareCode`; ERR_NOT_STORED; ERR_BUSY: it is being received
   * @throws signal.reason, when aborted
   */
  receive(saver: SubmissionSaver, options?: ReceiveSubmissionOptions): Promise<void>
  /** Says no to its sender, now or when they are there. @throws {MayflyError} ERR_NOT_STORED */
  refuse(): Promise<void>
}

export interface MakeOfferOptions {
  /** At most 2,000 characters. */
  words?: string
}

/** Files for contacts and for one's own other instances, of a peer that has people, too. */
export interface Offers {
  /**
   * Offers a share, or files that become one. Resolves once it is stored with the account; they may be away.
   *
   * @param to a contact's alias or account; `"Us"`: this account's other instances, the first of which has it
   * @throws {MayflyError} ERR_NOBODY (no such contact), ERR_BAD_OPTION, ERR_LIMIT, ERR_NOT_STORED
   */
  make(to: string, what: Share | readonly ShareItem[], options?: MakeOfferOptions): Promise<MadeOffer>
  /** Offers of this account that were not closed: all that wait, and the newest that are over. */
  made(): readonly MadeOffer[]
  /** Offers of others that wait for an answer, or were taken and are not complete. */
  received(): readonly ReceivedOffer[]
  /**
   * Hears each offer that asks, and each that is taken without a question; those of before first. While nobody listens, none is taken: it stays with
   * its sender.
   */
  onOffer(listener: (offer: ReceivedOffer) => void): () => void
  /** Hears of any change of any offer, and of the rules. */
  onChange(listener: () => void): () => void
  /** This account's own instances need no question: 'always'. @param contact an alias or an account */
  ruleOf(contact: string): OfferRule
  /** @throws {MayflyError} ERR_NOBODY, ERR_BAD_OPTION, ERR_NOT_STORED */
  setRule(contact: string, rule: OfferRule): Promise<void>
}

/** The sharing of a peer. */
export interface PeerSharing extends Sharing {
  /** Undefined for a peer without people. */
  readonly offers: Offers | undefined
}
