/**
 * `/s/<id>/first`: the websocket of a visitor that opens the link of a share and has loaded no peer yet. Its messages are passed on to the sharer,
 * within limits, and can be read by these two alone.
 */

import { onAbort, timeoutSignal } from '../../node/async/abort.ts'
import { createRecentMap } from '../../node/async/recent-map.ts'
import type { Sharing, VisitListener, VisitPipe } from '../../node/index.ts'
import { originRefusal } from '../http/page-origins.ts'
import { problemError, upgradeRequired } from '../http/problem.ts'
import { createClientQuota } from '../limits/client-quota.ts'
import type { FirstJoin } from '../limits/first-join.ts'
import { createRateLimit, type RateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, GatewayRequest, ShareVisit } from '../types.ts'
import { createExpectedVisits } from './expected-visits.ts'

interface ShareVisitsParts {
  /** Undefined for a node that shares nothing. */
  passOn: Sharing['passOn'] | undefined
  limits: GatewayLimits
  /** Of the searches of each client: a visit is one. */
  rate: RateLimit
  firstJoin: FirstJoin
  /** The origin of a page that may not join here. */
  refusedOrigin(incoming: GatewayRequest): string | undefined
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

const LINK_PATH = /^\/s\/([a-z2-7]{52})$/
const VISIT_PATH = /^\/s\/([a-z2-7]{52})\/first$/

/** Visitors of one address that did not know the secret of a share: at once, and per second for long. */
const WRONG = { burst: 3, perSecond: 0.05 }
const MAX_HELD = 10_000

/** True for a target whose websocket is a visitor's. */
export const isShareVisit = (target: string): boolean => VISIT_PATH.test(target.split('?', 1)[0] ?? '')

/** True for the request of a browser whose person opens the link now: neither a program nor a browser that fetches ahead says so. */
const isOpening = ({ method, headers }: Request) =>
  method === 'GET' && headers.get('sec-fetch-dest') === 'document' && !headers.has('sec-purpose') && !headers.has('purpose')

export type ShareVisits = ReturnType<typeof createShareVisits>

export function createShareVisits({ passOn, limits, rate, firstJoin, refusedOrigin, closing }: ShareVisitsParts) {
  const open = createClientQuota({
    get maxOpen() {
      return limits.maxVisits
    },
    get maxOpenPerAddress() {
      return limits.maxVisitsPerAddress
    },
    what: 'visits to shares',
  })
  const wrong = createRateLimit({ ...WRONG, now: () => performance.now(), words: { does: 'opens wrong links', things: 'wrong links' } })
  /** Until when clients open nothing here, by address group, in ms. Bounded: MAX_HELD. */
  const held = createRecentMap<string, number>({ maxEntries: MAX_HELD })

  const expected = createExpectedVisits(closing)

  /** @param signal of the search alone */
  async function connect(id: string, listener: VisitListener, signal: AbortSignal): Promise<VisitPipe> {
    if (passOn === undefined) throw new TypeError('a visit to a node that shares nothing')
    await firstJoin(signal)
    return passOn(id, listener, { signal: AbortSignal.any([signal, timeoutSignal(limits.searchTimeoutMs)]) })
  }

  function requireNotHeld(group: string): void {
    const untilMs = held.get(group)
    if (untilMs === undefined) return
    const leftMs = untilMs - performance.now()
    if (leftMs <= 0) return void held.delete(group)
    throw problemError(429, 'ERR_LIMIT', 'Your address has opened too many wrong links.', { retryAfterS: Math.ceil(leftMs / 1_000) })
  }

  /** The visit itself is refused in words. */
  function mayVisit({ client }: GatewayRequest): boolean {
    try {
      requireNotHeld(client.address.group)
      rate.take(client.address)
      return true
    } catch {
      return false
    }
  }

  return {
    get size() {
      return open.size
    },
    /** Finds the sharer while the document of its link is answered, for the visit that its browser opens next. Returns the request. */
    expect(incoming: GatewayRequest): GatewayRequest {
      const [, id] = LINK_PATH.exec(incoming.path) ?? []
      if (id !== undefined && passOn !== undefined && isOpening(incoming.request) && mayVisit(incoming))
        expected.add(id, incoming.client.address, (listener, signal) => connect(id, listener, AbortSignal.any([signal, closing])))
      return incoming
    },
    /** The answer to a plain request: browsers follow the link itself, and programs have no use for this address. */
    answer(): never {
      throw upgradeRequired('This address is for the websocket of a page that receives a share.', 'Open the link of the share itself.')
    },
    /** @throws {ProblemError} */
    open(incoming: GatewayRequest): ShareVisit {
      const { address } = incoming.client
      const [, id] = VISIT_PATH.exec(incoming.path) ?? []
      if (id === undefined || passOn === undefined) throw problemError(404, 'ERR_NOT_FOUND', 'There is no websocket here.')
      const origin = refusedOrigin(incoming)
      if (origin !== undefined) throw problemError(403, 'ERR_FORBIDDEN', originRefusal(origin))
      requireNotHeld(address.group)
      rate.take(address)
      const leave = open.enter(address)
      const over = new AbortController()
      const signal = AbortSignal.any([over.signal, closing])
      return {
        ...{ maxMs: limits.maxVisitMs, maxBytes: limits.maxVisitBytes, maxBytesSent: limits.maxVisitBytesSent },
        closing: signal,
        async connect(listener) {
          const onEnd: typeof listener.onEnd = (reason) => {
            if (reason === 'wrong') countWrong(address)
            listener.onEnd(reason)
          }
          const heard = { onMessage: listener.onMessage, onEnd }
          const ready = expected.take(id)
          if (ready === undefined) return connect(id, heard, signal)
          onAbort(signal, ready.leave)
          return ready.handTo(heard).catch(() => connect(id, heard, signal))
        },
        end() {
          over.abort()
          leave()
        },
      }
    },
  }

  function countWrong(address: GatewayRequest['client']['address']): void {
    try {
      wrong.take(address)
    } catch {
      held.set(address.group, performance.now() + 1_000 / WRONG.perSecond)
    }
  }
}
