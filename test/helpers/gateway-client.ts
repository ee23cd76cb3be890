/** Requests of tests to gateways, over plain HTTP. */

import { createHash } from 'node:crypto'
import { readServerSentEvents } from '../../node/cli/fetch/server-sent-events.ts'
import { waitFor } from './wait-for.ts'

export function hashOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The status of `/raw/<hash>`, and the body. A gateway that does not answer at all is status 0. */
export async function getRaw(url: string, hash: string, timeoutMs = 30_000): Promise<{ status: number; bytes: Uint8Array }> {
  try {
    const response = await fetch(`${url}/raw/${hash}`, { signal: AbortSignal.timeout(timeoutMs) })
    return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()) }
  } catch {
    return { status: 0, bytes: new Uint8Array() }
  }
}

/** How many hold it, in this gateway's eyes. */
export async function countAt(url: string, hash: string): Promise<number> {
  const response = await fetch(`${url}/api/v1/holders/${hash}`, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(30_000),
  })
  return ((await response.json()) as { holders: number }).holders
}

/** Resolves with the ms until every gateway answers with the status. */
export function untilStatus(urls: string[], hash: string, status: number, timeoutMs: number): Promise<number> {
  let seen: number[] = []
  return waitFor(
    async () => {
      seen = await Promise.all(urls.map(async (url) => (await getRaw(url, hash)).status))
      return seen.every((each) => each === status)
    },
    timeoutMs,
    () => `${status} at every gateway: ${seen.join(' ')}`,
  )
}

export interface CountWatch {
  /** Every count that was pushed, in order, with when it came (performance.now()). */
  readonly seen: { count: number; atMs: number }[]
  stop(): void
}

/** Follows a key's holders by server-sent events. */
export async function watchCount(url: string, hash: string): Promise<CountWatch> {
  const controller = new AbortController()
  const response = await fetch(`${url}/api/v1/holders/${hash}`, { headers: { accept: 'text/event-stream' }, signal: controller.signal })
  const seen: CountWatch['seen'] = []
  const read = async () => {
    if (response.body === null) return
    for await (const { data } of readServerSentEvents(response.body)) {
      seen.push({ count: JSON.parse(data).holders, atMs: performance.now() })
    }
  }
  read().catch(() => {})
  await waitFor(() => seen.length > 0, 10_000, 'the first count')
  return { seen, stop: () => controller.abort() }
}
