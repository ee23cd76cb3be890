/**
 * @libp2p/websockets 10.1 as a dialler, as a page needs it, with two repairs.
 *
 * - Its abort calls `close(1006)`, a code that a page may not send. That throws, and the socket stays open at the other end, which then believes
 *   that a peer is there who is not.
 * - It sends each part of what it is given as a message of its own, and Noise gives it a length of two bytes and then the rest: two messages, and
 *   two events for the receiver, where one is enough. The bytes on the wire are the same.
 */

import type { ComponentLogger, Transport } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { Uint8ArrayList } from 'uint8arraylist'
import { socketMessages } from './socket-messages.ts'

/** An application's own code: the first of the range that applications may use. @see https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2 */
const ABORTED = 4_000

/** The part of the library's connection through which all goes that it sends. */
interface Sender {
  sendData(data: Uint8ArrayList): unknown
}

interface Upgrader {
  upgradeOutbound(connection: Sender, ...rest: unknown[]): unknown
}

/** The library's own methods, besides its interface. */
interface Dialler {
  _connect(...args: unknown[]): Promise<WebSocket>
  dial(address: unknown, options: { upgrader: Upgrader }): unknown
}

export function pageSockets(components: { logger: ComponentLogger }): Transport {
  const transport = webSockets()(components as Parameters<ReturnType<typeof webSockets>>[0])
  const dialler = transport as unknown as Dialler
  const connect = dialler._connect.bind(transport)
  dialler._connect = async (...args) => {
    const socket = await connect(...args)
    const close = socket.close.bind(socket)
    socket.close = (code, reason) => close(code === 1006 ? ABORTED : code, reason)
    return socket
  }
  const dial = dialler.dial.bind(transport)
  dialler.dial = (address, options) => dial(address, { ...options, upgrader: joiningParts(options.upgrader) })
  return transport
}

const joiningParts = (upgrader: Upgrader): Upgrader => ({
  upgradeOutbound(connection, ...rest) {
    const sendData = connection.sendData.bind(connection)
    connection.sendData = (data) => sendData(new Uint8ArrayList(...socketMessages(data)))
    return upgrader.upgradeOutbound(connection, ...rest)
  },
})
