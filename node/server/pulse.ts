/** Notices websockets whose other end is gone without a word: pings each one, and ends those that did not answer the last ping. */

import type { WebSocket } from 'ws'

export interface PulseOptions {
  /** Between two pings of one socket, in ms. A dead socket is ended one to two intervals after its last sign. */
  pingIntervalMs?: number
}

export const PULSE_DEFAULTS: Readonly<Required<PulseOptions>> = {
  pingIntervalMs: 4_000, // a frozen holder must be out of every answer within 15 s: 8 s here, the rest for those who are told
}

export interface Pulse {
  watch(socket: WebSocket): void
  readonly size: number
  stop(): void
}

export function createPulse(options: PulseOptions = {}): Pulse {
  const { pingIntervalMs } = { ...PULSE_DEFAULTS, ...options }
  /** Whether each socket has been heard since its last ping. Bounded by the listener's connection caps. */
  const heard = new Map<WebSocket, boolean>()

  const timer = setInterval(() => {
    for (const [socket, alive] of heard) {
      if (!alive) {
        socket.terminate()
        continue
      }
      heard.set(socket, false)
      socket.ping()
    }
  }, pingIntervalMs)
  timer.unref()

  return {
    watch(socket) {
      heard.set(socket, true)
      const hear = () => {
        if (heard.has(socket)) heard.set(socket, true)
      }
      socket.on('pong', hear)
      socket.on('message', hear)
      socket.once('close', () => heard.delete(socket))
    },
    get size() {
      return heard.size
    },
    stop() {
      clearInterval(timer)
    },
  }
}
