/** What became of a message, as the answer to its post. */

import { encodeKeyHex, hashnameOf, type Posted } from '../node/index.ts'
import { ProblemError } from './problem.ts'
import { refusalProblem } from './refusal.ts'
import { OWN_DATA_HEADERS } from './security-headers.ts'

export interface PostFacts {
  /** Hex. */
  id: string
  state: 'stored' | 'heard' | 'queued'
  /** Who is known to have stored it: hashnames. */
  receipts: { receiver: string; storedAtMs: number }[]
  /** Of 'heard': so many listened. */
  taps?: number
  /** Of 'queued': so many record nodes keep it, until then at the longest. */
  nodes?: number
  untilMs?: number
}

/**
 * 200 when it is stored, 202 when it is not yet.
 *
 * @throws {ProblemError} when it was refused
 */
export function answerPosted(posted: Posted): Response {
  const facts = postFacts(posted)
  const headers = { ...OWN_DATA_HEADERS, 'content-type': 'application/json' }
  return new Response(`${JSON.stringify(facts)}\n`, { status: facts.state === 'stored' ? 200 : 202, headers })
}

function postFacts({ id, outcome }: Posted): PostFacts {
  const shared = { id: encodeKeyHex(id), receipts: [] }
  switch (outcome.state) {
    case 'stored': {
      const receipts = outcome.receipts.map(({ receiver, storedAtMs }) => ({ receiver: hashnameOf(receiver), storedAtMs }))
      return { ...shared, state: 'stored', receipts }
    }
    case 'heard':
      return { ...shared, state: 'heard', taps: outcome.taps }
    case 'queued':
      return { ...shared, state: 'queued', nodes: outcome.nodes, untilMs: outcome.untilMs }
    case 'refused':
      throw new ProblemError(
        refusalProblem(outcome.reason, { id, ...(outcome.retryAfterMs !== undefined && { retryAfterMs: outcome.retryAfterMs }) }),
      )
    case 'expired':
      throw new ProblemError(refusalProblem('expired', { id }))
  }
}
