/** Posts signed messages through a gateway, without a peer. Its answers are a stranger's: the sender checks what they say. */

import { createSemaphore } from '../../async/semaphore.ts'
import type { GuestPosted, GuestPosts } from '../../index.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import { refusalReasonOf } from '../../messages/lone-sender.ts'
import type { AbortOptions } from '../../types.ts'
import { readJson, requestGateway } from './gateway-request.ts'

export interface GatewayPosts extends GuestPosts {
  /** Largest message that it takes, in bytes of its body. */
  readonly maxMessageBytes: number
}

const PATH = '/api/v1/envelopes'
/** Statements of receivers that are read of one answer, as many as a tab's home passes on. */
const MAX_STATEMENTS = 64
/** Posts at once: an outbox may have thousands of older messages, and a gateway takes so many of one address. */
const MAX_POSTS = 8
/** A gateway waits for receivers for some seconds. */
const POST_MS = 10_000
/** Clocks this near to each other pass for the same, in ms: an answer takes a while. */
const SAME_CLOCK_MS = 2_000

/**
 * Resolves with undefined when the gateway cannot be reached, or is of an older version: a peer tries longer, and says why.
 *
 * @throws signal.reason, when aborted
 */
export async function openGatewayPosts(
  origin: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<GatewayPosts | undefined> {
  const ask = (path: string, { signal: own, body }: AbortOptions & { body?: Uint8Array }, ms = timeoutMs) =>
    requestGateway({ origin, path, accept: 'application/json', timeoutMs: ms, ...(own && { signal: own }), ...(body && { body }) })
  const askJson = async (...asked: Parameters<typeof ask>) => (await readJson(await ask(...asked))) ?? {}

  const terms = await askJson(PATH, { signal }).catch(() => undefined)
  signal.throwIfAborted()
  const { maxMessageBytes, nowMs } = terms ?? {}
  if (!isCount(maxMessageBytes) || !isCount(nowMs)) return undefined
  const aheadMs = Date.now() - nowMs
  const offMs = Math.abs(aheadMs) < SAME_CLOCK_MS ? 0 : aheadMs

  const places = createSemaphore(MAX_POSTS)
  return {
    maxMessageBytes,
    now: () => Date.now() - offMs,
    async post(envelope, options) {
      const release = await places.acquire(options)
      try {
        return readPosted(await askJson(PATH, { ...options, body: envelope }, POST_MS))
      } finally {
        release()
      }
    },
    async findPublicKey(end, options) {
      const { publicKey } = await askJson(`/api/v1/public-keys/${encodeKeyHex(end)}`, options)
      return typeof publicKey === 'string' ? Buffer.from(publicKey, 'base64') : undefined
    },
  }
}

/** @throws TypeError, for an answer of another form */
function readPosted({ taps, keepers, nodes, untilMs, refusal, receipts, declines }: Record<string, unknown>): GuestPosted {
  if (!isCount(taps) || !isCount(keepers) || !isCount(nodes) || !isCount(untilMs)) throw new TypeError('not an answer to a post')
  const statements = { receipts: readStatements(receipts), declines: readStatements(declines) }
  return { taps, keepers, nodes, untilMs, refusal: readRefusal(refusal), ...statements }
}

function readRefusal(value: unknown): GuestPosted['refusal'] {
  const { reason, retryAfterMs } = (value ?? {}) as Record<string, unknown>
  const known = refusalReasonOf(reason)
  return known && { reason: known, retryAfterMs: isCount(retryAfterMs) ? retryAfterMs : 0 }
}

function readStatements(value: unknown): Uint8Array[] {
  if (!Array.isArray(value)) return []
  return value
    .slice(0, MAX_STATEMENTS)
    .flatMap((each: unknown) => (typeof each === 'string' ? [new Uint8Array(Buffer.from(each, 'base64'))] : []))
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
