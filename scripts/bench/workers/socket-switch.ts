/** A websocket server that hands each message to all other sockets, and reads nothing of it. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { serveCalls } from '../worker.ts'

const calls = {
  /** Resolves with the server's port. */
  async serve(): Promise<number> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) => {
      socket.on('message', (data, binary) => {
        for (const other of server.clients) if (other !== socket) other.send(data, { binary })
      })
    })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
}

export type SocketSwitchCalls = typeof calls
serveCalls(calls)
