/**
 * Counts the websocket messages that all peers of this process send, whichever library they use: the smallest unit that both mayfly and
 * stock libp2p have in common. `ws` and Node.js' own WebSocket are counted at their `send`, which is why this is a process of its own
 * that measures nothing else.
 */

import { WebSocket as WsWebSocket } from 'ws'

export interface MessageCount {
  messages: number
  bytes: number
}

type Sent = string | Buffer | ArrayBufferLike | ArrayBufferView | Blob

/** From now on, for as long as the process lives. */
export function countMessages(): MessageCount {
  const count: MessageCount = { messages: 0, bytes: 0 }
  for (const { prototype } of [WsWebSocket, globalThis.WebSocket]) {
    const target = prototype as { send(data: Sent, ...rest: unknown[]): void }
    const { send } = target
    target.send = function (data, ...rest) {
      count.messages++
      count.bytes += sizeOf(data)
      send.call(this, data, ...rest)
    }
  }
  return count
}

function sizeOf(data: Sent): number {
  if (typeof data === 'string') return data.length
  return data instanceof Blob ? data.size : data.byteLength
}
