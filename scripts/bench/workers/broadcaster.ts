/** Sends one message to all listeners, without mayfly: a websocket server, or a client of Redis. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, type Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { serveCalls } from '../worker.ts'

let server: WebSocketServer | undefined
let redis: Socket | undefined

const calls = {
  /** @returns its port */
  async listen(): Promise<number> {
    server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  async connect({ port }: { port: number }): Promise<void> {
    redis = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(redis, 'connect')
  },
  /** @returns when it began, in ms since the epoch */
  say({ text }: { text: string }): number {
    const beganAtMs = Date.now()
    for (const client of server?.clients ?? []) client.send(text)
    redis?.write(`PUBLISH bench ${text}\r\n`)
    return beganAtMs
  },
}

export type BroadcasterCalls = typeof calls
serveCalls(calls)
