/**
 * Holds back what is sent over a socket until all that follows from one event has been done, its promises too: a handshake or a choice of protocols
 * sends several short messages, and each write takes longer than all else that is done for one.
 */

import type { Duplex } from 'node:stream'

/** The socket below a websocket. */
export type Carrier = Pick<Duplex, 'cork' | 'uncork'>

/** @returns to be called before each message; without a carrier each is a write of its own */
export function createCork(carrier: Carrier | undefined): () => void {
  if (carrier === undefined) return () => {}
  let isCorked = false
  const uncork = () => {
    isCorked = false
    carrier.uncork()
  }
  return () => {
    if (isCorked) return
    isCorked = true
    carrier.cork()
    // First come the callbacks that wait already, then their promises.
    process.nextTick(() => queueMicrotask(() => process.nextTick(uncork)))
  }
}
