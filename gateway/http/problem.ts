/** Problems of requests, in one form for people and programs. `problem-answer.ts` writes them as answers. */

import {
  encodeKeyHex,
  type Key,
  MayflyError,
  type MayflyErrorCode,
  type MessageRefusal,
  type PeopleErrorCode,
  REFUSALS,
  type SharingErrorCode,
} from '../../node/index.ts'
import { PROBLEM_NUMBERS } from './problem-numbers.ts'

type ProblemCode =
  | MayflyErrorCode
  /** The request breaks the rules of HTTP or of this API; the message says which. */
  | 'ERR_BAD_REQUEST'
  /** No such page, file or API here. */
  | 'ERR_NOT_FOUND'
  /** A path inside content that is a single file. */
  | 'ERR_NO_BUNDLE'
  /** A path inside a bundle that names none of its files. */
  | 'ERR_NO_ENTRY'
  | 'ERR_METHOD'
  /** This client may not do that here. */
  | 'ERR_FORBIDDEN'
  /** A token is needed, or is wrong. */
  | 'ERR_UNAUTHORIZED'
  /** The operator of this gateway refuses to serve this content. */
  | 'ERR_DENIED'
  | 'ERR_NOT_ACCEPTABLE'
  | 'ERR_PRECONDITION'
  | 'ERR_RANGE'
  | 'ERR_NOT_IMPLEMENTED'
  /** A posted message was refused; `reason` says why. */
  | 'ERR_REFUSED'
  | 'ERR_INTERNAL'

export interface Problem {
  status: number
  code: ProblemCode
  /** Tells apart what has the same status, for programs that cannot compare texts: `PROBLEM_NUMBERS` and `REFUSALS`. 100 × the status when left out. */
  number?: number
  /** With ERR_REFUSED: the reason of the refusal. */
  reason?: MessageRefusal
  /** With ERR_REFUSED: the id of the message, in hex. The outbox may send it again. */
  id?: string
  /** Says what happened, in one or two plain sentences. */
  message: string
  /** Says what one can do about it. */
  advice?: string
  /** The places that were asked before giving up. */
  tried?: readonly string[]
  /** The path that was probably meant. */
  link?: string
  /** How soon a repetition may succeed, in seconds. */
  retryAfterS?: number
  /** Further headers of the answer. */
  headers?: Readonly<Record<string, string>>
}

/** Carries a problem to the one place that answers it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

export function problemError(
  status: number,
  code: ProblemCode,
  message: string,
  details: Omit<Problem, 'status' | 'code' | 'message'> = {},
): ProblemError {
  return new ProblemError({ status, code, message, ...details })
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22 */
export function upgradeRequired(message: string, advice: string): ProblemError {
  return problemError(426, 'ERR_BAD_REQUEST', message, { advice, headers: { upgrade: 'websocket', connection: 'upgrade' } })
}

/** The places that `content.get` asks before it finds no holder. */
const TRIED: readonly string[] = ['the memory of this node', 'the record nodes of the key', 'the other servers that this node knows']

const RETRY_SOON_S = 5
/** Somebody has to make room first. */
const RETRY_DISK_S = 30

/** The problem of an error that a peer throws while it fetches or holds content; null for an unexpected error. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) return error.problem
  if (error instanceof DOMException && error.name === 'TimeoutError') return unavailable('The search took too long and was given up.')
  if (!(error instanceof MayflyError)) return null
  const { code } = error
  const message = `${error.message}.`
  switch (code) {
    case 'ERR_NO_HOLDER':
      return {
        status: 404,
        code,
        message: 'Nobody holds this page now.',
        advice:
          'A page is here as long as somebody keeps it open. Ask who made it to open it again, or ask with ?wait=30s to wait for a holder.',
        tried: TRIED,
      }
    case 'ERR_NO_NETWORK':
    case 'ERR_ORIGIN':
    case 'ERR_NOT_STARTED':
      return {
        status: 503,
        code,
        message: 'This gateway is not connected to the network now, so it could not ask anybody.',
        advice: 'It reconnects by itself: ask again in a few seconds, or use another gateway.',
        retryAfterS: RETRY_SOON_S,
      }
    case 'ERR_CLOCK':
      return {
        status: 503,
        code,
        message,
        advice: "This gateway's operator can see at /readyz how far its clock is off. Use another gateway, or ask again later.",
        retryAfterS: RETRY_SOON_S,
      }
    case 'ERR_UNAVAILABLE':
      return unavailable('Somebody holds this page, but no holder sent the right bytes in time.')
    case 'ERR_TOO_LARGE':
      return { status: 413, code, message, advice: 'Share something smaller.' }
    case 'ERR_LIMIT':
      return { status: 429, code, message, advice: 'Ask again later.', retryAfterS: RETRY_SOON_S }
    case 'ERR_BAD_KEY':
    case 'ERR_BAD_PATH':
    case 'ERR_BAD_OPTION':
    case 'ERR_BAD_RULE':
      return { status: 400, code, message }
    case 'ERR_BAD_END':
      return {
        status: 400,
        code,
        number: PROBLEM_NUMBERS.notAnEnd,
        message,
        advice: 'An end is a name without white space (/to/wall, or /to/%23wall), or a hashname of 52 letters and digits.',
      }
    case 'ERR_BAD_MESSAGE':
      return {
        status: 400,
        code,
        number: PROBLEM_NUMBERS.badMessage,
        message,
        advice: 'GET /limits lists the limits of a message.',
      }
    case 'ERR_NOT_STORED':
      return {
        status: 507,
        code: 'ERR_REFUSED',
        number: PROBLEM_NUMBERS.notStored,
        reason: 'not-stored',
        message: 'It was not stored: this gateway cannot write to its disk, which is full or read-only.',
        advice: 'What was stored before is safe. Send it again later, or to another gateway.',
        retryAfterS: RETRY_DISK_S,
      }
    case 'ERR_UNTRUSTED':
      return {
        status: 400,
        code,
        message: 'A part of this content cannot be checked by itself.',
        advice: 'Ask for the whole, or for a part with the o of its link.',
      }
    case 'ERR_BAD_FRAME':
      return unavailable('A peer sent an answer that could not be read.')
    case 'ERR_WRONG_KEY':
    case 'ERR_DAMAGED':
    case 'ERR_NO_CRYPTO':
      return null // a gateway opens no private content
    default:
      return noProblem(code)
  }
}

/** The other codes are those of people, whom a gateway never calls, and of shares: what it passes on to a drop box has answers of its own. */
function noProblem(_code: PeopleErrorCode | SharingErrorCode): null {
  return null
}

function unavailable(message: string): Problem {
  return {
    status: 504,
    code: 'ERR_UNAVAILABLE',
    message,
    advice: 'Ask again in a few seconds.',
    tried: TRIED,
    retryAfterS: RETRY_SOON_S,
  }
}

/** Of a message that is in the outbox. */
const SENT_AGAIN = 'It is sent again by itself until its time is over.'

/**
 * The problem of a refused message.
 *
 * @param details its id, all zero where there is none; and when it may be posted again, in ms, if the refusing peer said so
 */
export function refusalProblem(reason: MessageRefusal, details: { id?: Key; retryAfterMs?: number } = {}): Problem {
  const { id, retryAfterMs } = details
  const { status, httpNumber, sentence, isFinal, retryAfterS, ...row } = REFUSALS[reason]
  const isKept = id?.some((byte) => byte !== 0) === true
  const advice = [row.advice, isKept && !isFinal && SENT_AGAIN].filter((text) => text).join(' ')
  const seconds = retryAfterMs === undefined ? retryAfterS : Math.ceil(retryAfterMs / 1_000)
  return {
    code: 'ERR_REFUSED',
    reason,
    status,
    number: httpNumber,
    message: `The message was refused: ${sentence}.`,
    ...(advice !== '' && { advice }),
    ...(isKept && { id: encodeKeyHex(id) }),
    ...(seconds !== undefined && { retryAfterS: seconds }),
  }
}
