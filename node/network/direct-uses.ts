/** The uses of a tab's direct connections: how many may be let in for what needs them, and which of them nobody uses any more. */

import type { Connection } from '@libp2p/interface'
import { createQuota } from '../async/quota.ts'

export type DirectUses = ReturnType<typeof createDirectUses>

/**
 * @param maxConnections of all uses together
 * @param arrivalMs how long a peer that was let in may take to connect, in ms
 */
export function createDirectUses(maxConnections: number, arrivalMs: number) {
  /** By peer id. Bounded by the owners of what goes over the connections. */
  const kept = createQuota()
  /** Peers that are being dialled directly. Bounded by the dials. */
  const dialled = new Map<string, number>()
  /** Peers that were let in and are not connected directly yet, and until when each has a place. Bounded: maxConnections, by `isClosedTo`. */
  const arriving = new Map<string, number>()
  /** Bounded by the parts of a peer that need others to come in. */
  const needs = new Set<{ limit: number }>()
  /** By peer id: when its connection was used last. Bounded: entries without a connection are swept out. */
  const usedAtMs = new Map<string, number>()
  const used = (peer: string) => usedAtMs.set(peer, performance.now())

  const peersOf = (open: readonly Connection[]) => open.map(({ remotePeer }) => remotePeer.toString())

  function arrivals(): string[] {
    const now = performance.now()
    for (const [peer, untilMs] of arriving) if (untilMs <= now) arriving.delete(peer)
    return [...arriving.keys()]
  }

  /** @param except a peer that is let in for the connection with which it arrives */
  function places(open: readonly Connection[], except?: string): number {
    const connected = new Set(peersOf(open))
    const opening = [...dialled.keys(), ...arrivals().filter((peer) => peer !== except)]
    return open.length + opening.filter((peer) => !connected.has(peer)).length
  }

  return {
    /** True when one connection more, which the peer opens, would be one too many. */
    isClosedTo: (peer: string, open: readonly Connection[]): boolean =>
      places(open, peer) >= Math.max(0, ...[...needs].map(({ limit }) => limit)),
    /** Connections that are open, or are being opened from either side: two of one peer are two. */
    places: (open: readonly Connection[]) => places(open),
    /**
     * The peer was let in, and has a place while it connects: that its circuit closes may mean that it has failed, or that it is connected, which this
     * end hears seconds later where many connect.
     */
    arrive: (peer: string) => void arriving.set(peer, performance.now() + arrivalMs),
    /** True while the peer connects. */
    isArriving: (peer: string) => arrivals().includes(peer),
    /** The peer is connected, or will not be. */
    leave: (peer: string) => void arriving.delete(peer),
    /** @param limit others are let in while fewer peers have a place. Returns the function that ends the need; it may be called twice. */
    need(limit: number = maxConnections): () => void {
      const need = { limit: Math.min(limit, maxConnections) }
      needs.add(need)
      return () => needs.delete(need)
    },
    /** Keeps the peer's connection until the function that is returned is called; it may be called twice. */
    keep(peer: string): () => void {
      const leave = kept.enter(peer)
      return typeof leave === 'function' ? leave : () => {}
    },
    /** Bytes went to or came from the peer. */
    used,
    /** The peer is being dialled until the function that is returned is called. */
    dial(peer: string): () => void {
      dialled.set(peer, (dialled.get(peer) ?? 0) + 1)
      return () => {
        const left = (dialled.get(peer) ?? 1) - 1
        if (left > 0) dialled.set(peer, left)
        else dialled.delete(peer)
      }
    },
    /** Peers with a connection, or one that is being opened from either side. */
    peers: (open: readonly Connection[]) => new Set([...peersOf(open), ...dialled.keys(), ...arrivals()]),
    /** The connections that are not kept and were not used for so long, in ms. */
    idle(open: readonly Connection[], idleMs: number): Connection[] {
      const now = performance.now()
      const idle = open.filter(({ remotePeer }) => {
        const peer = remotePeer.toString()
        const last = usedAtMs.get(peer)
        if (last === undefined || kept.of(peer) > 0) used(peer)
        return last !== undefined && kept.of(peer) === 0 && now - last >= idleMs
      })
      const connected = new Set(open.map(({ remotePeer }) => remotePeer.toString()))
      for (const peer of usedAtMs.keys()) if (!connected.has(peer)) usedAtMs.delete(peer)
      return idle
    },
  }
}
