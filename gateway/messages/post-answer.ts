/** The outcome of a message, as the answer to its post, and to questions about it later. */

import { encodeKeyHex, hashnameOf, type OutboxEntry, type Posted, REFUSALS } from '../../node/index.ts'
import { ProblemError, refusalProblem } from '../http/problem.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'

/**
 * Answers with the facts of the outcome: 200 for a stored message, 202 for one that is not stored yet. `url`, also as Location, tells its
 * state later.
 *
 * @param origin of the URL
 * @throws {ProblemError} when it was refused
 */
export function answerPosted({ id, outcome }: Posted, origin: string): Response {
  const { state } = outcome
  const path = `/api/v1/messages/${encodeKeyHex(id)}`
  const answer = (status: number, facts: Record<string, unknown>) =>
    answerFacts(status, { id: encodeKeyHex(id), state, ...facts, url: new URL(path, origin).href }, { location: path })
  switch (state) {
    case 'stored': {
      const receipts = outcome.receipts.map(({ receiver, storedAtMs }) => ({ receiver: hashnameOf(receiver), storedAtMs }))
      return answer(200, { receipts })
    }
    case 'heard': // by `taps` taps
      return answer(202, { receipts: [], taps: outcome.taps })
    case 'queued': {
      // `nodes` record nodes keep it, at the latest until `untilMs`. `reason`: of a refusal of the first attempt that may pass.
      const { nodes, untilMs, reason } = outcome
      return answer(202, { receipts: [], nodes, untilMs, reason })
    }
    case 'refused': {
      const { reason, retryAfterMs } = outcome
      throw new ProblemError(refusalProblem(reason, { id, ...(retryAfterMs !== undefined && { retryAfterMs }) }))
    }
    case 'expired':
      throw new ProblemError(refusalProblem('expired', { id }))
  }
}

/** Answers with the state of a message in the outbox. Listeners of an open end know its id, too, so only numbers are told of its receivers. */
export function answerEntry(entry: OutboxEntry): Response {
  return answerFacts(200, { id: encodeKeyHex(entry.id), ...stateFacts(entry), isFinal: entry.isDone })
}

function stateFacts({ outcome, expiresAtMs, isDone }: OutboxEntry): Record<string, unknown> {
  const waiting = { state: 'queued', nodes: 0, untilMs: expiresAtMs }
  if (outcome === undefined) return waiting
  switch (outcome.state) {
    case 'stored':
      return { state: 'stored', receivers: outcome.receipts.length }
    case 'refused': {
      const { reason } = outcome
      return isDone
        ? { state: 'refused', reason, message: `The message was refused: ${REFUSALS[reason].sentence}.` }
        : { ...waiting, reason }
    }
    default:
      return outcome
  }
}

function answerFacts(status: number, facts: Record<string, unknown>, headers: Record<string, string> = {}): Response {
  return new Response(`${JSON.stringify(facts)}\n`, {
    status,
    headers: { ...OWN_DATA_HEADERS, 'content-type': 'application/json', ...headers },
  })
}
