/** The uses of a tab's direct connections: how many may be let in for what needs them, and which of them nobody uses any more. */

import type { Connection } from '@libp2p/interface'
import { createQuota } from '../async/quota.ts'

export type DirectUses = ReturnType<typeof createDirectUses>

/** @param maxConnections of all uses together */
export function createDirectUses(maxConnections: number) {
  /** By peer id. Bounded by the owners of what goes over the connections. */
  const kept = createQuota()
  /** Bounded by the parts of a peer that need others to come in. */
  const needs = new Set<{ limit: number }>()
  /** By peer id: when its connection was used last. Bounded: entries without a connection are swept out. */
  const usedAtMs = new Map<string, number>()
  const used = (peer: string) => usedAtMs.set(peer, performance.now())

  return {
    /** Others are let in while there are fewer connections. */
    get limit() {
      return Math.max(0, ...[...needs].map(({ limit }) => limit))
    },
    /** @param limit others are let in while there are fewer connections. Returns the function that ends the need; it may be called twice. */
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
