/**
 * Asks one gateway over HTTP. Its answers are checked like a stranger's: content counts only when its SHA-256 is right. `gateways-client.ts`
 * chooses the gateway.
 */

import { MayflyError } from '../../errors.ts'
import type { OpenOptions } from '../../index.ts'
import { encodeKeyHex, equalBytes, sha256 } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import { describeFetchError, parseObject, readAll, readJson, requestGateway } from './gateway-request.ts'
import { readServerSentEvents } from './server-sent-events.ts'

const DEFAULTS = {
  /** How long an answer may take to begin, and be silent in between, in ms. */
  timeoutMs: 30_000, // a gateway searches for 20 s before it gives up
  /** Largest content that is accepted, in bytes. */
  maxContentBytes: 262_144, // one piece; larger content is checked piece by piece, see `gateways-client.ts`
}

export interface GatewayClientOptions extends Partial<typeof DEFAULTS> {
  /** The owner's, for what is the owner's. */
  token?: string | undefined
}

/** Idle timeout of an event stream, in ms. A gateway sends a keepalive every 15 s; one that misses three is gone, or frozen. */
const WATCH_IDLE_MS = 50_000

export type GatewayClient = ReturnType<typeof createGatewayClient>

export function createGatewayClient(origin: string, options: GatewayClientOptions = {}) {
  const { timeoutMs, maxContentBytes, token } = { ...DEFAULTS, ...options }

  async function requestJson(path: string, options: AbortOptions & { token?: string | undefined }): Promise<Record<string, unknown>> {
    const response = await requestGateway({ origin, path, accept: 'application/json', timeoutMs, ...options })
    const facts = await readJson(response).catch(() => undefined)
    options.signal?.throwIfAborted()
    if (facts === undefined) throw notAGateway(origin)
    return facts
  }

  /** @param hash the SHA-256 of the bytes */
  async function requestBytes(path: string, hash: Key, maxBytes: number, options: AbortOptions): Promise<Uint8Array> {
    const { body } = await requestGateway({ origin, path, accept: '*/*', timeoutMs, ...options })
    let bytes: Uint8Array
    try {
      bytes = await readAll(body, maxBytes)
    } catch (cause) {
      options.signal?.throwIfAborted()
      if (cause instanceof MayflyError) throw cause
      throw new MayflyError('ERR_UNAVAILABLE', `${origin} broke off its answer: ${describeFetchError(cause)}`, { cause })
    }
    if (!equalBytes(await sha256(bytes), hash)) {
      throw new MayflyError('ERR_UNAVAILABLE', `${origin} sent ${bytes.byteLength} bytes with another SHA-256 than the one asked for`)
    }
    return bytes
  }

  const holdersPath = (key: Key) => `/api/v1/holders/${encodeKeyHex(key)}`

  return {
    origin,
    /** @throws {MayflyError} see `content`, except ERR_NO_HOLDER */
    status: (options: AbortOptions = {}) => requestJson('/api/v1/status', options),
    /** The contents that the node holds, for its owner. @throws {MayflyError} see `content`, except ERR_NO_HOLDER */
    contents: (options: AbortOptions = {}) => requestJson('/api/v1/content', { ...options, token }),
    /** The number of holders now. */
    async count(key: Key, options: AbortOptions = {}): Promise<number> {
      return readCount(await requestJson(holdersPath(key), options), origin)
    },
    /** The number of holders, at once and after each change. Ends when the gateway ends it. */
    async *watch(key: Key, options: AbortOptions = {}): AsyncIterable<number> {
      const { contentType, body, cancel } = await requestGateway({
        origin,
        path: holdersPath(key),
        accept: 'text/event-stream',
        timeoutMs,
        idleMs: WATCH_IDLE_MS,
        ...options,
      })
      if (!contentType?.startsWith('text/event-stream')) {
        await cancel()
        throw notAGateway(origin)
      }
      try {
        for await (const { data } of readServerSentEvents(body)) yield readCount(parseObject(data), origin)
      } catch (cause) {
        options.signal?.throwIfAborted()
        if (cause instanceof MayflyError) throw cause
        throw new MayflyError('ERR_NO_NETWORK', `Lost ${origin}: ${describeFetchError(cause)}`, { cause })
      }
    },
    /**
     * The bytes, after their SHA-256 was found right.
     *
     * @throws {MayflyError} ERR_NO_HOLDER, ERR_NO_NETWORK (no gateway there, or it cannot ask), ERR_UNAVAILABLE (wrong or no bytes),
     *   ERR_TOO_LARGE, ERR_LIMIT
     * @throws signal.reason, when aborted
     */
    async content(key: Key, { bundle, ...options }: Pick<OpenOptions, 'bundle' | 'signal'> = {}): Promise<Uint8Array> {
      const path = `/raw/${encodeKeyHex(key)}${bundle === undefined ? '' : `?in=${encodeKeyHex(bundle)}`}`
      return requestBytes(path, key, maxContentBytes, options)
    },
    /** The bytes at a path, after their SHA-256 was found right. @throws as `content` */
    bytes: requestBytes,
  }
}

function readCount(facts: Record<string, unknown> | undefined, origin: string): number {
  const holders = facts?.holders
  if (typeof holders !== 'number' || !Number.isSafeInteger(holders) || holders < 0) throw notAGateway(origin)
  return holders
}

function notAGateway(origin: string): MayflyError {
  return new MayflyError('ERR_NO_NETWORK', `Cannot ask ${origin}: its answer is not a mayfly gateway's`)
}
