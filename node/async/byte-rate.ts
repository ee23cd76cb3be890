/**
 * Bytes per second for each client: a token bucket, and a queue in which the client's streams take turns. A stream that waits reads nothing
 * meanwhile, so flow control slows the bytes down at their source.
 */

import type { AbortOptions } from '../types.ts'
import { abortable } from './abort.ts'
import { createTokenBucket, type TokenBucket, type TokenBucketOptions } from './token-bucket.ts'

export interface ByteRateOptions {
  /** For each client; 0: as fast as it goes. Asked at each use, so it may change. */
  bytesPerSecond(): number
  /** Clock, in ms. */
  now?: () => number
}

interface Client {
  bucket: TokenBucket
  /** In the order of asking. Bounded by the client's streams, whose number others limit. */
  queue: (() => void)[]
  timer: ReturnType<typeof setTimeout> | undefined
}

/** Bytes to take at a time: the streams of one client take turns at this. */
export const RATED_BYTES = 65_536
/** A full bucket, in seconds of the rate: an idle client gets a page without delay. */
const BURST_S = 0.25

export type ByteRate = ReturnType<typeof createByteRate>

export function createByteRate({ bytesPerSecond, now = () => performance.now() }: ByteRateOptions) {
  const options: TokenBucketOptions = {
    get burst() {
      return bytesPerSecond() * BURST_S
    },
    get perSecond() {
      return bytesPerSecond()
    },
    now,
  }
  /** Longest idle first. Bounded by the clients of the last seconds: one whose bucket is full is forgotten. */
  const clients = new Map<string, Client>()

  function forgetIdle(): void {
    for (const [name, { bucket, queue }] of clients) {
      if (!bucket.isFull || queue.length > 0) return
      clients.delete(name)
    }
  }

  /** Serves the queue until the bucket is in debt, and comes back when it is out of it. */
  function serve(client: Client): void {
    clearTimeout(client.timer)
    client.timer = undefined
    for (let waitMs = client.bucket.spend(0); client.queue.length > 0; waitMs = client.bucket.spend(0)) {
      if (waitMs > 0 && bytesPerSecond() > 0) {
        client.timer = setTimeout(serve, waitMs, client)
        return
      }
      client.queue.shift()?.()
    }
  }

  function clientOf(name: string): Client {
    const client = clients.get(name) ?? { bucket: createTokenBucket(options), queue: [], timer: undefined }
    clients.delete(name)
    forgetIdle()
    clients.set(name, client)
    return client
  }

  return {
    /** Takes so many bytes when the client may be given them at once. False when it would have to wait. */
    takeNow(name: string, bytes: number) {
      if (bytesPerSecond() === 0) return true
      const { bucket, queue } = clientOf(name)
      if (queue.length > 0 || bucket.spend(0) > 0) return false
      bucket.spend(bytes)
      return true
    },
    /** When false, `take` resolves at once, and need not be called. */
    get isLimited() {
      return bytesPerSecond() > 0
    },
    /**
     * Resolves when the client may be given so many more bytes, in the order of asking. Ask for a small amount (`RATED_BYTES`) at a time: the
     * client's other streams come in between.
     *
     * @param options urgent bytes go before the client's other streams: small answers, and what a reader needs before it can begin
     * @throws signal.reason, when aborted
     */
    take(name: string, bytes: number, { signal, isUrgent = false }: AbortOptions & { isUrgent?: boolean } = {}) {
      if (bytesPerSecond() === 0) return Promise.resolve()
      return abortable<void>(signal, (resolve) => {
        const client = clientOf(name)
        const go = () => {
          client.bucket.spend(bytes)
          resolve()
        }
        if (isUrgent) client.queue.unshift(go)
        else client.queue.push(go)
        if (client.timer === undefined) serve(client)
        return () => {
          if (signal?.aborted) client.queue = client.queue.filter((each) => each !== go)
        }
      })
    },
  }
}
