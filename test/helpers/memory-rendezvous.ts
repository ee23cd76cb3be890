/** Presence in memory: peers that hold keys find each other at once, and watchers hear of each change. */

import { abortable } from '../../node/async/abort.ts'
import { encodeKeyHex } from '../../node/keys/index.ts'
import type { Holder, Rendezvous } from '../../node/rendezvous/types.ts'

export type MemoryRendezvous = Pick<Rendezvous, 'hold' | 'find' | 'watch'>

export function createMemoryRendezvous() {
  /** Hex of a key → its holders, each with the number of its holds. Bounded by the test. */
  const holders = new Map<string, Map<string, number>>()
  const wakes = new Set<() => void>()
  let changes = 0
  const holdersOf = (hex: string) => holders.get(hex) ?? new Map<string, number>()
  const change = (hex: string, peer: string, by: number) => {
    const counts = holdersOf(hex)
    holders.set(hex, counts)
    const count = (counts.get(peer) ?? 0) + by
    if (count > 0) counts.set(peer, count)
    else counts.delete(peer)
    changes++
    for (const wake of [...wakes]) wake()
  }

  return {
    /** The presence of one peer. */
    join(peer: string): MemoryRendezvous {
      return {
        hold(key) {
          const hex = encodeKeyHex(key)
          change(hex, peer, 1)
          let isReleased = false
          return {
            key,
            announced: Promise.resolve(),
            async release() {
              if (!isReleased) change(hex, peer, -1)
              isReleased = true
            },
          }
        },
        async *find(key): AsyncIterable<Holder> {
          for (const holder of [...holdersOf(encodeKeyHex(key)).keys()])
            yield { peer: holder, home: holder, addresses: [], expiresAtMs: Number.MAX_SAFE_INTEGER, signed: true }
        },
        async *watch(key, { signal } = {}) {
          for (;;) {
            const seen = changes
            yield holdersOf(encodeKeyHex(key)).size
            if (changes !== seen) continue // while the reader was at it
            await abortable<void>(signal, (resolve) => {
              wakes.add(resolve)
              return () => wakes.delete(resolve)
            })
          }
        },
      }
    },
    /** All holds of the peer are gone, as when its process is killed. */
    leave(peer: string) {
      for (const [hex, counts] of holders) if (counts.has(peer)) change(hex, peer, -(counts.get(peer) ?? 0))
    },
    /** The keys that a peer holds now, in hex. */
    heldBy: (peer: string) => [...holders].filter(([, counts]) => counts.has(peer)).map(([hex]) => hex),
  }
}
