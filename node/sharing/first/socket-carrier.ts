/** The messages of a visitor over the websocket of a gateway, as browsers have it. */

import { createTimeout, onAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import type { MessageCarrier } from './record-way.ts'

/** Offered in the handshake, since a node of before would take the websocket for one of its overlay: it does not answer with this. */
export const SHARE_SUBPROTOCOL = 'mayfly-share-first-1'

/** The code by which a gateway closes the websocket when the sharer has gone. */
const LEFT_CODE = 4_410
/** How long the handshake may take, in ms. The peer is loaded beside it long before. */
const OPEN_MS = 10_000

/** @param gateway its URL @param id of the share, in text form */
export function createSocketCarrier(gateway: string, id: string): MessageCarrier {
  const socket = new WebSocket(new URL(`/s/${id}/first`, gateway.replace(/^http/, 'ws')), SHARE_SUBPROTOCOL)
  socket.binaryType = 'arraybuffer'
  /** Sent before it is open. */
  const early: Uint8Array[] = []
  let listener: (message: Uint8Array) => Promise<void> = async () => {}
  let onEnd: (reason: Error | undefined) => void = () => {}
  let handling: Promise<void> = Promise.resolve()
  let hasEnded = false
  /** Ended from here: nothing more is heard. */
  let isDeaf = false
  const late = createTimeout(OPEN_MS)
  onAbort(late.signal, () => end(new MayflyError('ERR_TIMEOUT', 'The gateway did not answer')))

  function end(reason?: Error): void {
    if (hasEnded) return
    hasEnded = true
    late.end()
    socket.close()
    // Messages that have come are handled first.
    handling.then(
      () => onEnd(reason),
      () => onEnd(reason),
    )
  }

  socket.addEventListener('open', () => {
    late.end()
    if (socket.protocol !== SHARE_SUBPROTOCOL) return end(new MayflyError('ERR_UNAVAILABLE', 'The gateway passes no visitors on'))
    for (const message of early.splice(0)) socket.send(message as Uint8Array<ArrayBuffer>)
  })
  socket.addEventListener('message', ({ data }: MessageEvent) => {
    if (!(data instanceof ArrayBuffer)) return end(new MayflyError('ERR_BAD_FRAME', 'A message of text came'))
    const message = new Uint8Array(data)
    handling = handling.then(() => (isDeaf ? undefined : listener(message)))
    handling.catch(end)
  })
  socket.addEventListener('close', ({ code }) => end(code === LEFT_CODE ? new MayflyError('ERR_LEFT', 'The sharer has gone') : undefined))
  socket.addEventListener('error', () => end(new MayflyError('ERR_UNAVAILABLE', 'The gateway could not be reached')))

  return {
    get unsentBytes() {
      return socket.bufferedAmount
    },
    send(message) {
      if (hasEnded) return false
      if (socket.readyState === WebSocket.CONNECTING) early.push(message)
      else socket.send(message as Uint8Array<ArrayBuffer>)
      return true
    },
    writable: async () => !hasEnded, // a visitor sends little
    onMessage(next) {
      listener = next
    },
    onEnd(next) {
      onEnd = next
    },
    close() {
      isDeaf = true
      end()
    },
    abort(reason) {
      isDeaf = true
      end(reason)
    },
  }
}
