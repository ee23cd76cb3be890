/**
 * The reasons why a message is not taken, as peers tell them to one another: what a page that only sends and receives needs. How they read, and
 * their HTTP numbers, stand in refusal-facts.ts. Pure data.
 */

export interface WireRefusal {
  /** On the wire. A number is never used again for something else. */
  readonly number: number
  /**
   * The peers whose unsigned statement counts: any node's about itself, or only that of a tab's own home, which has checked the envelope. A
   * receiver's refusal counts only with its signature.
   */
  readonly statedBy: 'node' | 'home' | 'receiver'
  /** True when no repetition changes it: the outbox gives up. Otherwise it sends again. */
  readonly isFinal: boolean
}

const TABLE = {
  malformed: { number: 1, statedBy: 'home', isFinal: true },
  forged: { number: 2, statedBy: 'home', isFinal: true },
  clock: { number: 3, statedBy: 'home', isFinal: false },
  expired: { number: 4, statedBy: 'home', isFinal: true },
  'sender-rate': { number: 5, statedBy: 'node', isFinal: false },
  'sender-share': { number: 6, statedBy: 'node', isFinal: false },
  'end-full': { number: 7, statedBy: 'node', isFinal: false },
  full: { number: 8, statedBy: 'node', isFinal: false },
  'unknown-sender': { number: 9, statedBy: 'receiver', isFinal: true },
  muted: { number: 10, statedBy: 'receiver', isFinal: true },
  'not-stored': { number: 11, statedBy: 'receiver', isFinal: false },
  'unknown-receiver': { number: 12, statedBy: 'receiver', isFinal: false },
  'no-network': { number: 13, statedBy: 'node', isFinal: false },
} as const satisfies Readonly<Record<string, WireRefusal>>

/** Why a message is not taken. */
export type MessageRefusal = keyof typeof TABLE

export const WIRE_REFUSALS: Readonly<Record<MessageRefusal, WireRefusal>> = TABLE

const BY_NUMBER: ReadonlyMap<unknown, MessageRefusal> = new Map(
  Object.entries(TABLE).map(([reason, { number }]) => [number, reason as MessageRefusal]),
)

/** Undefined when no reason has that number. */
export function refusalOf(number: unknown): MessageRefusal | undefined {
  return BY_NUMBER.get(number)
}
