/** The one error class of mayfly, and its stable codes. Bad input from other peers never throws one to the top: it is dropped, counted or refused. */

export type MayflyErrorCode =
  /** The peer has not been started, or has been stopped. */
  | 'ERR_NOT_STARTED'
  /** Text that is no address of content: not 64 lower-case hex digits, nor a CIDv1 with codec raw and sha2-256. */
  | 'ERR_BAD_KEY'
  /** Everybody who could be asked was asked, and nobody holds the key now. */
  | 'ERR_NO_HOLDER'
  /** Nobody could be asked: no connection into the overlay. */
  | 'ERR_NO_NETWORK'
  /** The gateways to join let no page of this origin in; their operators can allow it, by --allow-origin. */
  | 'ERR_ORIGIN'
  /** Statements of other peers cannot be checked: their clocks and this peer's differ too much. */
  | 'ERR_CLOCK'
  /** Holders exist, but none of them gave the right bytes in time. */
  | 'ERR_UNAVAILABLE'
  /** A part was asked for of content whose outline is only a holder's word; the whole can be read. */
  | 'ERR_UNTRUSTED'
  /** Over a limit of size; the message names the limit. */
  | 'ERR_TOO_LARGE'
  /** Over a limit of number; the message names the limit. */
  | 'ERR_LIMIT'
  /** It could not be written, since the disk is full, read-only or failing; what was stored stays. The message names the file. */
  | 'ERR_NOT_STORED'
  /** Names of files that cannot be in a bundle; the message names them. */
  | 'ERR_BAD_PATH'
  /** An option or an address that cannot be used; the message says which form is expected. */
  | 'ERR_BAD_OPTION'
  /** Bytes from another peer that break a wire format. */
  | 'ERR_BAD_FRAME'
  /** Private content that another key opens. */
  | 'ERR_WRONG_KEY'
  /** Private content that is not as it was sealed: cut, changed, put in another order, or longer. */
  | 'ERR_DAMAGED'
  /** A page that the browser does not let encrypt: from plain http, on another machine. */
  | 'ERR_NO_CRYPTO'
  /** Text that names no end: not `#name`, nor a hashname of 52 base32 characters. */
  | 'ERR_BAD_END'
  /** A message that cannot be sent as it is: its type, its fields, its time to live, or its size; the message says which. */
  | 'ERR_BAD_MESSAGE'
  /** A rule of a tap that is not `{ is, has }`. */
  | 'ERR_BAD_RULE'
  | PeopleErrorCode
  | SharingErrorCode

/** Failures between accounts, contacts and their instances. A gateway answers for none of it. */
export type PeopleErrorCode =
  /** The other side does not take it: its policy, or what it knows about the account. */
  | 'ERR_REFUSED'
  /** Nobody whom the call names is there. */
  | 'ERR_NOBODY'
  /** The instance that was called has no module, or takes no channel, of this name. */
  | 'ERR_NO_MODULE'
  /** The other side did not answer in time. */
  | 'ERR_TIMEOUT'
  /** The code that was called failed; nothing of its error but a short text travels. */
  | 'ERR_HANDLER'
  /** Too many calls, or too many bytes, of this caller are under way there; the message names the limit. */
  | 'ERR_BUSY'
  /** The other side left, or its network was cut, before it answered. */
  | 'ERR_LEFT'
  /** A module's schema does not take the input; the message says what is wrong with it. */
  | 'ERR_BAD_INPUT'
  /** This peer was made without people: `createPeer({ people: … })` has them. */
  | 'ERR_NO_PEOPLE'
  /** No account is kept in this place, and none was to be made. */
  | 'ERR_NO_ACCOUNT'
  /** Text that is not the recovery words of an account; the message names the number of the wrong word. */
  | 'ERR_BAD_WORDS'
  /** An account file that another pass phrase opens, or that was changed since it was sealed. */
  | 'ERR_WRONG_PASS_PHRASE'
  /** The account has taken its word back that this place speaks for it. */
  | 'ERR_REVOKED'
  /** A certificate or a delegation whose time is over: a place with the recovery words renews certificates. */
  | 'ERR_EXPIRED'
  /** A certificate, a delegation or another statement that its signer did not make, or that was changed since. */
  | 'ERR_FORGED'
  /** The proof of one peer's identity, shown by another peer. */
  | 'ERR_OTHER_PEER'
  /** No such token is known where it was issued. */
  | 'ERR_TOKEN_UNKNOWN'
  /** The token was claimed before. */
  | 'ERR_TOKEN_USED'
  /** The token's time is over. */
  | 'ERR_TOKEN_EXPIRED'
  /** The token was guessed at too often, or cancelled. */
  | 'ERR_TOKEN_BURNT'
  /** The code is not the issuer's: mistyped, or somebody stands in the middle. */
  | 'ERR_TOKEN_WRONG'

/** Failures between those who share and those who receive. */
export type SharingErrorCode =
  /** The link is not that of this share: mistyped, or cut. */
  | 'ERR_SHARE_WRONG'
  /** Its sharer has ended it. */
  | 'ERR_SHARE_ENDED'
  /** Its time is over. */
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
  /** A drop box, or its owner, does not take it; the message says what to change. */
  | 'ERR_DROP_REFUSED'

/** A failure a caller may want to tell apart. Match on `code`; the message may change. */
export class MayflyError extends Error {
  override readonly name = 'MayflyError'
  readonly code: MayflyErrorCode

  constructor(code: MayflyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
