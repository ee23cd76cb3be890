/**
 * The one table of refusals: number on the wire, HTTP, retries, and the sentence that people read. The gateway, the command, the browser and
 * the tables of the manuals use it. Pure data.
 */

import { type MessageRefusal, WIRE_REFUSALS, type WireRefusal } from './refusals.ts'

export interface RefusalFacts extends WireRefusal {
  /** HTTP status, and the finer number in the body of the answer. */
  readonly status: number
  readonly httpNumber: number
  /** When posting again makes sense, in seconds, unless the refusing peer says when. A final refusal has none. */
  readonly retryAfterS?: number
  /** Why the message was refused: a clause without capital and full stop. */
  readonly sentence: string
  /** Advice to the sender: a whole sentence. */
  readonly advice?: string
}

const TABLE: Readonly<Record<MessageRefusal, Omit<RefusalFacts, 'status' | keyof WireRefusal>>> = {
  malformed: {
    httpNumber: 40_004,
    sentence: 'it is not a message, or it is over a limit of its form',
    advice: 'GET /limits tells what a message may be.',
  },
  forged: {
    httpNumber: 50_001,
    sentence: 'its signature is wrong, or it is not sealed for this receiver',
  },
  clock: {
    httpNumber: 50_002,
    retryAfterS: 60,
    sentence: 'the clocks of the sender and of its node, or of that node and of others, differ too much',
    advice: 'The operator of that node has to set its clock: /readyz there tells how far it is off.',
  },
  expired: {
    httpNumber: 50_401,
    sentence: 'its time was over before anybody is known to have stored it',
  },
  'sender-rate': {
    httpNumber: 42_901,
    retryAfterS: 5,
    sentence: 'the sender sends more messages than it may',
  },
  'sender-share': {
    httpNumber: 42_902,
    retryAfterS: 60,
    sentence: 'too many messages of this sender wait already',
  },
  'end-full': {
    httpNumber: 42_903,
    retryAfterS: 60,
    sentence: 'too many messages wait for this receiver already',
  },
  full: {
    httpNumber: 42_904,
    retryAfterS: 60,
    sentence: 'the network has no room for more waiting messages',
  },
  'unknown-sender': {
    httpNumber: 40_302,
    sentence: 'the receiver takes messages only from senders that it knows',
    advice: 'Send from a key that its owner has named.',
  },
  muted: {
    httpNumber: 40_303,
    sentence: 'the receiver does not want messages from this sender',
  },
  'not-stored': {
    httpNumber: 50_302,
    retryAfterS: 30,
    sentence: 'the receiver is there and cannot store messages now',
  },
  'unknown-receiver': {
    httpNumber: 40_401,
    retryAfterS: 30,
    sentence: 'nobody who could be asked knows the key of this receiver, which must have been there once to be written to',
    advice: 'Check the address.',
  },
  'no-network': {
    httpNumber: 50_301,
    retryAfterS: 5,
    sentence: 'nobody could be asked: there is no connection to the network now',
  },
}

/** The HTTP number begins with the status. */
export const REFUSALS = Object.fromEntries(
  Object.entries(TABLE).map(([reason, facts]) => [
    reason,
    { ...WIRE_REFUSALS[reason as MessageRefusal], ...facts, status: Math.floor(facts.httpNumber / 100) },
  ]),
) as Readonly<Record<MessageRefusal, RefusalFacts>>
