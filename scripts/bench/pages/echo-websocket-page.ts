/** A bare websocket to a server that hands each message to the other page, which sends it back, as JSON. */

import { createMessageEcho, type EchoLoad, type EchoReading, measureEcho } from '../echo-meter.ts'
import { answerCalls } from './bulk-page.ts'

let socket: WebSocket

const calls = {
  async connect({ port, isAnswering }: { port: number; isAnswering: boolean }): Promise<void> {
    socket = new WebSocket(`ws://127.0.0.1:${port}`)
    if (isAnswering) socket.onmessage = ({ data }: MessageEvent<string>) => socket.send(data)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', reject)
    })
  },
  async measure(load: EchoLoad): Promise<EchoReading> {
    const { echo, onMessage } = createMessageEcho((message) => socket.send(JSON.stringify(message)))
    socket.onmessage = ({ data }: MessageEvent<string>) => onMessage(JSON.parse(data) as [number, unknown])
    return measureEcho(echo, load)
  },
}

export type EchoWebsocketPageCalls = typeof calls
answerCalls(calls)
