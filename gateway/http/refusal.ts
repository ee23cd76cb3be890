/** A refused message as an HTTP problem. */

import { encodeKeyHex, type Key, type MessageRefusal, REFUSALS } from '../../node/index.ts'
import type { Problem } from './problem.ts'

export interface RefusalDetails {
  /** Of the message; all zero where there is none. */
  id?: Key
  /** When it may be posted again, in ms, if the refusing peer said so. */
  retryAfterMs?: number
}

export function refusalProblem(reason: MessageRefusal, { id, retryAfterMs }: RefusalDetails = {}): Problem {
  const { status, httpNumber, sentence, advice, retryAfterS } = REFUSALS[reason]
  const seconds = retryAfterMs === undefined ? retryAfterS : Math.ceil(retryAfterMs / 1_000)
  return {
    code: 'ERR_REFUSED',
    reason,
    status,
    number: httpNumber,
    message: `The message was refused: ${sentence}.`,
    ...(advice !== undefined && { advice }),
    ...(id?.some((byte) => byte !== 0) && { id: encodeKeyHex(id) }),
    ...(seconds !== undefined && { retryAfterS: seconds }),
  }
}
