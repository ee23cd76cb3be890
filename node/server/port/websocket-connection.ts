/** A websocket of the `ws` package as libp2p's MultiaddrConnection: with back-pressure, and resets that the other end notices. */

import type { AbortOptions, Logger } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { WebSocket } from 'ws'

/** Above this many unsent bytes, the muxer waits. The same as in @libp2p/websockets. */
const MAX_BUFFERED_BYTES = 4 * 1_048_576

/** Largest message that is sent, in bytes: listeners accept frames a little larger than Noise's largest, and end a connection that sends more. */
const MAX_MESSAGE_BYTES = 65_536

interface WebSocketConnectionInit {
  socket: WebSocket
  remoteAddr: Multiaddr
  direction: 'inbound' | 'outbound'
  log: Logger
}

export class WebSocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: WebSocket
  #full = false

  constructor(init: WebSocketConnectionInit) {
    super(init)
    this.#socket = init.socket
    init.socket.on('message', (data: Buffer) => {
      try {
        this.onData(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      } catch (error) {
        this.abort(error instanceof Error ? error : new Error(String(error)))
      }
    })
    // Any other close is a reset: a reader must not take a cut for an end.
    init.socket.on('close', (code) => (code === 1000 || code === 1005 ? this.onTransportClosed() : this.onRemoteReset()))
    init.socket.on('error', () => init.socket.terminate())
  }

  sendData(data: Uint8ArrayList): SendResult {
    // Sends as few messages as the other end's limit allows: libp2p reads a byte stream, and each message costs a frame and a system call.
    for (let at = 0; at < data.byteLength; at += MAX_MESSAGE_BYTES) {
      this.#socket.send(data.subarray(at, Math.min(at + MAX_MESSAGE_BYTES, data.byteLength)), this.#onSent)
    }
    const canSendMore = this.#socket.bufferedAmount < MAX_BUFFERED_BYTES
    if (!canSendMore) this.#full = true
    return { sentBytes: data.byteLength, canSendMore }
  }

  readonly #onSent = (): void => {
    if (!this.#full || this.#socket.bufferedAmount >= MAX_BUFFERED_BYTES / 2) return
    this.#full = false
    this.safeDispatchEvent('drain')
  }

  sendReset(): void {
    this.#socket.terminate()
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    this.#socket.close()
    options?.signal?.throwIfAborted()
  }

  sendPause(): void {
    this.#socket.pause()
  }

  sendResume(): void {
    this.#socket.resume()
  }
}
