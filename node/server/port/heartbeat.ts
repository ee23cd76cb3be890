/** Heartbeat of websockets: pings each one, and terminates those that did not answer the last ping, since their other end is gone. */

import type { WebSocket } from 'ws'

export interface HeartbeatOptions {
  /** Between two pings of one socket, in ms. A dead socket is terminated one to two intervals after its last sign. */
  pingIntervalMs?: number
}

/** A frozen holder must be out of every answer within 15 s: 8 s here, the rest for telling the watchers. */
const PING_INTERVAL_MS = 4_000

export type Heartbeat = ReturnType<typeof createHeartbeat>

export function createHeartbeat({ pingIntervalMs = PING_INTERVAL_MS }: HeartbeatOptions = {}) {
  /** Whether each socket has sent anything since its last ping. Bounded by the listener's limits on sockets. */
  const isAlive = new Map<WebSocket, boolean>()
  /** Runs while there is a socket to ping. */
  let timer: ReturnType<typeof setInterval> | undefined

  function pingAll(): void {
    for (const [socket, alive] of isAlive) {
      if (!alive) {
        socket.terminate()
        continue
      }
      isAlive.set(socket, false)
      socket.ping()
    }
  }

  /**
   * After a busy spell longer than an interval, the timer is due before the pongs that arrived meanwhile have been read. They are read first:
   * otherwise every socket would be terminated for this process's own silence, reconnect, and make it busier still.
   */
  const onInterval = () => void setImmediate(pingAll)

  return {
    watch(socket: WebSocket): void {
      isAlive.set(socket, true)
      timer ??= setInterval(onInterval, pingIntervalMs).unref()
      const markAlive = () => {
        if (isAlive.has(socket)) isAlive.set(socket, true)
      }
      socket.on('pong', markAlive)
      socket.on('message', markAlive)
      socket.once('close', () => {
        isAlive.delete(socket)
        if (isAlive.size > 0) return
        clearInterval(timer)
        timer = undefined
      })
    },
    get size() {
      return isAlive.size
    },
  }
}
