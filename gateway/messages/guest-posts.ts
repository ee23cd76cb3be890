/**
 * `POST /api/v1/envelopes`: takes messages that their senders have signed, as a home takes those of its tabs, and answers with what became of
 * them: this node's word, and the signed statements of receivers, which the sender checks. `GET` tells what is taken, and whether this node
 * is in the network; `GET /api/v1/public-keys/<hashname, hex>` for whom a message is to be sealed.
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { decodeKeyHex, type GuestPosted, type GuestPosts, MAX_ENVELOPE_BYTES, MayflyError, type Peer } from '../../node/index.ts'
import { requireHash } from '../http/address.ts'
import { readBoundedBody } from '../http/bounded-body.ts'
import { problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { OWN_DATA_HEADERS } from '../http/security-headers.ts'
import type { ClientQuota } from '../limits/client-quota.ts'
import type { FirstJoin } from '../limits/first-join.ts'
import type { PostAdmission } from '../limits/post-admission.ts'
import type { RateLimit } from '../limits/rate-limit.ts'
import type { GatewayRequest } from '../types.ts'

interface GuestAnswersParts {
  peer: Pick<Peer, 'status'>
  /** Undefined where this gateway's peer takes none. */
  guests: GuestPosts | undefined
  admit: PostAdmission
  /** Of the searches of each client, and of its requests that stay open: looking for a public key is both. */
  rate: RateLimit
  open: ClientQuota
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
/** How long a node that has just started may take to join, in ms: senders wait for the answer as long as all of it may take, and a second. */
const JOIN_MS = 2_000

export type GuestAnswers = ReturnType<typeof createGuestAnswers>

export function createGuestAnswers(parts: GuestAnswersParts) {
  const { peer, guests, admit, rate, open, firstJoin, maxMessageBytes, authorize, closing } = parts
  const signalOf = ({ request }: GatewayRequest, ...more: AbortSignal[]) => AbortSignal.any([request.signal, closing, ...more])

  function requireGuests(incoming: GatewayRequest): GuestPosts {
    authorize(incoming)
    if (guests !== undefined) return guests
    throw problemError(404, 'ERR_NOT_FOUND', 'This gateway takes no signed messages.')
  }

  return {
    async terms(incoming: GatewayRequest): Promise<Response> {
      const { now } = requireGuests(incoming)
      await firstJoin(signalOf(incoming), JOIN_MS)
      return answerJson({ maxMessageBytes, nowMs: now(), joined: peer.status().joined })
    },
    /** @throws {ProblemError} 4xx, 503 */
    async post(incoming: GatewayRequest): Promise<Response> {
      const { post } = requireGuests(incoming)
      const { address } = incoming.client
      const leave = admit(address)
      try {
        const envelope = await readBoundedBody(incoming.request, MAX_ENVELOPE_BYTES, tooLarge)
        const signal = signalOf(incoming)
        await firstJoin(signal, JOIN_MS)
        return answerJson(factsOf(await post(envelope, { client: address.group, signal })))
      } finally {
        leave()
      }
    },
    /**
     * Null says that nobody who was asked knows it: where nobody could be asked, the answer is no such word.
     *
     * @throws {ProblemError} 4xx
     * @throws {MayflyError} ERR_NO_NETWORK, ERR_LIMIT
     * @throws TimeoutError
     */
    async publicKey(text: string, incoming: GatewayRequest): Promise<Response> {
      const { findPublicKey } = requireGuests(incoming)
      const end = decodeKeyHex(requireHash(text))
      const { address } = incoming.client
      rate.take(address)
      const leave = open.enter(address)
      try {
        await firstJoin(signalOf(incoming), JOIN_MS)
        const publicKey = await findPublicKey(end, { signal: signalOf(incoming, timeoutSignal(KEY_MS)) })
        if (publicKey !== undefined) return answerJson({ publicKey: base64(publicKey) })
        if (peer.status().joined) return answerJson({ publicKey: null })
      } finally {
        leave()
      }
      throw new MayflyError('ERR_NO_NETWORK', 'Cannot look for a public key: not connected to the overlay')
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
