/**
 * `POST /api/v1/envelopes`: takes messages that their senders have signed, as a home takes those of its tabs, and answers with what became of
 * them: this node's word, and the signed statements of receivers, which the sender checks. `GET` tells what is taken; `GET
 * /api/v1/public-keys/<hashname, hex>` for whom a message is to be sealed.
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { decodeKeyHex, type GuestPosted, type GuestPosts, MAX_ENVELOPE_BYTES } from '../../node/index.ts'
import { requireHash } from '../http/address.ts'
import { readBoundedBody } from '../http/bounded-body.ts'
import { problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import type { FirstJoin } from '../limits/first-join.ts'
import type { PostAdmission } from '../limits/post-admission.ts'
import type { GatewayRequest } from '../types.ts'

interface GuestAnswersParts {
  /** Undefined where this gateway's peer takes none. */
  guests: GuestPosts | undefined
  admit: PostAdmission
  firstJoin: FirstJoin
  /** The largest body of a message, in bytes. */
  maxMessageBytes: number
  /** Throws for a client that may not post here. */
  authorize(incoming: GatewayRequest): void
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

/** How long others may take to tell a public key, in ms. */
const KEY_MS = 4_000
/** How long a node that has just started may take to join, in ms. */
const JOIN_MS = 5_000

export type GuestAnswers = ReturnType<typeof createGuestAnswers>

export function createGuestAnswers({ guests, admit, firstJoin, maxMessageBytes, authorize, closing }: GuestAnswersParts) {
  function requireGuests(incoming: GatewayRequest): GuestPosts {
    authorize(incoming)
    if (guests !== undefined) return guests
    throw problemError(404, 'ERR_NOT_FOUND', 'This gateway takes no signed messages.')
  }

  return {
    terms(incoming: GatewayRequest): Response {
      return answerJson({ maxMessageBytes, nowMs: requireGuests(incoming).now() })
    },
    /** @throws {ProblemError} 4xx, 503 */
    async post(incoming: GatewayRequest): Promise<Response> {
      const { post } = requireGuests(incoming)
      const leave = admit(incoming.client.address)
      try {
        const envelope = await readBoundedBody(incoming.request, MAX_ENVELOPE_BYTES, tooLarge)
        const signal = AbortSignal.any([incoming.request.signal, closing])
        await firstJoin(signal, JOIN_MS)
        return answerJson(factsOf(await post(envelope, { signal })))
      } finally {
        leave()
      }
    },
    /** @throws {ProblemError} 4xx */
    async publicKey(text: string, incoming: GatewayRequest): Promise<Response> {
      const { findPublicKey } = requireGuests(incoming)
      const end = decodeKeyHex(requireHash(text))
      const leave = admit(incoming.client.address)
      try {
        const signal = AbortSignal.any([incoming.request.signal, closing, timeoutSignal(KEY_MS)])
        const publicKey = await findPublicKey(end, { signal }).catch(() => undefined)
        return answerJson({ publicKey: publicKey === undefined ? null : base64(publicKey) })
      } finally {
        leave()
      }
    },
  }
}

function factsOf({ receipts, declines, ...progress }: GuestPosted): Record<string, unknown> {
  return { ...progress, receipts: receipts.map(base64), declines: declines.map(base64) }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

function answerJson(facts: Record<string, unknown>): Response {
  return new Response(`${JSON.stringify(facts)}\n`, { headers: { ...OWN_DATA_HEADERS, 'content-type': 'application/json' } })
}

function tooLarge() {
  return problemError(413, 'ERR_TOO_LARGE', `A signed message has at most ${MAX_ENVELOPE_BYTES} bytes.`, {
    number: PROBLEM_NUMBERS.bodyTooLarge,
  })
}
