/** Counts the traffic of a server's port on its sockets: HTTP and overlay, headers and encryption included. */

import type { Server, Socket } from 'node:net'

export function countPortBytes(server: Pick<Server, 'on'>) {
  /** Bounded by the server's connections. */
  const open = new Set<Socket>()
  const closed = { received: 0, sent: 0 }
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      closed.received += socket.bytesRead
      closed.sent += socket.bytesWritten
    })
  })
  return {
    /** Since the counting began, in bytes. */
    get total() {
      const total = { ...closed }
      for (const { bytesRead, bytesWritten } of open) {
        total.received += bytesRead
        total.sent += bytesWritten
      }
      return total
    },
  }
}
