/** The answering end of the relay protocol, at tabs and nodes alike: reads the request in front of a stream, and hands the stream to whom it is for. */

import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { timeoutSignal } from '../../async/abort.ts'
import { connectionKind } from '../../network/index.ts'
import { readFirstFrame, sendFirstFrame } from './first-frame.ts'
import { MAX_RELAY_STREAMS, RelayRefused } from './relay-client.ts'
import {
  decodeRelayRequest,
  encodeRelayAnswer,
  RELAY_PROTOCOL,
  RELAY_WIRE_LIMITS,
  type RelayAnswer,
  type RelayRefusal,
  type RelayRequest,
} from './relay-wire.ts'

export const RELAY_ENDPOINT_DEFAULTS = {
  /** How long the end that opens a stream may take to say what it wants, and the way on to be found, in ms. */
  requestTimeoutMs: 10_000,
}

export type IncomingRequest = Extract<RelayRequest, { type: 'incoming' }>
export type RoutedRequest = Exclude<RelayRequest, IncomingRequest>

/** Takes a stream that is for this peer: a refusal, or takes it over once the other side has been told. */
export type AcceptIncoming = (request: IncomingRequest) => RelayRefusal | ((stream: Stream) => void)

/** The part of a node that hands streams on to others. */
export interface RelayRouter {
  /**
   * Finds the way on. The signal is aborted when the asking side leaves.
   *
   * @returns joins the asking side's stream to the one on
   * @throws {RelayRefused}
   */
  route(request: RoutedRequest, connection: Connection, signal: AbortSignal): Promise<(stream: Stream) => void>
  start(): void
  stop(): void
}

export type RelayEndpoint = ReturnType<typeof createRelayEndpoint>

/** @param router a node's; without one nothing is handed on */
export function createRelayEndpoint(
  libp2p: Pick<Libp2p, 'handle' | 'unhandle'>,
  router?: RelayRouter,
  { requestTimeoutMs }: typeof RELAY_ENDPOINT_DEFAULTS = RELAY_ENDPOINT_DEFAULTS,
) {
  let accept: AcceptIncoming | undefined
  let isServing = false

  function onStream(stream: Stream, connection: Connection): void {
    serve(stream, connection).catch((error: unknown) => stream.abort(error instanceof Error ? error : new Error(String(error))))
  }

  async function serve(stream: Stream, connection: Connection): Promise<void> {
    const gone = new AbortController()
    const leave = () => gone.abort(new Error('the asking side has left'))
    stream.addEventListener('close', leave)
    const signal = AbortSignal.any([gone.signal, timeoutSignal(requestTimeoutMs)])
    const bytes = await readFirstFrame(stream, RELAY_WIRE_LIMITS.maxFrameBytes, signal)
    let join: (stream: Stream) => void
    try {
      join = await judge(decodeRelayRequest(bytes), connection, signal)
    } catch (error) {
      if (!(error instanceof RelayRefused)) throw error
      answer(stream, { type: 'refused', reason: error.reason })
      await stream.close()
      return
    } finally {
      stream.removeEventListener('close', leave)
    }
    answer(stream, { type: 'connected' })
    join(stream)
  }

  async function judge(request: RelayRequest, connection: Connection, signal: AbortSignal): Promise<(stream: Stream) => void> {
    // No tab hands anything on to another tab, and a circuit is for signalling alone.
    if (connectionKind(connection) !== 'socket') throw new RelayRefused('stranger')
    if (request.type !== 'incoming') {
      if (router === undefined) throw new RelayRefused('stranger')
      return router.route(request, connection, signal)
    }
    const verdict = accept?.(request) ?? 'no-protocol'
    if (typeof verdict === 'string') throw new RelayRefused(verdict)
    return verdict
  }

  return {
    /** Streams for this peer go here from now on; undefined: nobody takes them. */
    setAcceptor(next: AcceptIncoming | undefined) {
      accept = next
    },
    async start() {
      if (isServing) return
      isServing = true
      router?.start()
      await libp2p.handle(RELAY_PROTOCOL, onStream, { maxInboundStreams: MAX_RELAY_STREAMS, maxOutboundStreams: MAX_RELAY_STREAMS })
    },
    async stop() {
      if (!isServing) return
      isServing = false
      await libp2p.unhandle(RELAY_PROTOCOL)
      router?.stop()
    },
  }
}

function answer(stream: Stream, frame: RelayAnswer): void {
  sendFirstFrame(stream, encodeRelayAnswer(frame))
}
