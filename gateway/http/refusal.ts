/** Why a message was refused, as HTTP says it and as people read it. */

import { encodeKeyHex, type Key, type MessageRefusal } from '../../node/index.ts'
import type { Problem } from './problem.ts'

interface RefusalFacts {
  status: number
  /** See `Problem`. */
  number: number
  message: string
  advice?: string
  /** When it makes sense to post it again, in seconds, unless who refused said when. */
  retryAfterS?: number
}

const REFUSALS: Readonly<Record<MessageRefusal, RefusalFacts>> = {
  malformed: {
    status: 400,
    number: 40_004,
    message: 'The message was refused: it is over a limit of its form.',
    advice: 'GET /limits tells what a message may be.',
  },
  forged: { status: 500, number: 50_001, message: 'The message was refused: its signature is not right.' },
  clock: { status: 500, number: 50_002, message: 'The message was refused: the clock here and the clock there differ too much.' },
  'unknown-sender': {
    status: 403,
    number: 40_302,
    message: 'That receiver takes messages only from senders that it knows.',
    advice: 'Send from a key that its owner has named.',
  },
  muted: { status: 403, number: 40_303, message: 'That receiver does not want messages from this sender.' },
  'unknown-receiver': {
    status: 404,
    number: 40_401,
    message: 'Nobody who could be asked knows the key of that receiver, so nothing can be sealed for it.',
    advice: 'Check the address. Its receiver must have been there once.',
    retryAfterS: 30,
  },
  'sender-rate': { status: 429, number: 42_901, message: 'This sender sends more than it may.', retryAfterS: 5 },
  'sender-share': { status: 429, number: 42_902, message: 'As much mail of this sender is kept as may be.', retryAfterS: 60 },
  'end-full': { status: 429, number: 42_903, message: 'As much mail is kept for that end as may be.', retryAfterS: 60 },
  full: { status: 429, number: 42_904, message: 'There is no room for more mail now.', retryAfterS: 60 },
  'no-network': {
    status: 503,
    number: 50_301,
    message: 'Nobody could be asked: there is no connection to the network now.',
    advice: 'It is tried again by itself until its time is over.',
    retryAfterS: 5,
  },
  'not-stored': {
    status: 503,
    number: 50_302,
    message: 'The receiver is there and cannot store messages now.',
    advice: 'It is tried again by itself until its time is over.',
    retryAfterS: 30,
  },
  expired: { status: 504, number: 50_401, message: 'The time of the message was over before anybody is known to have stored it.' },
}

export interface RefusalDetails {
  /** Of the message; all zero where there is none. */
  id?: Key
  /** When who refused said that it may be posted again. */
  retryAfterMs?: number
}

export function refusalProblem(reason: MessageRefusal, { id, retryAfterMs }: RefusalDetails = {}): Problem {
  const { retryAfterS, ...facts } = REFUSALS[reason]
  const seconds = retryAfterMs === undefined ? retryAfterS : Math.ceil(retryAfterMs / 1_000)
  return {
    code: 'ERR_REFUSED',
    reason,
    ...facts,
    ...(id?.some((byte) => byte !== 0) && { id: encodeKeyHex(id) }),
    ...(seconds !== undefined && { retryAfterS: seconds }),
  }
}
