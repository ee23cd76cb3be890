/** Hold, find and watch in memory, for tests of what stands on them: the records of any number of keys, and counts that are pushed a little later. */

import { encodeKeyHex } from '../../node/keys/index.ts'
import type { PresenceRendezvous } from '../../node/people/presence/types.ts'
import type { WayTarget } from '../../node/people/way/types.ts'
import type { Holder } from '../../node/rendezvous/types.ts'
import type { Key } from '../../node/types.ts'

export interface PresenceRecords {
  /** The rendezvous of one peer. */
  join(target: WayTarget): PresenceRendezvous & { move(home: string | undefined): void }
  /** A record that somebody made, whoever it names. */
  put(key: Key, target: WayTarget): void
  /** The peer is out of the records, as when its home has seen it go. */
  drop(peer: string): void
  /** Counts are pushed only while this is true. */
  pushes: boolean
  /** Searches so far. */
  searches: number
}

/** @param sampleSize holders in the answer to one find */
export function createPresenceRecords({ sampleSize = 16, random = Math.random } = {}): PresenceRecords {
  /** By key, then by peer. */
  const keys = new Map<string, Map<string, Holder>>()
  const listeners = new Map<string, Set<() => void>>()
  const holdersOf = (id: string) => getOrAdd(keys, id, () => new Map<string, Holder>())
  const tell = (id: string) => {
    if (records.pushes) for (const listener of [...(listeners.get(id) ?? [])]) setImmediate(listener)
  }

  const records: PresenceRecords = {
    pushes: true,
    searches: 0,
    put(key, { peer, home, addresses }) {
      const id = encodeKeyHex(key)
      holdersOf(id).set(peer, { peer, home, addresses, expiresAtMs: Number.MAX_SAFE_INTEGER, signed: true })
      tell(id)
    },
    drop(peer) {
      for (const [id, holders] of keys) if (holders.delete(peer)) tell(id)
    },
    join(own) {
      const held = new Map<string, Key>()
      const homeListeners = new Set<() => void>()
      let target: WayTarget | undefined = own
      return {
        hold(key) {
          held.set(encodeKeyHex(key), key)
          if (target !== undefined) records.put(key, target)
          return {
            key,
            announced: Promise.resolve(),
            async release() {
              held.delete(encodeKeyHex(key))
              if (holdersOf(encodeKeyHex(key)).delete(own.peer)) tell(encodeKeyHex(key))
            },
          }
        },
        async *find(key) {
          records.searches++
          await new Promise(setImmediate)
          const sample = [...holdersOf(encodeKeyHex(key)).values()].toSorted(() => random() - 0.5).slice(0, sampleSize)
          yield* sample
        },
        onCount(key, listener) {
          const id = encodeKeyHex(key)
          const hear = () => listeners.get(id)?.has(hear) && listener(holdersOf(id).size, true)
          const all = getOrAdd(listeners, id, () => new Set<() => void>())
          all.add(hear)
          if (records.pushes) setImmediate(hear)
          return () => all.delete(hear)
        },
        where: () => target,
        onHome(listener) {
          homeListeners.add(listener)
          return () => homeListeners.delete(listener)
        },
        /** Comes back through another home, or has none. */
        move(home) {
          target = home === undefined ? undefined : { ...own, home }
          for (const key of held.values()) if (target !== undefined) records.put(key, target)
          for (const listener of homeListeners) listener()
        },
      }
    },
  }
  return records
}

function getOrAdd<V>(map: Map<string, V>, id: string, create: () => V): V {
  const known = map.get(id) ?? create()
  map.set(id, known)
  return known
}
