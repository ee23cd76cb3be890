/**
 * Connections of which a close that fails is an abort. By itself libp2p 3.3 gives up after a second when a stream does not drain, and leaves
 * a connection that says it is open, opens no stream, and is what the next dial gets.
 */

import type { Connection } from '@libp2p/interface'

/** The method of libp2p's upgrader through which every connection goes. */
interface Upgrader {
  _createConnection(init: object): Connection
}

/** To be called before the first connection. The caller of a close, libp2p or a part of this program, still gets its error. */
export function abortFailedCloses({ upgrader: own }: { upgrader: unknown }): void {
  const upgrader = own as Upgrader
  const createConnection = upgrader._createConnection.bind(upgrader)
  upgrader._createConnection = (init) => {
    const connection = createConnection(init)
    const close = connection.close.bind(connection)
    connection.close = async (options) => {
      try {
        await close(options)
      } catch (error) {
        connection.abort(error instanceof Error ? error : new Error(String(error)))
        throw error
      }
    }
    return connection
  }
}
