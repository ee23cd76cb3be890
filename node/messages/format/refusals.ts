/**
 * The one table of refusals: number on the wire, HTTP, retries, and the sentence that people read. The gateway, the command, the browser and
 * the tables of the manuals use it. Pure data.
 */

export interface RefusalFacts {
  /** On the wire. A number is never used again for something else. */
  readonly number: number
  /** HTTP status, and the finer number in the body of the answer. */
  readonly status: number
  readonly httpNumber: number
  /** True when no repetition changes it: the outbox gives up. Otherwise it sends again. */
  readonly isFinal: boolean
  /** When posting again makes sense, in seconds, unless the refusing peer says when. */
  readonly retryAfterS?: number
  /**
   * The peers whose unsigned statement counts: any node's about itself, or only that of a tab's own home, which has checked the envelope. A
   * receiver's refusal counts only with its signature.
   */
  readonly statedBy: 'node' | 'home' | 'receiver'
  /** Why the message was refused: a clause without capital and full stop. */
  readonly sentence: string
  /** Advice to the sender: a whole sentence. */
  readonly advice?: string
}

const TABLE = {
  malformed: {
    number: 1,
    httpNumber: 40_004,
    statedBy: 'home',
    sentence: 'it is not a message, or it is over a limit of its form',
    advice: 'GET /limits tells what a message may be.',
  },
  forged: { number: 2, httpNumber: 50_001, statedBy: 'home', sentence: 'its signature is wrong, or it is not sealed for this receiver' },
  clock: {
    number: 3,
    httpNumber: 50_002,
    retryAfterS: 60,
    statedBy: 'home',
    sentence: 'the clocks of the sender and of its node, or of that node and of others, differ too much',
    advice: 'The operator of the node whose clock is wrong has to set it: /readyz there tells how far it is off.',
  },
  expired: { number: 4, httpNumber: 50_401, statedBy: 'home', sentence: 'its time was over before anybody is known to have stored it' },
  'sender-rate': {
    number: 5,
    httpNumber: 42_901,
    retryAfterS: 5,
    statedBy: 'node',
    sentence: 'the sender sends more messages than it may',
  },
  'sender-share': {
    number: 6,
    httpNumber: 42_902,
    retryAfterS: 60,
    statedBy: 'node',
    sentence: 'too many messages of this sender wait already',
  },
  'end-full': {
    number: 7,
    httpNumber: 42_903,
    retryAfterS: 60,
    statedBy: 'node',
    sentence: 'too many messages wait for this receiver already',
  },
  full: { number: 8, httpNumber: 42_904, retryAfterS: 60, statedBy: 'node', sentence: 'the network has no room for more waiting messages' },
  'unknown-sender': {
    number: 9,
    httpNumber: 40_302,
    statedBy: 'receiver',
    sentence: 'the receiver takes messages only from senders that it knows',
    advice: 'Send from a key that its owner has named.',
  },
  muted: { number: 10, httpNumber: 40_303, statedBy: 'receiver', sentence: 'the receiver does not want messages from this sender' },
  'not-stored': {
    number: 11,
    httpNumber: 50_302,
    retryAfterS: 30,
    statedBy: 'receiver',
    sentence: 'the receiver is there and cannot store messages now',
  },
  'unknown-receiver': {
    number: 12,
    httpNumber: 40_401,
    retryAfterS: 30,
    statedBy: 'receiver',
    sentence: 'nobody who could be asked knows the key of this receiver, which must have been there once to be written to',
    advice: 'Check the address.',
  },
  'no-network': {
    number: 13,
    httpNumber: 50_301,
    retryAfterS: 5,
    statedBy: 'node',
    sentence: 'nobody could be asked: there is no connection to the network now',
  },
} as const satisfies Readonly<Record<string, Omit<RefusalFacts, 'status' | 'isFinal'>>>

/** Why a message is not taken. */
export type MessageRefusal = keyof typeof TABLE

/** The HTTP number begins with the status; a refusal that says when posting again makes sense is not final. */
export const REFUSALS = Object.fromEntries(
  Object.entries<Omit<RefusalFacts, 'status' | 'isFinal'>>(TABLE).map(([reason, facts]) => [
    reason,
    { ...facts, status: Math.floor(facts.httpNumber / 100), isFinal: facts.retryAfterS === undefined },
  ]),
) as Readonly<Record<MessageRefusal, RefusalFacts>>

const BY_NUMBER: ReadonlyMap<unknown, MessageRefusal> = new Map(
  Object.entries(REFUSALS).map(([reason, { number }]) => [number, reason as MessageRefusal]),
)

/** Undefined when no reason has that number. */
export function refusalOf(number: unknown): MessageRefusal | undefined {
  return BY_NUMBER.get(number)
}
