/**
 * The websockets of `/to/<end>/ws`, on the port of pages and overlay: each event is a text message of JSON. Messages from the client are
 * ignored. A client that stops reading is cut.
 */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { abortable, timeoutSignal } from '../../node/async/abort.ts'
import { refuseSocket } from '../http/refuse-socket.ts'
import type { InboxFeed } from '../types.ts'
import { feedJson } from './inbox-streams.ts'

/** Clients need not send anything. */
const MAX_INCOMING_BYTES = 1_024
/** @see https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 (normal closure: all was sent, so clients do not reconnect) */
const ALL_SENT = 1_000
/** The gateway stops: clients reconnect. */
const GOING_AWAY = 1_001

/** @param stallMs how long a client may stop reading, in ms */
export function createMessageSockets(stallMs: number) {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_INCOMING_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
  })

  async function pump(feed: InboxFeed, socket: WebSocket): Promise<void> {
    socket.on('error', () => socket.terminate())
    socket.on('close', feed.end)
    try {
      for await (const event of feed.events) await send(socket, feedJson(event))
      socket.close(feed.hasBeenEnded() ? GOING_AWAY : ALL_SENT)
    } catch {
      socket.terminate()
    } finally {
      feed.end()
    }
  }

  /** Resolves once the system has the event, so that at most one waits here. */
  async function send(socket: WebSocket, text: string): Promise<void> {
    await abortable<void>(timeoutSignal(stallMs), (resolve, reject) => {
      socket.send(text, (error) => (error == null ? resolve() : reject(error)))
      return undefined
    })
  }

  /** @param open the events for this client, or the answer that refuses them */
  return async (incoming: IncomingMessage, duplex: Duplex, head: Buffer, open: () => Promise<InboxFeed | Response>): Promise<void> => {
    // The HTTP server has removed its own listeners from the socket: an error without one would end the process.
    duplex.on('error', () => duplex.destroy())
    const feed = await open()
    if (feed instanceof Response) return refuseSocket(duplex, feed)
    duplex.once('close', feed.end) // also when the handshake fails
    if (duplex.destroyed) return feed.end()
    server.handleUpgrade(incoming, duplex, head, (socket) => void pump(feed, socket))
  }
}
