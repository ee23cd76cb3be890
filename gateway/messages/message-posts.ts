/** `POST /to/<end>`: takes a message over HTTP, posts it in the name that was handed in, and tells what became of it. */

import { ENVELOPE_DEFAULTS, type MessageDraft, type Messages, type PostOptions } from '../../node/index.ts'
import { ProblemError } from '../http/problem.ts'
import { waitOf } from '../http/wait-query.ts'
import { OpenRequests } from '../limits/open-requests.ts'
import { RateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, Visit } from '../types.ts'
import { answerPosted } from './post-answer.ts'
import { maxPostBytes, readDraft } from './post-draft.ts'
import { type WaitingPost, WaitingPosts } from './waiting-posts.ts'

export interface MessagePostsParts {
  post: Messages['post']
  /** Where visitors share the outbox: they have a bounded part of it. Absent where it is all the user's own. */
  onOutbox?: Messages['onOutbox']
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
  readonly #waiting: WaitingPosts | null

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
    const { onOutbox, closing } = parts
    const { maxWaitingPosts: maxWaiting, maxWaitingPostsPerAddress: maxWaitingPerAddress } = parts.limits
    const now = () => performance.now()
    this.#waiting = onOutbox === undefined ? null : new WaitingPosts({ maxWaiting, maxWaitingPerAddress, onOutbox, closing, now })
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
    let place: WaitingPost | undefined
    try {
      const draft = this.#signed(await readDraft(visit.request, this.#parts), visit)
      place = this.#waiting?.enter(address, Buffer.byteLength(draft.body))
      const options: PostOptions = {
        ...(waitMs !== undefined && { waitMs }),
        signal: AbortSignal.any([visit.request.signal, closing]),
        onKept: (id) => place?.kept(id, draft.ttlMs ?? ENVELOPE_DEFAULTS.ttlMs),
      }
      return answerPosted(await post(end, draft, options))
    } finally {
      place?.settled()
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
