/** What became of a message, as the answer to its post. */

import { encodeKeyBase32, encodeKeyHex, type Posted, sha256 } from '../node/index.ts'
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
export async function answerPosted(posted: Posted): Promise<Response> {
  const facts = await postFacts(posted)
  const headers = { ...OWN_DATA_HEADERS, 'content-type': 'application/json' }
  return new Response(`${JSON.stringify(facts)}\n`, { status: facts.state === 'stored' ? 200 : 202, headers })
}

async function postFacts({ id, outcome }: Posted): Promise<PostFacts> {
  const shared = { id: encodeKeyHex(id), receipts: [] }
  switch (outcome.state) {
    case 'stored': {
      const receipts = outcome.receipts.map(async ({ receiver, storedAtMs }) => ({
        receiver: encodeKeyBase32(await sha256(receiver)),
        storedAtMs,
      }))
      return { ...shared, state: 'stored', receipts: await Promise.all(receipts) }
    }
    case 'heard':
      return { ...shared, state: 'heard', taps: outcome.taps }
    case 'queued':
      return { ...shared, state: 'queued', nodes: outcome.nodes, untilMs: outcome.untilMs }
    case 'refused':
      throw new ProblemError(refusalProblem(outcome.reason, outcome.retryAfterMs))
    case 'expired':
      throw new ProblemError(refusalProblem('expired'))
  }
}
