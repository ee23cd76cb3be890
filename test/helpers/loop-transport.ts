/**
 * Stands in for WebRTC between tabs in Node.js: a transport for the same addresses, which begins with the same circuit through the
 * other's home, and then goes on over a pair of ends in this process. Everything but the data channels is as in a browser.
 */

import type {
  Connection,
  CreateListenerOptions,
  DialTransportOptions,
  Listener,
  PeerId,
  Stream,
  Transport,
  Upgrader,
} from '@libp2p/interface'
import { serviceCapabilities, transportSymbol } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { WebRTC } from '@multiformats/multiaddr-matcher'
import { raceAbort } from '../../node/async/abort.ts'
import type { TransportFactory } from '../../node/network/index.ts'

interface Components {
  peerId: { toString(): string }
  upgrader: Upgrader
  connectionManager: { getConnections(peer: PeerId): Pick<Connection, 'newStream' | 'remotePeer'>[] }
  transportManager: { dial(address: Multiaddr, options: object): Promise<Connection> }
  registrar: {
    handle(protocol: string, handler: (stream: Stream, connection: Connection) => void, options: object): Promise<void>
  }
}

const SIGNALLING = '/mayfly-test/loop-signalling/1.0.0'

export interface Loop {
  /** For `createPeer({ webRTC })`, of all tabs that are to reach each other. */
  transport: TransportFactory
  /** While false, a dial fails after its signalling, as it does between two networks that let nothing through. */
  isOpen: boolean
  /** Offers that were made. */
  signals: number
}

export function createLoop(): Loop {
  /** By peer id. Bounded by the tabs of the test. */
  const upgraders = new Map<string, Upgrader>()
  const loop: Loop = { transport, isOpen: true, signals: 0 }

  function transport({ peerId, upgrader, connectionManager, transportManager, registrar }: Components): Transport {
    const self = peerId.toString()
    if (!upgraders.has(self)) upgraders.set(self, upgrader)
    return {
      [transportSymbol]: true,
      [Symbol.toStringTag]: 'loop',
      [serviceCapabilities]: ['@libp2p/transport'],
      async start() {
        await registrar.handle(SIGNALLING, answer, { runOnLimitedConnection: true })
      },
      stop() {},
      createListener(_options: CreateListenerOptions): Listener {
        throw new TypeError('Nothing is listened on')
      },
      listenFilter: () => [],
      dialFilter: (addresses: Multiaddr[]) => addresses.filter((address) => WebRTC.exactMatch(address)),
      async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
        const circuit = multiaddr(address.getComponents().filter(({ name }) => name !== 'webrtc'))
        const peer = peerIdFromString(circuit.getComponents().findLast(({ name }) => name === 'p2p')?.value ?? '')
        const [open] = connectionManager.getConnections(peer)
        const relayed = open ?? (await transportManager.dial(circuit, { signal: options.signal }))
        const signalling = await relayed.newStream(SIGNALLING, { signal: options.signal, runOnLimitedConnection: true })
        loop.signals++
        const { isOpen } = loop
        if (open !== undefined) await exchange(signalling, options.signal)
        await signalling.close({ signal: options.signal })
        if (!isOpen) throw new Error('nothing gets through')
        const [outbound, inbound] = multiaddrConnectionPair()
        outbound.remoteAddr = address
        inbound.remoteAddr = multiaddr(`/webrtc/p2p/${self}`)
        const [connection] = await Promise.all([
          options.upgrader.upgradeOutbound(outbound, { signal: options.signal }),
          upgraders.get(relayed.remotePeer.toString())?.upgradeInbound(inbound, { signal: options.signal }),
        ])
        return connection
      },
    } as Transport
  }
  return loop
}

/** Offers over a stream that was there before, and waits for the answer. */
async function exchange(signalling: Stream, signal: AbortSignal | undefined): Promise<void> {
  const answered = Promise.withResolvers<void>()
  signalling.addEventListener('message', () => answered.resolve(), { once: true })
  signalling.addEventListener('close', () => answered.reject(new Error('the other end has closed it')), { once: true })
  signalling.send(Uint8Array.of(1))
  await raceAbort(answered.promise, signal)
}

function answer(signalling: Stream, { remoteAddr }: Connection): void {
  if (remoteAddr.getComponents().some(({ name }) => name === 'p2p-circuit')) signalling.close().catch(() => {})
  else signalling.addEventListener('message', () => void signalling.send(Uint8Array.of(2)))
}
