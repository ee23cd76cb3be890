/**
 * Asks one gateway over HTTP. What it is told it treats as a stranger's word: answers are bounded and checked, content is content only
 * when its SHA-256 is right. Which gateways are asked, and in which order, is `gateway-entrance.ts`.
 */

import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import { encodeKeyHex, equalBytes, sha256 } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { createPatience } from './patience.ts'
import { readServerSentEvents } from './server-sent-events.ts'

export interface GatewayClientOptions {
  /** How long an answer may take to begin, and be silent in between, in ms. */
  timeoutMs?: number
  /** The largest content that is taken, in bytes. */
  maxContentBytes?: number
}

export const GATEWAY_CLIENT_DEFAULTS: Readonly<Required<GatewayClientOptions>> = {
  timeoutMs: 30_000, // a gateway searches for 20 s before it gives up
  maxContentBytes: 262_144, // what travels whole; larger content is checked piece by piece, see `gateway-entrance.ts`
}

/** Status, counts and errors, in bytes. A real status is about 2 KB. */
const MAX_JSON_BYTES = 262_144
/** A gateway breaks the silence of an event stream every 15 s; one that misses three is gone, or frozen. */
const WATCH_SILENCE_MS = 50_000

export interface GatewayClient {
  readonly origin: string
  /** @throws {MayflyError} see `content`, except ERR_NO_HOLDER */
  status(options?: AbortOptions): Promise<Record<string, unknown>>
  /** How many hold the key now. */
  count(key: Key, options?: AbortOptions): Promise<number>
  /** The number at once, and again after each change. Ends when the gateway ends it. */
  watch(key: Key, options?: AbortOptions): AsyncIterable<number>
  /**
   * The bytes, once their SHA-256 was found right.
   *
   * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK (no gateway there, or it cannot ask), ERR_UNAVAILABLE (wrong or no bytes),
   *   ERR_TOO_LARGE, ERR_LIMIT
   * @throws signal.reason, when aborted
   */
  content(key: Key, options?: AbortOptions): Promise<Uint8Array>
}

interface AskOptions extends AbortOptions {
  silenceMs?: number
}

interface Answer {
  response: Response
  body: AsyncIterable<Uint8Array>
}

export function createGatewayClient(origin: string, options: GatewayClientOptions = {}): GatewayClient {
  const { timeoutMs, maxContentBytes } = { ...GATEWAY_CLIENT_DEFAULTS, ...options }

  /** Resolves with the headers of a good answer, and its body, which may be silent for `silenceMs`. */
  async function ask(path: string, accept: string, { signal, silenceMs = timeoutMs }: AskOptions): Promise<Answer> {
    const patience = createPatience(signal && { signal })
    patience.renew(timeoutMs)
    let response: Response
    try {
      response = await fetch(origin + path, { headers: { accept }, signal: patience.signal })
    } catch (cause) {
      patience.end()
      signal?.throwIfAborted()
      throw new MayflyError('ERR_NO_NETWORK', `Cannot reach ${origin}: ${describeFetchError(cause)}`, { cause })
    }
    const answer = { response, body: patience.listen(response.body ?? [], silenceMs) }
    if (!response.ok) throw await refusal(origin, answer)
    return answer
  }

  async function askJson(path: string, options: AbortOptions): Promise<Record<string, unknown>> {
    const answer = await readJson(await ask(path, 'application/json', options)).catch(() => undefined)
    options.signal?.throwIfAborted()
    if (answer === undefined) throw notAGateway(origin)
    return answer
  }

  const holdersPath = (key: Key) => `/api/v1/holders/${encodeKeyHex(key)}`

  return {
    origin,
    status: (options = {}) => askJson('/api/v1/status', options),
    async count(key, options = {}) {
      return readCount(await askJson(holdersPath(key), options), origin)
    },
    async *watch(key, { signal } = {}) {
      const { response, body } = await ask(holdersPath(key), 'text/event-stream', {
        ...(signal && { signal }),
        silenceMs: WATCH_SILENCE_MS,
      })
      if (!response.headers.get('content-type')?.startsWith('text/event-stream')) throw notAGateway(origin)
      try {
        for await (const { data } of readServerSentEvents(body)) yield readCount(parseObject(data), origin)
      } catch (cause) {
        signal?.throwIfAborted()
        if (cause instanceof MayflyError) throw cause
        throw new MayflyError('ERR_NO_NETWORK', `Lost ${origin}: ${describeFetchError(cause)}`, { cause })
      }
    },
    async content(key, options = {}) {
      const { body } = await ask(`/raw/${encodeKeyHex(key)}`, '*/*', options)
      let bytes: Uint8Array
      try {
        bytes = await readAll(body, maxContentBytes)
      } catch (cause) {
        options.signal?.throwIfAborted()
        if (cause instanceof MayflyError) throw cause
        throw new MayflyError('ERR_UNAVAILABLE', `${origin} broke off its answer: ${describeFetchError(cause)}`, { cause })
      }
      if (!equalBytes(await sha256(bytes), key)) {
        throw new MayflyError('ERR_UNAVAILABLE', `${origin} gave ${bytes.byteLength} bytes whose SHA-256 is not the one that was asked for`)
      }
      return bytes
    },
  }
}

async function readAll(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) throw new MayflyError('ERR_TOO_LARGE', `An answer is over the limit of ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function readJson({ body }: Answer): Promise<Record<string, unknown> | undefined> {
  return parseObject(new TextDecoder().decode(await readAll(body, MAX_JSON_BYTES)))
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function readCount(answer: Record<string, unknown> | undefined, origin: string): number {
  const holders = answer?.holders
  if (typeof holders !== 'number' || !Number.isSafeInteger(holders) || holders < 0) throw notAGateway(origin)
  return holders
}

/** What a gateway's own codes mean to a command. Any other of its refusals is one gateway's: ERR_UNAVAILABLE. */
const CODES: Readonly<Record<string, MayflyErrorCode>> = {
  ERR_BAD_KEY: 'ERR_BAD_KEY',
  ERR_NO_HOLDER: 'ERR_NO_HOLDER',
  ERR_TOO_LARGE: 'ERR_TOO_LARGE',
  ERR_LIMIT: 'ERR_LIMIT',
  ERR_NO_NETWORK: 'ERR_NO_NETWORK',
  ERR_NOT_STARTED: 'ERR_NO_NETWORK',
}

/** The error that a gateway's answer says. Only one of ours says it in JSON: a 404 of any other server is not "nobody holds it". */
async function refusal(origin: string, answer: Answer): Promise<MayflyError> {
  const { response } = answer
  const facts = await readJson(answer).catch(() => undefined)
  const { code, message } = (facts?.error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code !== 'string' || typeof message !== 'string') {
    return new MayflyError('ERR_NO_NETWORK', `Cannot ask ${origin}: it answered ${response.status} ${response.statusText}`.trim())
  }
  return new MayflyError((Object.hasOwn(CODES, code) && CODES[code]) || 'ERR_UNAVAILABLE', message)
}

function notAGateway(origin: string): MayflyError {
  return new MayflyError('ERR_NO_NETWORK', `Cannot ask ${origin}: its answer is not a mayfly gateway's`)
}

/** fetch says "fetch failed" and keeps the reason in its cause, or in that one's errors when a name has several addresses. */
function describeFetchError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return cause.message || ('code' in cause ? String(cause.code) : cause.name)
}
