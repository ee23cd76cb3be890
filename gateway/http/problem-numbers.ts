/**
 * Numbers that tell apart errors of one status, for programs that cannot compare texts; each is used for one thing, for ever. Refused messages
 * have theirs in the one table of refusals (`REFUSALS`); an error without a number has 100 × its status.
 */
export const PROBLEM_NUMBERS = {
  /** Not a message: JSON that is not `{body, type, fields, ttlMs}`, or that has the field `via`. */
  notAMessage: 40_001,
  /** An end that is not valid. */
  notAnEnd: 40_002,
  /** A type, a field or a time to live over its limit. */
  badMessage: 40_003,
  /** A `since` or `search` that is not valid. */
  badInboxQuery: 40_005,
  /** This gateway receives no messages. */
  noInbox: 40_402,
  /** This gateway receives no messages of that end. */
  endNotReceived: 40_403,
  /** No message with that id. */
  unknownMessage: 40_404,
  /** The body of a message is too large. */
  bodyTooLarge: 41_301,
  /** A body that is a form with files, or has an encoding. */
  unsupportedBody: 41_501,
  /** This client posts too often. */
  postRate: 42_905,
  /** Too many posts of this client are under way. */
  postsUnderWay: 42_906,
  /** Too many posts of this client are not stored by anybody yet. */
  postsWaiting: 42_907,
  /** `not-stored`: this gateway cannot write to its disk, which is full or read-only. */
  notStored: 50_701,
} as const
