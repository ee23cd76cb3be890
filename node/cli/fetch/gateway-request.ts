/** One HTTP request to a gateway, with an idle timeout. Answers are a stranger's word: they are bounded, and checked by the caller. */

import { onAbort } from '../../async/abort.ts'
import { createIdleTimeout } from '../../async/idle-timeout.ts'
import { MayflyError } from '../../errors.ts'
import type { AbortOptions } from '../../types.ts'
import { type HttpAnswer, requestOverHttp } from './http-request.ts'

interface GatewayRequest extends AbortOptions {
  origin: string
  path: string
  /** The Accept header. */
  accept: string
  /** Sent as a bearer token. */
  token?: string | undefined
  /** Posted; without one the request is a GET. */
  body?: Uint8Array | undefined
  /** How long the answer may take to begin, in ms. */
  timeoutMs: number
  /** How long the body may be silent, in ms; as long as the answer may take when left out. */
  idleMs?: number
}

/** Largest JSON answer, in bytes. A list of 2,000 contents is about 500 KB. */
const MAX_JSON_BYTES = 1_048_576

/**
 * Resolves with the headers of a successful answer, and its body.
 *
 * @throws {MayflyError} ERR_NO_NETWORK, and the error that the gateway answered with; where that says when to ask again, `{ retryAfterMs }` is its cause
 * @throws signal.reason, when aborted
 */
export async function requestGateway(request: GatewayRequest): Promise<HttpAnswer> {
  const { origin, path, accept, token, timeoutMs, idleMs = timeoutMs, signal } = request
  const stop = new AbortController()
  const startTimeout = (ms: number) => {
    const idle = createIdleTimeout(ms)
    onAbort(idle.signal, () => stop.abort(idle.signal.reason))
    return idle
  }
  const head = startTimeout(timeoutMs)
  let answer: HttpAnswer
  try {
    const anySignal = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])
    const headers = { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) }
    answer = await requestOverHttp(origin + path, headers, anySignal, request.body)
  } catch (cause) {
    signal?.throwIfAborted()
    throw new MayflyError('ERR_NO_NETWORK', `Cannot reach ${origin}: ${describeFetchError(cause)}`, { cause })
  } finally {
    head.end()
  }

  async function* readBody(): AsyncGenerator<Uint8Array> {
    const idle = startTimeout(idleMs)
    try {
      for await (const chunk of answer.body) {
        yield chunk
        idle.touch()
      }
    } finally {
      idle.end()
    }
  }

  const timed = { ...answer, body: readBody() }
  if (answer.status < 200 || answer.status > 299) throw await refusalOf(origin, timed)
  return timed
}

/** @throws {MayflyError} ERR_TOO_LARGE */
export async function readAll(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) throw new MayflyError('ERR_TOO_LARGE', `An answer is over the limit of ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Undefined for an answer that is no JSON object. */
export async function readJson({ body }: HttpAnswer): Promise<Record<string, unknown> | undefined> {
  return parseObject(new TextDecoder().decode(await readAll(body, MAX_JSON_BYTES)))
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Codes of a gateway that mean the same to a command. Every other refusal concerns that gateway alone: ERR_UNAVAILABLE. */
const SAME_CODES = ['ERR_BAD_KEY', 'ERR_NO_HOLDER', 'ERR_TOO_LARGE', 'ERR_LIMIT', 'ERR_NO_NETWORK', 'ERR_CLOCK'] as const

/** The error in a gateway's answer. Only a gateway of ours sends it as JSON: a 404 of any other server does not mean that nobody holds it. */
async function refusalOf(origin: string, answer: HttpAnswer): Promise<MayflyError> {
  const facts = await readJson(answer).catch(() => undefined)
  const { code, message, retryAfterS } = (facts?.error ?? {}) as Record<'code' | 'message' | 'retryAfterS', unknown>
  if (typeof code !== 'string' || typeof message !== 'string') {
    return new MayflyError('ERR_NO_NETWORK', `Cannot ask ${origin}: it answered ${answer.status} ${answer.statusText}`.trim())
  }
  if (code === 'ERR_NOT_STARTED') return new MayflyError('ERR_NO_NETWORK', message)
  const cause = typeof retryAfterS === 'number' && retryAfterS > 0 ? { retryAfterMs: retryAfterS * 1_000 } : undefined
  return new MayflyError(SAME_CODES.find((same) => same === code) ?? 'ERR_UNAVAILABLE', message, cause && { cause })
}

/** The reason of a request that failed, in words: `fetch` throws "fetch failed" and keeps the reason in its cause, or in that one's errors when a name has several addresses. */
export function describeFetchError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || ('code' in cause ? String(cause.code) : cause.name)
}
