/**
 * Signs of life of a connection that carries streams of people, and on which nothing else may go for hours: libp2p's ping, again and again. A
 * process that is stopped, or a network that is cut, closes no socket; without an answer the connection is ended, and its streams with it.
 */

import type { Connection } from '@libp2p/interface'
import { abortable } from '../../async/abort.ts'
import { createIdleTimeout } from '../../async/idle-timeout.ts'

export const CONNECTION_PINGS_DEFAULTS = {
  /** Between two pings, in ms. */
  everyMs: 4_000,
  /** A connection on which a ping has not been answered for so long is ended, in ms. */
  silentMs: 9_000,
}

/** Of libp2p itself: the other end sends back what it gets. */
const PING_PROTOCOL = '/ipfs/ping/1.0.0'
const PING_BYTES = 32

/**
 * Resolves once bytes have gone to the other end and back on this very connection.
 *
 * @throws signal.reason, when aborted first; else how the stream ended
 */
export async function pingOn(connection: Connection, signal: AbortSignal): Promise<void> {
  const stream = await connection.newStream(PING_PROTOCOL, { signal })
  try {
    await abortable<void>(signal, (resolve, reject) => {
      let received = 0
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength
        if (received >= PING_BYTES) resolve()
      })
      stream.addEventListener('close', ({ error }) => reject(error ?? new Error('the stream has ended')))
      stream.send(crypto.getRandomValues(new Uint8Array(PING_BYTES)))
      return undefined
    })
    stream.close().catch(() => {})
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
}

export type ConnectionPings = ReturnType<typeof createConnectionPings>

export function createConnectionPings(options: Partial<typeof CONNECTION_PINGS_DEFAULTS> = {}) {
  const { everyMs, silentMs } = { ...CONNECTION_PINGS_DEFAULTS, ...options }
  /** Bounded by the streams that go over them. */
  const watched = new Map<Connection, { uses: number; timer: ReturnType<typeof setInterval> }>()

  function begin(connection: Connection): ReturnType<typeof setInterval> {
    let isAsking = false
    return setInterval(() => {
      if (isAsking || connection.status !== 'open') return
      isAsking = true
      const idle = createIdleTimeout(silentMs)
      pingOn(connection, idle.signal)
        .catch(() => {
          if (idle.signal.aborted) connection.abort(new Error(`nothing was answered for ${silentMs} ms`))
        })
        .finally(() => {
          idle.end()
          isAsking = false
        })
    }, everyMs)
  }

  return {
    /** Pings the connection until the function that is returned is called; it may be called twice. */
    watch(connection: Connection): () => void {
      const entry = watched.get(connection) ?? { uses: 0, timer: begin(connection) }
      entry.uses++
      watched.set(connection, entry)
      let isOver = false
      return () => {
        if (isOver) return
        isOver = true
        if (--entry.uses > 0) return
        clearInterval(entry.timer)
        watched.delete(connection)
      }
    },
    stop() {
      for (const { timer } of watched.values()) clearInterval(timer)
      watched.clear()
    },
  }
}
