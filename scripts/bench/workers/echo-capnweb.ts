/** Cap'n Web over one websocket between two processes: an object whose method sends back what it gets. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { newWebSocketRpcSession, RpcTarget } from 'capnweb'
import { WebSocketServer } from 'ws'
import { type EchoLoad, type EchoReading, type EchoValue, measureEcho } from '../echo-meter.ts'
import { serveCalls } from '../worker.ts'

class EchoTarget extends RpcTarget {
  echo(value: EchoValue): EchoValue {
    return value
  }
}

let remote: { echo(value: EchoValue): Promise<unknown> }

const calls = {
  /** Resolves with the server's port. */
  async serve(): Promise<number> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) => newWebSocketRpcSession(socket as never, new EchoTarget()))
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  async connect(port: number): Promise<void> {
    remote = newWebSocketRpcSession(`ws://127.0.0.1:${port}`) as never
    await remote.echo({ text: '', n: 0 })
  },
  measure: (load: EchoLoad): Promise<EchoReading> => measureEcho(async (value) => remote.echo(value), load),
}

export type EchoCapnwebCalls = typeof calls
serveCalls(calls)
