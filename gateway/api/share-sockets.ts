/**
 * The websockets of `/s/<id>/first`, on the port of pages and overlay: binary messages go to the sharer and come from it, each as it is. A side
 * that does not read holds the other one back; one that is too slow, or sends too much, is cut.
 */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { createTimeout, onAbort } from '../../node/async/abort.ts'
import { SHARE_SUBPROTOCOL, type VisitPipe } from '../../node/index.ts'
import { refuseSocket } from '../http/refuse-socket.ts'
import type { ShareVisit } from '../types.ts'

/** The codes by which a socket closes: by 'left' a page knows that the sharer has gone, at the others it goes on by its own peer. */
const CODES = { unknown: 4_404, busy: 4_429, wrong: 4_403, left: 4_410, over: 4_408 } as const
/** A hello is far below: visitors send nothing larger. */
const MAX_MESSAGE_BYTES = 16_384
/** Bytes that wait for a visitor before the sharer is held back, and those at which it goes on. */
const HIGH_BYTES = 524_288
const LOW_BYTES = 131_072
/** How long the close of a socket may take, in ms. */
const CLOSING_MS = 2_000

export function createShareSockets() {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: (offered) => (offered.has(SHARE_SUBPROTOCOL) ? SHARE_SUBPROTOCOL : false),
  })

  return async (incoming: IncomingMessage, duplex: Duplex, head: Buffer, open: () => Promise<ShareVisit | Response>): Promise<void> => {
    // The HTTP server has removed its own listeners from the socket: an error without one would end the process.
    duplex.on('error', () => duplex.destroy())
    const visit = await open()
    if (visit instanceof Response) return refuseSocket(duplex, visit)
    duplex.once('close', visit.end) // also when the handshake fails
    if (duplex.destroyed) return visit.end()
    // The sharer is sought while the handshake is on its way.
    const shown = Promise.withResolvers<WebSocket>()
    pass(visit, shown.promise).catch(() => duplex.destroy())
    server.handleUpgrade(incoming, duplex, head, shown.resolve)
  }
}

async function pass(visit: ShareVisit, shown: Promise<WebSocket>): Promise<void> {
  let leftBytes = visit.maxBytes
  let leftSentBytes = visit.maxBytesSent
  let pipe: VisitPipe | undefined
  let socket: WebSocket | undefined
  let isPaused = false
  let ended: keyof typeof CODES | undefined
  /** Messages of the sharer before the handshake is done: its key alone, since it waits for the visitor's. */
  const early: Uint8Array[] = []
  const late = createTimeout(visit.maxMs)

  function end(reason: keyof typeof CODES): void {
    if (ended !== undefined) return
    ended = reason
    late.end()
    pipe?.close()
    visit.end()
    const open = socket
    open?.close(CODES[reason])
    const cut = createTimeout(CLOSING_MS)
    onAbort(cut.signal, () => open?.terminate())
    open?.once('close', cut.end)
  }

  function give(message: Uint8Array): void {
    if (ended !== undefined) return
    if (socket === undefined) return void early.push(message)
    leftBytes -= message.byteLength
    if (leftBytes < 0) return void end('over')
    const open = socket
    open.send(message, () => {
      if (!isPaused || open.bufferedAmount > LOW_BYTES) return
      isPaused = false
      pipe?.resume()
    })
    if (isPaused || open.bufferedAmount <= HIGH_BYTES) return
    isPaused = true
    pipe?.pause()
  }

  async function take(data: RawData, isBinary: boolean): Promise<void> {
    const message = data as Buffer
    leftSentBytes -= message.byteLength
    if (!isBinary || leftSentBytes < 0) return end('over')
    if (pipe === undefined || !pipe.send(new Uint8Array(message))) return end('left')
    socket?.pause()
    if (await pipe.writable()) socket?.resume()
  }

  onAbort(late.signal, () => end('over'))
  onAbort(visit.closing, () => end('over'))
  const finding = visit.connect({ onMessage: give, onEnd: (reason) => end(reason) })
  finding.catch(() => {}) // looked at below
  socket = await shown
  socket.on('error', () => socket?.terminate())
  socket.on('close', () => end('left'))
  socket.pause() // a message that comes before the sharer is found waits
  try {
    pipe = await finding
  } catch {
    return end('unknown')
  }
  if (ended !== undefined) {
    pipe.close()
    socket.close(CODES[ended])
    return
  }
  socket.on('message', (data, isBinary) => void take(data, isBinary))
  for (const message of early.splice(0)) give(message)
  socket.resume()
}
