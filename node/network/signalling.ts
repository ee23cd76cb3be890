/**
 * Direct connections whose offers travel over a stream that two tabs have already: nobody opens a circuit for them. The connection is made by
 * @libp2p/webrtc as over a circuit. For each attempt it gets components in which that stream is a connection to the peer.
 */

import type { ComponentLogger, Connection, Libp2p, Logger, PeerId, Stream, Transport, Upgrader } from '@libp2p/interface'
import { AbstractStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Uint8ArrayList } from 'uint8arraylist'
import { createTimeout, onAbort, raceAbort } from '../async/abort.ts'
import { connectionKind } from './connection-kind.ts'
import type { DirectUses } from './direct-uses.ts'
import type { TransportFactory } from './types.ts'

export const SIGNALLING_LIMITS = {
  /** Bytes that one end may send in an attempt: a session description and some dozen candidates. As many as a circuit carries. */
  maxBytes: 65_536,
} as const

/** One end of an attempt to connect directly. */
export interface Signalling {
  /** Takes what the other end has sent. Too many bytes end the attempt. */
  take(bytes: Uint8Array): void
  /** Ends an attempt that has not succeeded yet. May be called twice. */
  end(): void
}

export interface SignallingComponents {
  upgrader: Upgrader
  logger: ComponentLogger
}

/** The part of the connection over which an offer travels that @libp2p/webrtc uses. */
type Carrier = Pick<Connection, 'remotePeer' | 'remoteAddr' | 'newStream'>
type OnStream = (stream: Stream, connection: Carrier) => void

interface Attempt extends Signalling {
  settled: Promise<void>
  settle(): void
}

export type Signallings = ReturnType<typeof createSignallings>

/** @param timeoutMs how long an attempt may take */
export function createSignallings(webRTC: TransportFactory, uses: Pick<DirectUses, 'dial' | 'arrive' | 'leave'>, timeoutMs: number) {
  let components: SignallingComponents | undefined
  /** By peer id. Bounded by the places of direct connections. */
  const attempts = new Map<string, Attempt>()

  function begin(
    peer: PeerId,
    send: (bytes: Uint8Array) => void,
    connect: (components: SignallingComponents, carrier: Carrier, signal: AbortSignal) => void,
  ) {
    const id = peer.toString()
    if (components === undefined || attempts.has(id)) return undefined
    const late = createTimeout(timeoutMs)
    const stop = new AbortController()
    const settled = Promise.withResolvers<void>()
    const stream = new SignallingStream(components.logger.forComponent('mayfly:signalling'), send)
    const carrier: Carrier = { remotePeer: peer, remoteAddr: addressOf(peer), newStream: async () => stream }
    let left: number = SIGNALLING_LIMITS.maxBytes
    const attempt: Attempt = {
      settled: settled.promise,
      settle() {
        late.end()
        if (attempts.get(id) === attempt) attempts.delete(id)
        settled.resolve()
      },
      take(bytes) {
        left -= bytes.byteLength
        if (left < 0) attempt.end()
        else if (attempts.get(id) === attempt) stream.onData(bytes)
      },
      end() {
        if (attempts.get(id) !== attempt) return
        attempt.settle()
        const reason = new Error('the attempt to connect directly has ended')
        stop.abort(reason) // the transport believes a stream that ends alone to be one that has done its work
        stream.abort(reason)
      },
    }
    attempts.set(id, attempt)
    stream.addEventListener('close', attempt.end) // the transport has given it up
    onAbort(late.signal, attempt.end)
    connect(components, carrier, stop.signal)
    return attempt
  }

  return {
    /** For libp2p's `transports`. */
    transport: (own: SignallingComponents): Transport => {
      components = own
      return webRTC(own)
    },
    attach(libp2p: Pick<Libp2p, 'addEventListener'>): void {
      libp2p.addEventListener('connection:open', ({ detail }) => {
        if (connectionKind(detail) === 'direct') attempts.get(detail.remotePeer.toString())?.settle()
      })
    },
    /** Offers a connection. Undefined while another attempt with the peer is under way. @param send carries bytes to the other end's `take` */
    offer: (peer: PeerId, send: (bytes: Uint8Array) => void): Signalling | undefined =>
      begin(peer, send, (own, carrier, signal) => {
        const endDial = uses.dial(peer.toString())
        const transport = webRTC(withParts(own, { connectionManager: { getConnections: () => [carrier] } }))
        transport
          .dial(carrier.remoteAddr, { upgrader: own.upgrader, signal })
          .catch(() => attempts.get(peer.toString())?.end())
          .finally(endDial)
      }),
    /** Takes the offer that the other end is about to make. Undefined and `send` as above. */
    answer: (peer: PeerId, send: (bytes: Uint8Array) => void): Signalling | undefined =>
      begin(peer, send, (own, carrier, signal) => {
        uses.arrive(peer.toString())
        onAbort(signal, () => uses.leave(peer.toString()))
        const onStream = Promise.withResolvers<OnStream>()
        const registrar = { handle: async (_: string, handler: OnStream) => onStream.resolve(handler), async unhandle() {} }
        const upgrader = {
          createInboundAbortSignal: () => Object.assign(signal, { clear() {} }),
          upgradeInbound: own.upgrader.upgradeInbound.bind(own.upgrader),
        }
        const transport = webRTC(withParts(own, { registrar, upgrader })) as Transport & { start(): Promise<void> }
        Promise.all([onStream.promise, carrier.newStream(''), transport.start()])
          .then(([handle, stream]) => handle(stream, carrier))
          .catch(() => attempts.get(peer.toString())?.end())
      }),
    /** Resolves once no attempt with the peer is under way. @throws signal.reason, when aborted */
    async ready(peer: PeerId, signal: AbortSignal): Promise<void> {
      await raceAbort(attempts.get(peer.toString())?.settled ?? Promise.resolve(), signal)
    },
  }
}

/** libp2p names the peer by it, and nothing else: the connection goes wherever the offers lead. */
const addressOf = (peer: PeerId) => multiaddr(`/webrtc/p2p/${peer}`)

/** libp2p's components, but for some. Theirs is a proxy, which cannot be copied. */
const withParts = (components: SignallingComponents, parts: Readonly<Record<string, object>>): SignallingComponents =>
  new Proxy(components, {
    get: (own, name) => (typeof name === 'string' && Object.hasOwn(parts, name) ? parts[name] : Reflect.get(own, name)),
  })

/** A libp2p stream over a function that sends. */
class SignallingStream extends AbstractStream {
  readonly #send: (bytes: Uint8Array) => void

  constructor(log: Logger, send: (bytes: Uint8Array) => void) {
    super({ log, id: 'signalling' })
    this.#send = send
  }

  override sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    this.#send(data.slice())
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  /** The way under the stream ends by itself, and has no halves. */
  override sendReset(): void {}
  override async sendCloseWrite(): Promise<void> {}
  override async sendCloseRead(): Promise<void> {}
  override sendPause(): void {}
  override sendResume(): void {}
}
