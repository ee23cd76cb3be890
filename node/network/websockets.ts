/**
 * @libp2p/websockets as a dialler, with the one repair it needs: its abort calls `close(1006)`, a code that a page may not send. That
 * throws, and the socket stays open at the other end, which then believes that a peer is there who is not.
 */

import type { ComponentLogger, Transport } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'

/** An application's own code: the first of the range that applications may use. @see https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2 */
const ABORTED = 4_000

interface Connecting {
  _connect(...args: unknown[]): Promise<WebSocket>
}

export function soundWebSockets(): (components: { logger: ComponentLogger }) => Transport {
  return (components) => {
    const transport = webSockets()(components as Parameters<ReturnType<typeof webSockets>>[0])
    const connecting = transport as unknown as Connecting
    const connect = connecting._connect.bind(transport)
    connecting._connect = async (...args) => {
      const socket = await connect(...args)
      const close = socket.close.bind(socket)
      socket.close = (code, reason) => close(code === 1006 ? ABORTED : code, reason)
      return socket
    }
    return transport
  }
}
