/** A websocket of the `ws` package as libp2p's MultiaddrConnection: with back-pressure, and resets that the other end notices. */

import type { AbortOptions, Logger } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { WebSocket } from 'ws'
import { inNextTurn } from '../../async/turn.ts'
import { createFrameAllowance, type FrameAllowanceOptions } from '../../network/frame-allowance.ts'
import { MAX_MESSAGE_BYTES } from '../../network/socket-messages.ts'
import { type Carrier, type Cork, createCork } from './cork.ts'

/** Above this many unsent bytes, the muxer waits. The same as in @libp2p/websockets. */
const MAX_BUFFERED_BYTES = 4 * 1_048_576

/** Up to here what comes in one piece goes out as it is, as one message. */
const MAX_WHOLE_BYTES = 32_768

/** How long messages of one socket are handled in one turn of the event loop, in ms: up to 2 MiB may have come for it, to be decrypted. */
const SLICE_MS = 8

/**
 * The tag of a Noise message, which is never shorter. @libp2p/websockets, so many a tab, sends the length in front of one as a message of its
 * own: a short message counts as one that carries nothing only behind another.
 */
const MIN_MESSAGE_BYTES = 16

interface WebSocketConnectionInit {
  /** Made without `autoPong`: pings are answered here. */
  socket: WebSocket
  remoteAddr: Multiaddr
  direction: 'inbound' | 'outbound'
  log: Logger
  /** Below the websocket: messages of one go leave it in one write. Missing: each is a write of its own. */
  carrier?: Carrier
  allowance?: FrameAllowanceOptions
}

export class WebSocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: WebSocket
  readonly #cork: Cork
  readonly #allowance: ReturnType<typeof createFrameAllowance>
  #full = false
  /** The last message was a short one. */
  #wasShort = false
  /** libp2p takes nothing. */
  #isPaused = false
  /** Set while the peer is slowed. */
  #slowed: ReturnType<typeof setTimeout> | undefined
  /** When this turn's first message came; undefined in a turn without one. */
  #turnStartedAtMs: number | undefined
  /** The rest of what has come waits for the next turn. */
  #isSliced = false

  constructor(init: WebSocketConnectionInit) {
    super(init)
    this.#socket = init.socket
    this.#cork = createCork(init.carrier)
    this.#allowance = createFrameAllowance(init.allowance)
    init.socket.on('message', (data: Buffer) => {
      this.#beginTurn()
      try {
        this.onData(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        const isShort = data.byteLength < MIN_MESSAGE_BYTES
        if (isShort && (this.#wasShort || data.byteLength === 0)) this.#countEmpty()
        this.#wasShort = isShort
      } catch (error) {
        this.abort(error instanceof Error ? error : new Error(String(error)))
      }
      this.#endSlice()
    })
    init.socket.on('ping', (data: Buffer) => {
      // A peer that reads nothing needs no answer, which would only wait here.
      if (init.socket.bufferedAmount < MAX_BUFFERED_BYTES) init.socket.pong(data)
      this.#countEmpty()
    })
    init.socket.on('pong', () => this.#countEmpty())
    // Any other close is a reset: a reader must not take a cut for an end.
    init.socket.on('close', (code) => (code === 1000 || code === 1005 ? this.onTransportClosed() : this.onRemoteReset()))
    init.socket.on('error', () => init.socket.terminate())
  }

  /** Hands on what comes in one piece while nothing waits; the library would take it through a buffer and two lists. */
  override send(data: Uint8Array | Uint8ArrayList): boolean {
    const isFree = this.writeStatus === 'writable' && !this.writableNeedsDrain && this.writeBufferLength === 0 && !this.sendingData
    if (!(data instanceof Uint8Array) || data.byteLength > MAX_WHOLE_BYTES || !isFree) return super.send(data)
    this.#cork.hold()
    this.#socket.send(data, this.#onSent)
    this.#full = this.#socket.bufferedAmount >= MAX_BUFFERED_BYTES
    this.writableNeedsDrain = this.#full
    return !this.#full
  }

  sendData(data: Uint8ArrayList): SendResult {
    this.#cork.hold()
    for (let at = 0; at < data.byteLength; at += MAX_MESSAGE_BYTES)
      this.#sendParts(data.sublist(at, Math.min(at + MAX_MESSAGE_BYTES, data.byteLength)))
    const canSendMore = this.#socket.bufferedAmount < MAX_BUFFERED_BYTES
    if (!canSendMore) this.#full = true
    return { sentBytes: data.byteLength, canSendMore }
  }

  /** Sends a long message in fragments: joined, it would be copied. @see https://www.rfc-editor.org/rfc/rfc6455#section-5.4 */
  #sendParts(message: Uint8ArrayList): void {
    const parts = message.byteLength > MAX_WHOLE_BYTES ? [...message] : [message.subarray()]
    for (const [i, part] of parts.entries()) this.#socket.send(part, { fin: i === parts.length - 1 }, this.#onSent)
  }

  readonly #onSent = (): void => {
    if (!this.#full || this.#socket.bufferedAmount >= MAX_BUFFERED_BYTES / 2) return
    this.#full = false
    this.safeDispatchEvent('drain')
  }

  #beginTurn(): void {
    if (this.#turnStartedAtMs !== undefined) return
    this.#turnStartedAtMs = performance.now()
    inNextTurn(() => {
      this.#turnStartedAtMs = undefined
      if (!this.#isSliced) return
      this.#isSliced = false
      this.#resume()
    })
  }

  /** Leaves the rest of what has come to the next turn, once this one has taken long, so that others are served in between. */
  #endSlice(): void {
    if (this.#isSliced || performance.now() - (this.#turnStartedAtMs ?? Number.POSITIVE_INFINITY) < SLICE_MS) return
    this.#isSliced = true
    this.#socket.pause()
  }

  /** Reads on, unless there is another reason not to. */
  #resume(): void {
    if (!this.#isPaused && !this.#isSliced && this.#slowed === undefined) this.#socket.resume()
  }

  /** Counts a message that carries nothing for the layers above. */
  #countEmpty(): void {
    if (this.status !== 'open') return
    try {
      const pauseMs = this.#allowance.spend()
      if (pauseMs === 0) return
      clearTimeout(this.#slowed)
      this.#socket.pause()
      this.#slowed = setTimeout(() => {
        this.#slowed = undefined
        this.#resume()
      }, pauseMs)
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }

  sendReset(): void {
    this.#cork.letGo()
    this.#socket.terminate()
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    this.#socket.close()
    options?.signal?.throwIfAborted()
  }

  sendPause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  sendResume(): void {
    this.#isPaused = false
    this.#resume()
  }
}
