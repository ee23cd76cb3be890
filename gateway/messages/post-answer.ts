/** The outcome of a message, as the answer to its post. */

import { encodeKeyHex, hashnameOf, type MessageRefusal, type Posted } from '../../node/index.ts'
import { ProblemError } from '../http/problem.ts'
import { refusalProblem } from '../http/refusal.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'

export interface PostFacts {
  /** Hex. */
  id: string
  state: 'stored' | 'heard' | 'queued'
  /** The receivers that have stored it, by hashname. */
  receipts: { receiver: string; storedAtMs: number }[]
  /** With 'heard': the number of taps that got it. */
  taps?: number
  /** With 'queued': the number of record nodes that keep it, and until when at the latest. */
  nodes?: number
  untilMs?: number
  /** With 'queued': the refusal of the first attempt, when there was one that may pass. */
  reason?: MessageRefusal
}

/**
 * 200 for a stored message, 202 for one that is not stored yet.
 *
 * @throws {ProblemError} when it was refused
 */
export function answerPosted(posted: Posted): Response {
  const facts = postFacts(posted)
  const headers = { ...OWN_DATA_HEADERS, 'content-type': 'application/json' }
  return new Response(`${JSON.stringify(facts)}\n`, { status: facts.state === 'stored' ? 200 : 202, headers })
}

function postFacts({ id: key, outcome }: Posted): PostFacts {
  const { state } = outcome
  const id = encodeKeyHex(key)
  switch (state) {
    case 'stored': {
      const receipts = outcome.receipts.map(({ receiver, storedAtMs }) => ({ receiver: hashnameOf(receiver), storedAtMs }))
      return { id, state, receipts }
    }
    case 'heard':
      return { id, state, receipts: [], taps: outcome.taps }
    case 'queued': {
      const { nodes, untilMs, reason } = outcome
      return { id, state, receipts: [], nodes, untilMs, ...(reason !== undefined && { reason }) }
    }
    case 'refused': {
      const { reason, retryAfterMs } = outcome
      throw new ProblemError(refusalProblem(reason, { id: key, ...(retryAfterMs !== undefined && { retryAfterMs }) }))
    }
    case 'expired':
      throw new ProblemError(refusalProblem('expired', { id: key }))
  }
}
