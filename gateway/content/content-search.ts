/** Finds content for a visitor: in memory at once, else by a search that is bounded in number and in time, else by waiting. */

import { delay } from '../../node/async/delay.ts'
import {
  type AbortOptions,
  type FetchedContent,
  type Key,
  MayflyError,
  type MayflyErrorCode,
  type OpenedContent,
  type OpenOptions,
  type Peer,
} from '../../node/index.ts'
import { waitOf } from '../http/wait-query.ts'
import type { ClientQuota } from '../limits/client-quota.ts'
import type { RateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'

export interface ContentSearchParts {
  peer: Peer
  limits: GatewayLimits
  rate: RateLimit
  open: ClientQuota
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

/** Small content in memory, or larger content to be read. */
export type FoundContent = FetchedContent | OpenedContent

/** Nobody has it yet, or nobody could be asked yet: both may change while one waits. */
const WORTH_WAITING: ReadonlySet<MayflyErrorCode> = new Set(['ERR_NO_HOLDER', 'ERR_NO_NETWORK', 'ERR_UNAVAILABLE'])

type Find<Found> = (abort: Required<AbortOptions>) => Promise<Found>

/** A holder was announced but could not be read: how long until the first try again, in ms. It doubles. */
const FIRST_RETRY_MS = 250

export class ContentSearch {
  readonly #parts: ContentSearchParts

  constructor(parts: ContentSearchParts) {
    this.#parts = parts
  }

  /**
   * Gets content that fits in one piece; with `?wait=` waits for a holder when there is none.
   *
   * @throws {MayflyError} as `content.get`
   * @throws {ProblemError} 400 for a wrong `?wait=`, 429
   * @throws DOMException TimeoutError, when the search took too long
   */
  get(key: Key, incoming: GatewayRequest): Promise<FetchedContent> {
    return this.#search(key, incoming, (abort) => this.#parts.peer.content.get(key, abort))
  }

  /**
   * The same for content of any size.
   *
   * @param outline from the link
   */
  open(key: Key, incoming: GatewayRequest, outline?: Key): Promise<FoundContent> {
    return this.#search(key, incoming, (abort) => openContent(this.#parts.peer, key, { ...abort, ...(outline && { outline }) }), outline)
  }

  async #search<Found extends FoundContent>(
    key: Key,
    incoming: GatewayRequest,
    find: Find<Found>,
    outline?: Key,
  ): Promise<Found | FetchedContent> {
    const { peer, rate, limits, closing } = this.#parts
    const waitMs = waitOf(incoming.query, limits.maxWaitMs) ?? 0
    // The signal of a request is made when it is first asked for: content in memory needs none.
    if (peer.content.has(key)) return peer.content.get(key)
    if (!peer.content.knows(key, outline)) rate.take(incoming.client.address)
    const gone = AbortSignal.any([incoming.request.signal, closing])
    try {
      return await find({ signal: AbortSignal.any([gone, AbortSignal.timeout(limits.searchTimeoutMs)]) })
    } catch (error) {
      if (waitMs === 0 || gone.aborted || !isWorthWaiting(error)) throw error
      return await this.#wait(key, incoming, find, waitMs, gone, error)
    }
  }

  async #wait<Found>(
    key: Key,
    incoming: GatewayRequest,
    find: Find<Found>,
    waitMs: number,
    gone: AbortSignal,
    first: unknown,
  ): Promise<Found> {
    const leave = this.#parts.open.enter(incoming.client.address)
    const deadline = AbortSignal.timeout(waitMs)
    const attempt = { lastError: first }
    try {
      return await this.#findWhenHeld(key, find, AbortSignal.any([gone, deadline]), attempt)
    } catch (error) {
      // What is to be told at the end of the wait is why there was nothing, not that time ran out.
      throw deadline.aborted && !gone.aborted ? attempt.lastError : error
    } finally {
      leave()
    }
  }

  /** Tries again whenever the number of holders changes; while there are some, also without a change, ever more slowly. */
  async #findWhenHeld<Found>(key: Key, find: Find<Found>, signal: AbortSignal, attempt: { lastError: unknown }): Promise<Found> {
    const { peer } = this.#parts
    await peer.joined({ signal })
    const found = new AbortController()
    const watching = AbortSignal.any([signal, found.signal])
    const counts = peer.rendezvous.watch(key, { signal: watching })[Symbol.asyncIterator]()
    try {
      let next = counts.next()
      for (let holders = 0, retryMs = FIRST_RETRY_MS; ; ) {
        const change = holders === 0 ? await next : await Promise.race([next, delay(retryMs, { signal: watching })])
        if (change === undefined) {
          retryMs *= 2
        } else if (change.done === true) {
          throw attempt.lastError
        } else {
          holders = change.value
          retryMs = FIRST_RETRY_MS
          next = counts.next()
          // Whoever awaits it hears of its failure; until then nobody might, and Node.js must not take that for a bug.
          next.catch(() => {})
        }
        if (holders === 0) continue
        try {
          return await find({ signal })
        } catch (error) {
          if (signal.aborted || !isWorthWaiting(error)) throw error
          attempt.lastError = error
        }
      }
    } finally {
      found.abort() // ends the watch, also where it waits for its next number
    }
  }
}

async function openContent(peer: Peer, key: Key, options: OpenOptions): Promise<FoundContent> {
  const opened = await peer.content.open(key, options)
  if (opened.outline !== undefined) return opened
  // It fits in one piece, so it is here already, whole.
  for await (const bytes of opened.read()) return { key, bytes, from: opened.from }
  return { key, bytes: new Uint8Array(), from: opened.from }
}

function isWorthWaiting(error: unknown): boolean {
  return (error instanceof MayflyError && WORTH_WAITING.has(error.code)) || (error instanceof DOMException && error.name === 'TimeoutError')
}
