/**
 * Finds content for a client: at once where this node has it in memory, else by a search that is limited in number and time, and with
 * `?wait=` by waiting for a holder.
 */

import { timeoutSignal } from '../../node/async/abort.ts'
import { delay } from '../../node/async/delay.ts'
import { type AbortOptions, type Key, MayflyError, type MayflyErrorCode, type OpenedContent, type OpenOptions } from '../../node/index.ts'
import { waitOf } from '../http/link-query.ts'
import { refuseSandboxedPage } from '../http/sandboxed-page.ts'
import type { GatewayRequest, SearchContext } from '../types.ts'

/** Failures that may pass while a client waits: no holder yet, or no peer that could be asked yet. */
const WORTH_WAITING: ReadonlySet<MayflyErrorCode> = new Set(['ERR_NO_HOLDER', 'ERR_NO_NETWORK', 'ERR_CLOCK', 'ERR_UNAVAILABLE'])

type LinkKeys = Pick<OpenOptions, 'outline' | 'bundle'>

type Find<Found> = (abort?: Required<AbortOptions>) => Promise<Found>

/** The wait before the first retry of content that has a holder and could not be read, in ms. It doubles with each retry. */
const FIRST_RETRY_MS = 250

export type ContentSearch = ReturnType<typeof createContentSearch>

export function createContentSearch({ peer, limits, rate, open, firstJoin, closing }: SearchContext) {
  async function search<Found>(key: Key, link: LinkKeys, incoming: GatewayRequest, find: Find<Found>): Promise<Found> {
    const waitMs = waitOf(incoming.query, limits.maxWaitMs) || undefined
    // A request makes its signal when it is first read, which costs: content in memory needs none.
    if (peer.content.has(key)) return find()
    if (!peer.content.knows(key, link.outline)) rate.take(incoming.client.address)
    const gone = AbortSignal.any([incoming.request.signal, closing])
    // The first search is a part of the wait: a proxy in front counts from the request on.
    const deadline = waitMs === undefined ? undefined : timeoutSignal(waitMs)
    const attempt: { lastError?: unknown } = {}
    try {
      await firstJoin(gone, waitMs)
      return await find({ signal: AbortSignal.any([gone, timeoutSignal(limits.searchTimeoutMs), ...(deadline ? [deadline] : [])]) })
    } catch (error) {
      if (deadline === undefined || gone.aborted || !isWorthWaiting(error)) throw error
      attempt.lastError = peer.status().joined ? error : new MayflyError('ERR_NO_NETWORK', 'Cannot search: not connected to the overlay')
    }
    refuseSandboxedPage(incoming.request)
    const leave = open.enter(incoming.client.address)
    try {
      return await findWhenHeld(link.bundle ?? key, find, AbortSignal.any([gone, deadline]), attempt)
    } catch (error) {
      // The client learns why there was no content; that its wait is over, it knows.
      throw deadline.aborted && !gone.aborted ? attempt.lastError : error
    } finally {
      leave()
    }
  }

  /** Searches again whenever the number of holders changes, and while there are holders also after a wait that doubles. */
  async function findWhenHeld<Found>(key: Key, find: Find<Found>, signal: AbortSignal, attempt: { lastError?: unknown }): Promise<Found> {
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
          // Its failure is thrown where it is awaited. Until then Node.js must not report it as unhandled.
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
      found.abort() // ends the watch, also while it waits for its next number
    }
  }

  return {
    /**
     * Opens content of any size.
     *
     * @param link what the link says of it
     * @throws {MayflyError} as `content.open`
     * @throws {ProblemError} 400 for a wrong `?wait=`, 429
     * @throws DOMException TimeoutError, when the search took too long
     */
    open(key: Key, incoming: GatewayRequest, link: LinkKeys = {}): Promise<OpenedContent> {
      return search(key, link, incoming, (abort) => peer.content.open(key, { ...abort, ...link }))
    },
  }
}

function isWorthWaiting(error: unknown): boolean {
  return (error instanceof MayflyError && WORTH_WAITING.has(error.code)) || (error instanceof DOMException && error.name === 'TimeoutError')
}
