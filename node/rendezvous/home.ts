/** A tab's home: the node whose stream keeps it in the overlay. When it goes, any other server that the tab is connected to will do. */

import type { Libp2p, PeerId } from '@libp2p/interface'
import { connectionKind } from '../network/index.ts'
import type { Link } from './link.ts'

export interface HomeContext {
  libp2p: Libp2p
  /** Resolves once the peer has welcomed this one. */
  open(peer: PeerId): Promise<Link>
  /** The tab has a home, another one, or none. */
  onChange(home: PeerId | undefined): void
}

export interface Home {
  readonly peer: PeerId | undefined
  /** The link to the home has ended, or never was one. */
  onLinkEnd(link: Link): void
  start(): void
  stop(): void
}

/** How often a tab without a home looks at its connections, should an event have been missed. */
const LOOK_MS = 1_000

export function createHome({ libp2p, open, onChange }: HomeContext): Home {
  let home: Link | undefined
  let choosing = false
  /** Somebody connected while those from before were tried. */
  let again = false
  let stopped = true
  let timer: ReturnType<typeof setInterval> | undefined

  async function choose(): Promise<void> {
    again = choosing
    if (choosing || stopped || home !== undefined) return
    choosing = true
    try {
      do {
        again = false
        for (const peer of libp2p.getPeers()) {
          // Presence never rests on WebRTC, which notices too late that the other is gone, nor on a circuit.
          if (!libp2p.getConnections(peer).some((connection) => connectionKind(connection) === 'socket')) continue
          try {
            const link = await open(peer)
            if (stopped || !link.open) continue
            home = link
            onChange(peer)
            return
          } catch {
            // not a node, or gone meanwhile: the next one
          }
        }
      } while (again && !stopped)
    } finally {
      choosing = false
    }
  }
  const look = () => void choose()

  return {
    get peer() {
      return home?.peer
    },
    onLinkEnd(link) {
      if (home !== link) return
      home = undefined
      onChange(undefined)
      look()
    },
    start() {
      stopped = false
      libp2p.addEventListener('peer:connect', look)
      timer ??= setInterval(look, LOOK_MS)
      look()
    },
    stop() {
      stopped = true
      libp2p.removeEventListener('peer:connect', look)
      clearInterval(timer)
      timer = undefined
    },
  }
}
