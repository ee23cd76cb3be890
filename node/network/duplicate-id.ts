/**
 * Notices another peer with this peer's own id, such as a node that runs from a copy of this one's data directory. libp2p ends a connection to
 * one's own id as one to oneself, and says so to nobody. A connection to oneself has both ends in this process: an end without the other is a
 * connection to a duplicate.
 */

import type { ConnectionEncrypter, Libp2p, MessageStream, PeerId, SecureConnectionOptions } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createEmitter } from '../async/emitter.ts'
import { withoutPeerId } from './addresses.ts'

type Direction = 'inbound' | 'outbound'

/** How long one end may wait for the other, in ms: both end the same handshake. */
const SETTLE_MS = 3_000

/** For the log of its owner. */
const DUPLICATE_ID =
  'another node has the same peer id, perhaps from a copy of the same data directory: pages and messages get lost until one of them has its own'

export type DuplicateIdWatch = ReturnType<typeof createDuplicateIdWatch>

export function createDuplicateIdWatch(settleMs = SETTLE_MS) {
  /** Hears the multiaddr at which a duplicate was met, and what that means. */
  const met = createEmitter<{ address: string; reason: string }>()
  /** Ends of connections to the own id whose other end was not seen yet. Bounded by the handshakes of SETTLE_MS. */
  const unpaired = new Set<{ direction: Direction; timer: ReturnType<typeof setTimeout> }>()

  function onOwnId(direction: Direction, address: string): void {
    for (const other of unpaired) {
      if (other.direction === direction) continue
      clearTimeout(other.timer)
      unpaired.delete(other)
      return
    }
    const timer = setTimeout(() => {
      unpaired.delete(end)
      met.emit({ address, reason: DUPLICATE_ID })
    }, settleMs)
    timer.unref()
    const end = { direction, timer }
    unpaired.add(end)
  }

  return {
    onMet: met.on,
    /**
     * Dials addresses of this peer's own id, which libp2p dials by their places alone: the handshake tells whether this process is there, or
     * another one.
     */
    dialPlaces(libp2p: Pick<Libp2p, 'dial'>, addresses: readonly Multiaddr[], signal: AbortSignal) {
      libp2p.dial(addresses.map(withoutPeerId), { signal }).catch(() => {})
    },
    /** Wraps what secures connections, since only then the other's id is known. */
    watch<Components extends { peerId: PeerId }, E extends ConnectionEncrypter>(create: (components: Components) => E) {
      return (components: Components): E => {
        const encrypter = create(components)
        const secureAs =
          (direction: Direction, secure: E['secureInbound']) => async (stream: MessageStream, options?: SecureConnectionOptions) => {
            const secured = await secure.call(encrypter, stream, options)
            const { remoteAddr } = stream as MessageStream & { remoteAddr?: unknown }
            if (secured.remotePeer.equals(components.peerId)) onOwnId(direction, String(remoteAddr))
            return secured
          }
        return Object.assign(encrypter, {
          secureInbound: secureAs('inbound', encrypter.secureInbound),
          secureOutbound: secureAs('outbound', encrypter.secureOutbound),
        })
      }
    },
  }
}
