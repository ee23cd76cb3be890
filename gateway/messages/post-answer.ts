/** The outcome of a message, as the answer to its post. */

import { encodeKeyHex, hashnameOf, type Posted } from '../../node/index.ts'
import { ProblemError, refusalProblem } from '../http/problem.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'

/**
 * Answers with the facts of the outcome: 200 for a stored message, 202 for one that is not stored yet.
 *
 * @throws {ProblemError} when it was refused
 */
export function answerPosted({ id, outcome }: Posted): Response {
  switch (outcome.state) {
    case 'stored': {
      const receipts = outcome.receipts.map(({ receiver, storedAtMs }) => ({ receiver: hashnameOf(receiver), storedAtMs }))
      return answerFacts(200, { id: encodeKeyHex(id), state: outcome.state, receipts })
    }
    case 'heard': // by `taps` taps
      return answerFacts(202, { id: encodeKeyHex(id), state: outcome.state, receipts: [], taps: outcome.taps })
    case 'queued': {
      // `nodes` record nodes keep it, at the latest until `untilMs`. `reason`: of a refusal of the first attempt that may pass.
      const { state, nodes, untilMs, reason } = outcome
      return answerFacts(202, { id: encodeKeyHex(id), state, receipts: [], nodes, untilMs, reason })
    }
    case 'refused': {
      const { reason, retryAfterMs } = outcome
      throw new ProblemError(refusalProblem(reason, { id, ...(retryAfterMs !== undefined && { retryAfterMs }) }))
    }
    case 'expired':
      throw new ProblemError(refusalProblem('expired', { id }))
  }
}

function answerFacts(status: number, facts: Record<string, unknown>): Response {
  return new Response(`${JSON.stringify(facts)}\n`, { status, headers: { ...OWN_DATA_HEADERS, 'content-type': 'application/json' } })
}
