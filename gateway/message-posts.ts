/** `POST /to/<end>`: takes a message over HTTP, posts it in the name that was handed in, and tells what became of it. */

import type { MessageDraft, Messages, PostOptions } from '../node/index.ts'
import { OpenRequests } from './open-requests.ts'
import { answerPosted } from './post-answer.ts'
import { maxPostBytes, readDraft } from './post-draft.ts'
import { ProblemError } from './problem.ts'
import { RateLimit } from './rate-limit.ts'
import type { GatewayLimits, Visit } from './types.ts'
import { waitOf } from './wait-query.ts'

export interface MessagePostsParts {
  post: Messages['post']
  limits: GatewayLimits
  /** The largest body of a message, in bytes. */
  maxMessageBytes: number
  /** Throws for who may not post here. */
  authorize: (visit: Visit) => void
  /** What the field `via` says of a message that this gateway signs for somebody else; undefined where it signs for its own user. */
  via: (visit: Visit) => string | undefined
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

export class MessagePosts {
  readonly #parts: MessagePostsParts
  readonly #rate: RateLimit
  readonly #open: OpenRequests

  constructor(parts: MessagePostsParts) {
    this.#parts = parts
    const { postBurst, postsPerSecond, maxPosts, maxPostsPerAddress } = parts.limits
    this.#rate = new RateLimit({
      burst: postBurst,
      perSecond: postsPerSecond,
      now: () => performance.now(),
      words: { does: 'posts', things: 'messages' },
      number: 42_905,
    })
    this.#open = new OpenRequests({ maxOpen: maxPosts, maxOpenPerAddress: maxPostsPerAddress, what: 'posts under way', number: 42_906 })
  }

  /** Bytes that the body of a post may have. */
  get maxBodyBytes(): number {
    return maxPostBytes(this.#parts)
  }

  /** @throws {ProblemError} 4xx, 503, 504 */
  async answer(end: string, visit: Visit): Promise<Response> {
    const { authorize, closing, limits, post } = this.#parts
    authorize(visit)
    const waitMs = waitOf(visit.query, limits.maxWaitMs)
    const { address = '' } = visit.client
    this.#rate.take(address)
    const leave = this.#open.enter(address)
    try {
      const options: PostOptions = { ...(waitMs !== undefined && { waitMs }), signal: AbortSignal.any([visit.request.signal, closing]) }
      const draft = this.#signed(await readDraft(visit.request, this.#parts), visit)
      return answerPosted(await post(end, draft, options))
    } finally {
      leave()
    }
  }

  /** Who reads a message that a gateway signed must see that it did: nobody else may say so, or say that it was another. */
  #signed(draft: MessageDraft, visit: Visit): MessageDraft {
    const via = this.#parts.via(visit)
    if (draft.fields?.via !== undefined) {
      throw new ProblemError({
        status: 400,
        code: 'ERR_BAD_REQUEST',
        number: 40_001,
        message: 'The field "via" is for the gateway to say, which signs the message.',
      })
    }
    return via === undefined ? draft : { ...draft, fields: { ...draft.fields, via } }
  }
}
