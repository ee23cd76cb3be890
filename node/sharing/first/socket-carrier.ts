/** The messages of a visitor over the websocket of a gateway, as browsers have it. */

import { createTimeout, onAbort } from '../../async/abort.ts'
import { MayflyError } from '../../errors.ts'
import { type PageVisitor, SHARE_SUBPROTOCOL, takeFirstSocket } from './early-socket.ts'
import type { VisitorCarrier } from './record-way.ts'

/** The code by which a gateway closes the websocket when the sharer has gone. */
const LEFT_CODE = 4_410
/** How long the handshake may take, in ms. The peer is loaded beside it long before. */
const OPEN_MS = 10_000

/** @param gateway its URL @param id of the share, in text form */
export function createSocketCarrier(gateway: string, id: string, visitor: PageVisitor): VisitorCarrier {
  const { socket, messages, keys, greeting } = takeFirstSocket(gateway, id, visitor)
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

  function onOpen(): void {
    late.end()
    if (socket.protocol !== SHARE_SUBPROTOCOL) return void end(new MayflyError('ERR_UNAVAILABLE', 'The gateway passes no visitors on'))
    for (const message of early.splice(0)) socket.send(message as Uint8Array<ArrayBuffer>)
  }

  function take(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return void end(new MayflyError('ERR_BAD_FRAME', 'A message of text came'))
    const message = new Uint8Array(data)
    const heard = Promise.resolve().then(() => (isDeaf ? undefined : listener(message))) // one is set by then
    handling = Promise.all([heard, handling]).then(() => {})
    handling.catch(end)
  }

  socket.addEventListener('open', onOpen)
  socket.addEventListener('message', ({ data }: MessageEvent) => take(data))
  socket.addEventListener('close', ({ code }) => end(code === LEFT_CODE ? new MayflyError('ERR_LEFT', 'The sharer has gone') : undefined))
  socket.addEventListener('error', () => end(new MayflyError('ERR_UNAVAILABLE', 'The gateway could not be reached')))
  // Opened by the first script of the document: its events until now are over. Messages that came before its end say why, as a refusal does.
  for (const data of messages) take(data)
  if (socket.readyState === WebSocket.OPEN) onOpen()
  else if (socket.readyState !== WebSocket.CONNECTING) end()

  return {
    keys,
    ...(greeting && { greeting }),
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
