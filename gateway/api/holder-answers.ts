/** The number of holders of a key: once as JSON, or each change as an event stream. */

import { inTime, raceAbort, timeoutSignal } from '../../node/async/abort.ts'
import { type AbortOptions, decodeKeyHex, MayflyError, type PeerStatus } from '../../node/index.ts'
import { createEventStream, EVENT_STREAM_HEADERS } from '../http/event-stream.ts'
import { namesType } from '../http/media-range.ts'
import { refuseSandboxedPage } from '../http/sandboxed-page.ts'
import { PUBLIC_DATA_HEADERS } from '../http/security-headers.ts'
import type { GatewayRequest, SearchContext } from '../types.ts'

/** How many peers hold the key now, and how many people they are. The key is in hex. */
export type HolderCount = { hash: string; holders: number; people: number }

/** Others that know this node may connect to it for as long after its start, in ms. */
const STARTING_MS = 1_000

/** Makes the handler of `GET /api/v1/holders/<hash>`, and the count for other answers. */
export function createHolderAnswers({ peer, limits, rate, open, firstJoin, closing }: SearchContext) {
  /** The number as JSON. */
  async function countOnce(hash: string, { signal: asked }: Required<AbortOptions>): Promise<string> {
    const done = new AbortController()
    const counts = countsOf(hash, AbortSignal.any([done.signal, asked, closing]))
    try {
      const first = await firstOf(counts)
      return isAlone(peer.status()) ? first : await newest(first, counts, limits.countSettleMs)
    } finally {
      done.abort()
      // The watch ends when its numbers are awaited no longer; one that has just told a number does not hear of the abort.
      void counts.return(undefined).catch(() => {})
    }
  }

  async function answerCount(hash: string, { request }: GatewayRequest): Promise<Response> {
    return new Response(`${await countOnce(hash, request)}\n`, {
      headers: { ...PUBLIC_DATA_HEADERS, 'content-type': 'application/json', vary: 'Accept' },
    })
  }

  /** Awaits the first number before the answer begins, so that an error has its status. */
  async function answerStream(hash: string, incoming: GatewayRequest): Promise<Response> {
    refuseSandboxedPage(incoming.request)
    const leave = open.enter(incoming.client.address)
    const gone = new AbortController()
    const onEnd = () => {
      gone.abort()
      leave()
    }
    try {
      const counts = countsOf(hash, AbortSignal.any([gone.signal, incoming.request.signal, closing]))
      const first = await firstOf(counts)
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
  async function* countsOf(hash: string, signal: AbortSignal): AsyncGenerator<string> {
    for await (const { holders, people } of peer.rendezvous.watchPeople(decodeKeyHex(hash), { signal })) {
      const count: HolderCount = { hash, holders, people }
      yield JSON.stringify(count)
    }
  }

  /** @throws {MayflyError} ERR_NO_NETWORK, ERR_UNAVAILABLE when no number comes in time; the errors of the watch */
  async function firstOf(counts: AsyncIterator<string>): Promise<string> {
    const late = timeoutSignal(limits.countTimeoutMs)
    const next = await raceAbort(counts.next(), late).catch((error) => {
      if (!late.aborted) throw error
      throw new MayflyError(
        peer.status().joined ? 'ERR_UNAVAILABLE' : 'ERR_NO_NETWORK',
        'No record node said in time how many hold the key',
      )
    })
    if (next.done === true) throw new MayflyError('ERR_NOT_STARTED', 'The node is stopping')
    return next.value
  }

  return {
    countOnce,
    async answer(hash: string, incoming: GatewayRequest): Promise<Response> {
      rate.take(incoming.client.address)
      await firstJoin(AbortSignal.any([incoming.request.signal, closing]))
      const streamed = namesType(incoming.request.headers.get('accept'), 'text/event-stream')
      // A HEAD has no body, and Hono would drop a stream without ending it.
      return streamed && incoming.request.method === 'GET' ? answerStream(hash, incoming) : answerCount(hash, incoming)
    },
  }
}

/** True for a node that is the only record node: nobody is connected but its tabs, and it knows of nobody else. */
function isAlone({ startedAtMs, counts }: PeerStatus): boolean {
  const { servers, knownServers, connections, tabs } = counts
  return servers === 0 && knownServers === 0 && connections <= tabs && Date.now() - startedAtMs > STARTING_MS
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
