/** `POST /to/<end>`: posts a message that comes over HTTP, and answers with its outcome. */

import { ENVELOPE_DEFAULTS, type MessageDraft, type Messages, type PostOptions } from '../../node/index.ts'
import { problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import { waitOf } from '../http/wait-query.ts'
import { ClientQuota } from '../limits/client-quota.ts'
import { RateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'
import { answerPosted } from './post-answer.ts'
import { maxPostBytes, readDraft } from './post-draft.ts'
import { type WaitingPost, WaitingPosts } from './waiting-posts.ts'

export interface MessagePostsParts {
  post: Messages['post']
  /** Given where clients share the outbox with its owner: they get a bounded part of it. */
  onOutbox?: Messages['onOutbox']
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

export class MessagePosts {
  readonly #parts: MessagePostsParts
  readonly #rate: RateLimit
  readonly #open: ClientQuota
  readonly #waiting: WaitingPosts | null

  constructor(parts: MessagePostsParts) {
    this.#parts = parts
    const { postBurst, postsPerSecond, maxPosts, maxPostsPerAddress } = parts.limits
    this.#rate = new RateLimit({
      burst: postBurst,
      perSecond: postsPerSecond,
      now: () => performance.now(),
      words: { does: 'posts', things: 'messages' },
      number: PROBLEM_NUMBERS.postRate,
    })
    this.#open = new ClientQuota({
      maxOpen: maxPosts,
      maxOpenPerAddress: maxPostsPerAddress,
      what: 'posts under way',
      number: PROBLEM_NUMBERS.postsUnderWay,
    })
    const { onOutbox, closing } = parts
    const { maxWaitingPosts: maxWaiting, maxWaitingPostsPerAddress: maxWaitingPerAddress } = parts.limits
    const now = () => performance.now()
    this.#waiting = onOutbox === undefined ? null : new WaitingPosts({ maxWaiting, maxWaitingPerAddress, onOutbox, closing, now })
  }

  /** The largest body of a post, in bytes. */
  get maxBodyBytes(): number {
    return maxPostBytes(this.#parts)
  }

  /** @throws {ProblemError} 4xx, 503, 504 */
  async answer(end: string, incoming: GatewayRequest): Promise<Response> {
    const { authorize, closing, limits, post } = this.#parts
    authorize(incoming)
    const waitMs = waitOf(incoming.query, limits.maxWaitMs)
    const { address } = incoming.client
    this.#rate.take(address)
    const leave = this.#open.enter(address)
    let place: WaitingPost | undefined
    try {
      const draft = this.#signed(await readDraft(incoming.request, this.#parts), incoming)
      place = this.#waiting?.enter(address, Buffer.byteLength(draft.body))
      const options: PostOptions = {
        ...(waitMs !== undefined && { waitMs }),
        signal: AbortSignal.any([incoming.request.signal, closing]),
        onKept: (id) => place?.kept(id, draft.ttlMs ?? ENVELOPE_DEFAULTS.ttlMs),
      }
      return answerPosted(await post(end, draft, options))
    } finally {
      place?.settled()
      leave()
    }
  }

  /** Adds the field `via`, which shows the reader that a gateway signed the message. A client may not set it. */
  #signed(draft: MessageDraft, incoming: GatewayRequest): MessageDraft {
    const via = this.#parts.via(incoming)
    if (draft.fields?.via !== undefined) {
      throw problemError(400, 'ERR_BAD_REQUEST', 'The gateway, which signs the message, sets the field "via" itself.', {
        number: PROBLEM_NUMBERS.notAMessage,
      })
    }
    return via === undefined ? draft : { ...draft, fields: { ...draft.fields, via } }
  }
}
