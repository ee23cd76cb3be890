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
}

export function createPulse(options: PulseOptions = {}): Pulse {
  const { pingIntervalMs } = { ...PULSE_DEFAULTS, ...options }
  /** Whether each socket has been heard since its last ping. Bounded by the listener's connection caps. */
  const heard = new Map<WebSocket, boolean>()

  /** Runs while there is somebody to ping. */
  let timer: ReturnType<typeof setInterval> | undefined

  /**
   * A process that was busy for longer than an interval finds its timer due before it has read what came meanwhile: the answers are read
   * first, or everybody would be ended for this node's own silence, come back, and make it busier still.
   */
  const beat = () => void setImmediate(judge)

  function judge(): void {
    for (const [socket, alive] of heard) {
      if (!alive) {
        socket.terminate()
        continue
      }
      heard.set(socket, false)
      socket.ping()
    }
  }

  return {
    watch(socket) {
      heard.set(socket, true)
      timer ??= setInterval(beat, pingIntervalMs).unref()
      const hear = () => {
        if (heard.has(socket)) heard.set(socket, true)
      }
      socket.on('pong', hear)
      socket.on('message', hear)
      socket.once('close', () => {
        heard.delete(socket)
        if (heard.size > 0) return
        clearInterval(timer)
        timer = undefined
      })
    },
    get size() {
      return heard.size
    },
  }
}
