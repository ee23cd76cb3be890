/** `POST /to/<end>`: posts a message that comes over HTTP, and answers with its outcome; `GET /api/v1/messages/<id>`: what became of it. */

import {
  decodeKeyHex,
  ENVELOPE_DEFAULTS,
  type Inbox,
  isKeyHex,
  type MessageDraft,
  type Messages,
  OUTBOX_DEFAULTS,
  type PostOptions,
} from '../../node/index.ts'
import { waitOf } from '../http/link-query.ts'
import { problemError } from '../http/problem.ts'
import { PROBLEM_NUMBERS } from '../http/problem-numbers.ts'
import type { FirstJoin } from '../limits/first-join.ts'
import type { PostAdmission } from '../limits/post-admission.ts'
import { createRateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'
import { answerEntry, answerPosted } from './post-answer.ts'
import { maxPostBytes, readDraft } from './post-draft.ts'
import { createWaitingPosts, type WaitingPost } from './waiting-posts.ts'

interface MessagePostsParts {
  post: Inbox['post']
  /** Of the outbox, which bounds how many are remembered. */
  entry: Inbox['entry']
  /** The origin of the links in answers; without one, the origin of the request. */
  publicUrl?: string | undefined
  /** Given where clients share the outbox with its owner: they get a bounded part of it. */
  onOutbox?: Messages['onOutbox']
  /** Left out where posts need not wait for the network. */
  firstJoin?: FirstJoin
  /** Shared by all that is posted here. */
  admit: PostAdmission
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

export type MessagePosts = ReturnType<typeof createMessagePosts>

const DAY_MS = 86_400_000

export function createMessagePosts(parts: MessagePostsParts) {
  const { limits, closing, onOutbox } = parts
  const now = () => performance.now()
  const askRate = createRateLimit({
    burst: limits.searchBurst,
    perSecond: limits.searchesPerSecond,
    now,
    words: { does: 'asks', things: 'questions' },
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
      const leave = parts.admit(address)
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
        const posted = await parts.post(end, draft, options)
        return answerPosted(posted, parts.publicUrl ?? incoming.request.url)
      } finally {
        place?.settled()
        leave()
      }
    },
    /**
     * Tells the state of a message, and how many stored it, to everybody who has its id and may post here.
     *
     * @throws {ProblemError} 400, 403, 404
     */
    async state(text: string, incoming: GatewayRequest): Promise<Response> {
      parts.authorize(incoming)
      askRate.take(incoming.client.address)
      if (!isKeyHex(text)) {
        throw problemError(400, 'ERR_BAD_KEY', 'That is not the id of a message: expected 64 lower-case hex digits.')
      }
      const entry = await parts.entry(decodeKeyHex(text))
      if (entry !== undefined) return answerEntry(entry)
      throw problemError(404, 'ERR_NOT_FOUND', 'This gateway remembers no message with that id.', {
        number: PROBLEM_NUMBERS.unknownMessage,
        advice: `What became of the last ${OUTBOX_DEFAULTS.maxDone} messages is remembered, for ${OUTBOX_DEFAULTS.keepDoneMs / DAY_MS} days.`,
      })
    },
  }
}
