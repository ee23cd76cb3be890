/**
 * Sockets for spans of pieces: plain HTTP requests whose answers are read into one buffer for each socket, which is used again. Node.js's own
 * client takes new memory for each read, of 64 KiB at most; V8 then has to find out that it is used no more.
 */

import { connect, type Socket } from 'node:net'
import { createAnswerReader } from './answer-reader.ts'

/** A span's listener hears of its answer. */
export interface SpanListener {
  /** @param length of the body, when the answer tells it */
  onStart(status: number, length: number | undefined): void
  /** The next bytes of the body. They are the listener's only until it returns. */
  onBytes(bytes: Uint8Array): void
  /** The answer is whole. Called last. */
  onEnd(): void
  /** The connection has failed before the end of the answer. Called last. */
  onFailure(): void
  /** The answer has a form that is not read here; the same request can be made by Node.js's client. Called last. */
  onUnfit(): void
}

/** An answer under way. */
export interface SpanAnswer {
  /** Bytes that have come already may still be handed out. */
  pause(): void
  resume(): void
  /** Ends it, and the connection; its listener hears nothing more. */
  destroy(): void
}

/** As much as one read may bring: a piece, or a part of one. */
const READ_BYTES = 262_144
/** Connections to one node that are in use, each with its buffer; further spans go by Node.js's client, where they wait for each other. */
const MAX_SOCKETS = 4
/** How long a connection waits for its next span, in ms: less than the node keeps it. */
const IDLE_MS = 5_000

interface SpanSocket {
  socket: Socket
  answer: { reader: ReturnType<typeof createAnswerReader>; listener: SpanListener; isPaused: boolean } | undefined
  idleTimer: ReturnType<typeof setTimeout> | undefined
}

export function createSpanSockets() {
  /** By origin, all that are open. Bounded: MAX_SOCKETS for each, and those that wait go after IDLE_MS. */
  const sockets = new Map<string, Set<SpanSocket>>()

  function open(origin: string, host: string, port: number): SpanSocket {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    const onread = {
      buffer,
      callback(bytes: number): boolean {
        onRead(own, buffer.subarray(0, bytes))
        return own.answer?.isPaused !== true
      },
    }
    const own: SpanSocket = { socket: connect({ host, port, noDelay: true, onread }), answer: undefined, idleTimer: undefined }
    const all = sockets.get(origin) ?? new Set()
    sockets.set(origin, all.add(own))
    own.socket.on('error', () => {}) // 'close' follows
    own.socket.on('close', () => {
      clearTimeout(own.idleTimer)
      all.delete(own)
      if (all.size === 0 && sockets.get(origin) === all) sockets.delete(origin)
      end(own, 'onFailure')
    })
    return own
  }

  function end(own: SpanSocket, how: 'onEnd' | 'onFailure' | 'onUnfit'): void {
    const { answer } = own
    own.answer = undefined
    answer?.listener[how]()
  }

  function onRead(own: SpanSocket, bytes: Uint8Array): void {
    const state = own.answer?.reader.read(bytes) ?? 'bad' // nobody has asked for anything
    if (own.answer === undefined || state === 'bad') own.socket.destroy()
    if (state === 'bad') end(own, 'onUnfit')
    if (state !== 'end' || own.answer === undefined) return
    // The connection can be used again; it does not keep a finished command alive.
    own.socket.unref()
    own.idleTimer = setTimeout(() => own.socket.destroy(), IDLE_MS)
    own.idleTimer.unref()
    end(own, 'onEnd')
  }

  return {
    /**
     * Sends a request, over a connection that waits or over a new one. Undefined when as many as may be are in use.
     *
     * @param origin `http:` alone
     * @param headers of which no value needs to be escaped
     */
    request(origin: URL, path: string, headers: Record<string, string>, listener: SpanListener): SpanAnswer | undefined {
      const all = sockets.get(origin.origin)
      const idle = [...(all ?? [])].find(({ answer, socket }) => answer === undefined && !socket.destroyed)
      if (idle === undefined && all !== undefined && all.size >= MAX_SOCKETS) return undefined
      const own = idle ?? open(origin.origin, origin.hostname.replace(/^\[|\]$/g, ''), Number(origin.port || 80))
      const { socket } = own
      clearTimeout(own.idleTimer)
      socket.ref()
      const answer = { reader: createAnswerReader({ onHead: listener.onStart, onBody: listener.onBytes }), listener, isPaused: false }
      own.answer = answer
      const lines = Object.entries({ host: origin.host, ...headers, connection: 'keep-alive' }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      )
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
      return {
        pause() {
          answer.isPaused = true
        },
        resume() {
          answer.isPaused = false
          socket.resume()
        },
        destroy() {
          if (own.answer !== answer) return
          own.answer = undefined
          socket.destroy()
        },
      }
    },
  }
}

export type SpanSockets = ReturnType<typeof createSpanSockets>
