/**
 * Stands in for WebRTC between tabs in Node.js: a transport for the same addresses, which begins with the same circuit through the
 * other's home, and then goes on over a pair of ends in this process. Everything but the data channels is as in a browser.
 */

import type { Connection, CreateListenerOptions, DialTransportOptions, Listener, Stream, Transport, Upgrader } from '@libp2p/interface'
import { serviceCapabilities, transportSymbol } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { WebRTC } from '@multiformats/multiaddr-matcher'
import type { TransportFactory } from '../../node/network/index.ts'

interface Components {
  peerId: { toString(): string }
  upgrader: Upgrader
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
  /** Circuits that were made. */
  signals: number
}

export function createLoop(): Loop {
  /** By peer id. Bounded by the tabs of the test. */
  const upgraders = new Map<string, Upgrader>()
  const loop: Loop = { transport, isOpen: true, signals: 0 }

  function transport({ peerId, upgrader, transportManager, registrar }: Components): Transport {
    const self = peerId.toString()
    upgraders.set(self, upgrader)
    return {
      [transportSymbol]: true,
      [Symbol.toStringTag]: 'loop',
      [serviceCapabilities]: ['@libp2p/transport'],
      async start() {
        await registrar.handle(SIGNALLING, (stream) => void stream.close().catch(() => {}), { runOnLimitedConnection: true })
      },
      stop() {},
      createListener(_options: CreateListenerOptions): Listener {
        throw new TypeError('Nothing is listened on')
      },
      listenFilter: () => [],
      dialFilter: (addresses: Multiaddr[]) => addresses.filter((address) => WebRTC.exactMatch(address)),
      async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
        const circuit = multiaddr(address.getComponents().filter(({ name }) => name !== 'webrtc'))
        const relayed = await transportManager.dial(circuit, { signal: options.signal })
        const signalling = await relayed.newStream(SIGNALLING, { signal: options.signal, runOnLimitedConnection: true })
        loop.signals++
        await signalling.close({ signal: options.signal })
        if (!loop.isOpen) throw new Error('nothing gets through')
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
