/** `POST /to/<end>`: posts a message that comes over HTTP, and answers with its outcome. */

import { ENVELOPE_DEFAULTS, type MessageDraft, type Messages, type PostOptions } from '../../node/index.ts'
import { waitOf } from '../http/link-query.ts'
import { problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { createClientQuota } from '../limits/client-quota.ts'
import type { FirstJoin } from '../limits/first-join.ts'
import { createRateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'
import { answerPosted } from './post-answer.ts'
import { maxPostBytes, readDraft } from './post-draft.ts'
import { createWaitingPosts, type WaitingPost } from './waiting-posts.ts'

interface MessagePostsParts {
  post: Messages['post']
  /** Given where clients share the outbox with its owner: they get a bounded part of it. */
  onOutbox?: Messages['onOutbox']
  /** Left out where posts need not wait for the network. */
  firstJoin?: FirstJoin
  limits: GatewayLimits
  /** The largest body of a message, in bytes. */
  maxMessageBytes: number
  /** Throws for a client that may not post here. */
  authorize: (incoming: GatewayRequest) => void
  /** The field `via` of a message that this gateway signs for a client; undefined where it signs for its own user. */
  via: (incoming: GatewayRequest) => string | undefined
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

export function createMessagePosts(parts: MessagePostsParts) {
  const { limits, closing, onOutbox } = parts
  const now = () => performance.now()
  const rate = createRateLimit({
    burst: limits.postBurst,
    perSecond: limits.postsPerSecond,
    now,
    words: { does: 'posts', things: 'messages' },
    number: PROBLEM_NUMBERS.postRate,
  })
  const open = createClientQuota({
    maxOpen: limits.maxPosts,
    maxOpenPerAddress: limits.maxPostsPerAddress,
    what: 'posts under way',
    number: PROBLEM_NUMBERS.postsUnderWay,
  })
  const enterWaiting =
    onOutbox &&
    createWaitingPosts({
      maxWaiting: limits.maxWaitingPosts,
      maxWaitingPerAddress: limits.maxWaitingPostsPerAddress,
      onOutbox,
      closing,
      now,
    })

  /** Adds the field `via`, which shows the reader that a gateway signed the message. A client may not set it. */
  function addVia(draft: MessageDraft, incoming: GatewayRequest): MessageDraft {
    const via = parts.via(incoming)
    if (draft.fields?.via !== undefined) {
      throw problemError(400, 'ERR_BAD_REQUEST', 'The gateway, which signs the message, sets the field "via" itself.', {
        number: PROBLEM_NUMBERS.notAMessage,
      })
    }
    return via === undefined ? draft : { ...draft, fields: { ...draft.fields, via } }
  }

  return {
    /** The largest body of a post, in bytes. */
    maxBodyBytes: maxPostBytes(parts.maxMessageBytes),
    /** @throws {ProblemError} 4xx, 503, 504 */
    async answer(end: string, incoming: GatewayRequest): Promise<Response> {
      parts.authorize(incoming)
      const waitMs = waitOf(incoming.query, limits.maxWaitMs)
      const { address } = incoming.client
      // A proxy in front counts from the request on.
      const endsAtMs = now() + (waitMs ?? Number.POSITIVE_INFINITY)
      const left = () => Math.max(0, endsAtMs - now())
      rate.take(address)
      const leave = open.enter(address)
      let place: WaitingPost | undefined
      try {
        const draft = addVia(await readDraft(incoming.request, parts.maxMessageBytes), incoming)
        place = enterWaiting?.(address, Buffer.byteLength(draft.body))
        const signal = AbortSignal.any([incoming.request.signal, closing])
        await parts.firstJoin?.(signal, left())
        const options: PostOptions = {
          ...(waitMs !== undefined && { waitMs: left() }),
          signal,
          onKept: (id) => place?.kept(id, draft.ttlMs ?? ENVELOPE_DEFAULTS.ttlMs),
        }
        return answerPosted(await parts.post(end, draft, options))
      } finally {
        place?.settled()
        leave()
      }
    },
  }
}
