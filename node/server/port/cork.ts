/**
 * Holds back what is sent over a socket until all that follows from one event has been done, its promises too: a handshake or a choice of protocols
 * sends several short messages, and each write takes longer than all else that is done for one.
 */

import type { Duplex } from 'node:stream'

/** The socket below a websocket. */
export type Carrier = Pick<Duplex, 'cork' | 'uncork'>

export interface Cork {
  /** To be called before each message. Without a carrier each is a write of its own. */
  hold(): void
  /** Writes what was held back: to be called before the socket is ended at once, which would lose it. */
  letGo(): void
}

export function createCork(carrier: Carrier | undefined): Cork {
  if (carrier === undefined) return { hold() {}, letGo() {} }
  let isCorked = false
  const letGo = () => {
    if (!isCorked) return
    isCorked = false
    carrier.uncork()
  }
  return {
    hold() {
      if (isCorked) return
      isCorked = true
      carrier.cork()
      // First come the callbacks that wait already, then their promises.
      process.nextTick(() => queueMicrotask(() => process.nextTick(letGo)))
    },
    letGo,
  }
}
