/**
 * Ways to other peers: the best that there is now. A direct connection between two tabs where it is open and has answered, a node's own
 * connection, or a stream through the homes with encryption from end to end.
 */

import type { Connection, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { raceAbort, timeoutSignal } from '../../async/abort.ts'
import { createQuota, type Quota } from '../../async/quota.ts'
import { MayflyError } from '../../errors.ts'
import { connectionKind, type Direct, type FrameCarrier } from '../../network/index.ts'
import { createDirectWays, type DirectWaysOptions } from './direct-ways.ts'
import { createEndToEnd } from './end-to-end.ts'
import { RelayRefused } from './relay-client.ts'
import { type AcceptIncoming, createRelayEndpoint, type RelayEndpoint } from './relay-endpoint.ts'
import { createStreamWay } from './stream-way.ts'
import { createTrunks, PEOPLE_PROTOCOL, type TRUNK_DEFAULTS } from './trunks.ts'
import type { OpenWayOptions, Way, Ways, WayTarget } from './types.ts'
import { createWayOpener } from './way-opener.ts'

export interface WaysContext {
  libp2p: Libp2p
  role: 'node' | 'tab'
  privateKey: PrivateKey
  /** This peer's home, while it has one; a node has none. */
  home(): PeerId | undefined
  /** A node's, which it has for its tabs, too. */
  relay?: Pick<RelayEndpoint, 'setAcceptor' | 'start' | 'stop'> | undefined
  /** A tab's with WebRTC. */
  direct: Direct | undefined
  random(): number
}

export const WAYS_DEFAULTS = {
  /** How long opening a way may take, in ms. */
  openTimeoutMs: 10_000,
  /** How long the handshake of a relayed stream that others open may take, in ms. */
  handshakeTimeoutMs: 10_000,
  /** Handshakes that others have begun, at once: each costs two signatures and four key agreements. */
  maxHandshakes: 64,
}

export type WaysOptions = Partial<typeof WAYS_DEFAULTS & typeof TRUNK_DEFAULTS> & DirectWaysOptions

type OnWay = Parameters<Ways['handle']>[1]
type InboundLimits = Parameters<Ways['handle']>[2]

export type WaysService = ReturnType<typeof createWays>

export function createWays(context: WaysContext, options: WaysOptions = {}) {
  const { libp2p, role, relay = createRelayEndpoint(libp2p) } = context
  const settings = { ...WAYS_DEFAULTS, ...options }
  const self = libp2p.peerId.toString()
  const endToEnd = createEndToEnd(libp2p, context.privateKey)
  const direct = createDirectWays(context, options)
  /** By protocol. Bounded by the callers of `handle`. */
  const handlers = new Map<string, { onWay: OnWay; limits: InboundLimits; inbound: Quota }>()
  const handshakes = createQuota({ max: settings.maxHandshakes })

  const trunks = createTrunks((peer, stream) => take(stream, { peer, kind: 'relayed', protocol: PEOPLE_PROTOCOL }), options)
  const openBest = createWayOpener({ ...context, endToEnd, trunks, directWays: direct })

  async function open(
    target: WayTarget,
    protocol: string,
    { signal, prefer, timeoutMs = settings.openTimeoutMs }: OpenWayOptions = {},
  ): Promise<Way> {
    signal?.throwIfAborted()
    if (target.peer === self) throw new MayflyError('ERR_UNAVAILABLE', 'No way to oneself')
    const late = timeoutSignal(timeoutMs)
    const inTime = signal === undefined ? late : AbortSignal.any([signal, late])
    const opening = openBest(target, protocol, prefer, inTime)
    try {
      return await raceAbort(opening, inTime)
    } catch (error) {
      // A way that opens after its caller has left is of no use to anybody.
      opening.then(
        (way) => way.abort(new Error('nobody waits for it')),
        () => {},
      )
      signal?.throwIfAborted()
      throw wayError(error, late.aborted ? timeoutMs : undefined)
    }
  }

  function take(stream: FrameCarrier, facts: Pick<Way, 'peer' | 'kind' | 'protocol'>, release: () => void = () => {}): void {
    const handler = handlers.get(facts.protocol)
    const leave = handler?.inbound.enter(facts.peer)
    if (handler === undefined || typeof leave !== 'function') {
      release()
      stream.abort(new MayflyError('ERR_LIMIT', `Stream ended: no room for more of ${facts.protocol}`))
      return
    }
    handler.onWay(
      createStreamWay(stream, { ...facts, direction: 'inbound' }, () => {
        leave()
        release()
      }),
    )
  }

  const acceptRelayed: AcceptIncoming = ({ protocol, from }) => {
    const handler = handlers.get(protocol)
    if (handler === undefined) return 'no-protocol'
    if (handler.inbound.of(from) >= handler.limits.maxInboundPerPeer) return 'too-many'
    const leave = handshakes.enter('')
    if (typeof leave === 'string') return 'rate'
    return (stream: Stream) => {
      const securing = endToEnd.secureInbound(stream, from, protocol, timeoutSignal(settings.handshakeTimeoutMs))
      const accepted =
        protocol === PEOPLE_PROTOCOL
          ? trunks.accept(from, securing)
          : securing.then(({ connection }) => take(connection, { peer: from, kind: 'relayed', protocol }))
      accepted
        .catch(() => {}) // it has been aborted
        .finally(leave)
    }
  }

  function onStream(protocol: string, stream: Stream, connection: Connection): void {
    const kind = connectionKind(connection)
    const peer = connection.remotePeer.toString()
    if (kind === 'relayed') stream.abort(new Error('a circuit is for signalling alone'))
    else take(stream, { peer, kind, protocol }, kind === 'direct' ? direct.use(peer) : undefined)
  }

  function handle(protocol: string, onWay: OnWay, limits: InboundLimits): () => void {
    if (handlers.has(protocol)) throw new TypeError(`${protocol} has a handler already`)
    const { maxInboundPerPeer, maxInbound } = limits
    handlers.set(protocol, { onWay, limits, inbound: createQuota({ max: maxInbound, maxPerKey: maxInboundPerPeer }) })
    // Some are ending still.
    const perConnection = { maxInboundStreams: 2 * maxInboundPerPeer, maxOutboundStreams: 2 * maxInboundPerPeer }
    libp2p.handle(protocol, (stream, connection) => onStream(protocol, stream, connection), perConnection).catch(() => {})
    return () => {
      handlers.delete(protocol)
      libp2p.unhandle(protocol).catch(() => {})
    }
  }

  return {
    open,
    handle,
    hasDirect: direct.has,
    wantDirect: direct.want,
    mayOpenDirect: direct.mayOpen,
    offerDirect: direct.offer,
    answerDirect: direct.answer,
    onDirect: direct.onChange,
    async start() {
      relay.setAcceptor(acceptRelayed)
      await relay.start()
      direct.start()
    },
    /** Opens and takes no more. Those that are open end with their owners. */
    async stop() {
      relay.setAcceptor(undefined)
      direct.stop()
      if (role === 'tab') await relay.stop()
    },
  } satisfies Ways & { start(): Promise<void>; stop(): Promise<void> }
}

/** The error that a caller can tell apart: the other has left, or the way there is not open. */
function wayError(error: unknown, timeoutMs: number | undefined): MayflyError {
  if (error instanceof MayflyError) return error
  if (error instanceof RelayRefused) {
    const code =
      error.reason === 'not-here' ? 'ERR_LEFT' : error.reason === 'rate' || error.reason === 'too-many' ? 'ERR_LIMIT' : 'ERR_UNAVAILABLE'
    return new MayflyError(code, `No way there: ${error.message}`, { cause: error })
  }
  if (timeoutMs !== undefined) return new MayflyError('ERR_UNAVAILABLE', `No way there in ${timeoutMs} ms`, { cause: error })
  return new MayflyError('ERR_UNAVAILABLE', `No way there: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
