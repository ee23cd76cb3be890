/** The number of holders of a key: once as JSON, or each change as an event stream. */

import { inTime, raceAbort } from '../../node/async/abort.ts'
import { type Key, MayflyError, type Peer } from '../../node/index.ts'
import { createEventStream, EVENT_STREAM_HEADERS } from '../http/event-stream.ts'
import { namesType } from '../http/media-range.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { ClientQuota } from '../limits/client-quota.ts'
import type { RateLimit } from '../limits/rate-limit.ts'
import type { GatewayLimits, GatewayRequest } from '../types.ts'

export interface HolderAnswersParts {
  peer: Peer
  limits: GatewayLimits
  rate: RateLimit
  open: ClientQuota
  /** Aborted when the gateway closes. */
  closing: AbortSignal
}

export interface HolderCount {
  /** The key, in hex. */
  hash: string
  /** How many peers hold it now. */
  holders: number
}

export class HolderAnswers {
  readonly #parts: HolderAnswersParts

  constructor(parts: HolderAnswersParts) {
    this.#parts = parts
  }

  async answer(key: Key, hash: string, incoming: GatewayRequest): Promise<Response> {
    this.#parts.rate.take(incoming.client.address)
    const streamed = namesType(incoming.request.headers.get('accept'), 'text/event-stream')
    // A HEAD has no body, and Hono would drop a stream without ending it.
    return streamed && incoming.request.method === 'GET' ? this.#stream(key, hash, incoming) : this.#count(key, hash, incoming)
  }

  async #count(key: Key, hash: string, incoming: GatewayRequest): Promise<Response> {
    const done = new AbortController()
    const signal = AbortSignal.any([done.signal, incoming.request.signal, this.#parts.closing])
    try {
      const counts = this.#counts(key, hash, signal)
      const count = await newest(await this.#first(counts), counts, this.#parts.limits.countSettleMs)
      return new Response(`${count}\n`, {
        headers: { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json', vary: 'Accept' },
      })
    } finally {
      done.abort()
    }
  }

  /** Awaits the first number before the answer begins, so that an error has its status. */
  async #stream(key: Key, hash: string, incoming: GatewayRequest): Promise<Response> {
    const { open, limits, closing } = this.#parts
    const leave = open.enter(incoming.client.address)
    const gone = new AbortController()
    const onEnd = () => {
      gone.abort()
      leave()
    }
    try {
      const counts = this.#counts(key, hash, AbortSignal.any([gone.signal, incoming.request.signal, closing]))
      const first = await this.#first(counts)
      const events = (async function* () {
        yield first
        for (let next = await counts.next(); next.done !== true; next = await counts.next()) yield next.value
      })()
      const body = createEventStream({ events, keepAliveMs: limits.keepAliveMs, signal: closing, onEnd })
      return new Response(body, { headers: { ...PUBLIC_DATA_HEADERS, ...EVENT_STREAM_HEADERS, vary: 'Accept' } })
    } catch (error) {
      onEnd()
      throw error
    }
  }

  /** Each number as JSON. */
  async *#counts(key: Key, hash: string, signal: AbortSignal): AsyncGenerator<string> {
    for await (const holders of this.#parts.peer.rendezvous.watch(key, { signal })) {
      const count: HolderCount = { hash, holders }
      yield JSON.stringify(count)
    }
  }

  /** @throws {MayflyError} ERR_NO_NETWORK, ERR_UNAVAILABLE when no number comes in time; the errors of the watch */
  async #first(counts: AsyncIterator<string>): Promise<string> {
    const { peer, limits } = this.#parts
    const late = AbortSignal.timeout(limits.countTimeoutMs)
    const next = await raceAbort(counts.next(), late).catch((error) => {
      if (!late.aborted) throw error
      throw new MayflyError(peer.status().joined ? 'ERR_UNAVAILABLE' : 'ERR_NO_NETWORK', 'Nobody said in time how many hold the key')
    })
    if (next.done === true) throw new MayflyError('ERR_NOT_STARTED', 'The node is stopping')
    return next.value
  }
}

/** The last value that comes within the time. */
async function newest<T>(first: T, more: AsyncIterator<T>, settleMs: number): Promise<T> {
  let value = first
  const follow = async () => {
    for (let next = await more.next(); next.done !== true; next = await more.next()) value = next.value
  }
  await inTime(follow(), settleMs)
  return value
}
