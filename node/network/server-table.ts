/**
 * The servers that a peer turns to, by their places in the DHT's space: which are nearest to a position, and whether nearer ones may exist. It
 * knows nothing of connections; its owner says who comes and goes.
 */

import { createEmitter } from '../async/emitter.ts'
import { TIMERS, type Timers } from '../async/timers.ts'

/** A bucket splits when it is full until its prefix is this long; only then is a server left out. Handed to kad-dht too. */
export const BUCKET_BITS = 6
export const BUCKET_SIZE = 20
/** Changes within this time are one event. */
const SETTLE_MS = 50

/** A server as others name it: a libp2p peer id, or a node of a simulation. */
export interface ServerName {
  /** Peer id, text form. */
  toString(): string
}

/** A server and its place. */
export interface PlacedServer<Name> {
  name: Name
  position: Uint8Array
}

/** Below zero when `a` is nearer to the position than `b`, by XOR. */
export function compareDistance(position: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < position.byteLength; i++) {
    const p = position[i] ?? 0
    const difference = (p ^ (a[i] ?? 0)) - (p ^ (b[i] ?? 0))
    if (difference !== 0) return difference
  }
  return 0
}

export type ServerTable<Name extends ServerName> = ReturnType<typeof createServerTable<Name>>

export function createServerTable<Name extends ServerName>(timers: Timers = TIMERS) {
  const changes = createEmitter<void>()
  /** By peer id. Bounded by the owner. */
  const servers = new Map<string, PlacedServer<Name>>()
  let self: Uint8Array = new Uint8Array(32)
  let changedAtMs = Number.NEGATIVE_INFINITY
  let lostAtMs = Number.NEGATIVE_INFINITY
  /** Ends the wait for further changes; undefined when there is none. */
  let endSettling: (() => void) | undefined

  const changed = () => {
    changedAtMs = timers.now()
    endSettling ??= timers.after(SETTLE_MS, () => {
      endSettling = undefined
      changes.emit()
    })
  }

  /** Nearest first. A heap would be more: `count` is three, or all that a find asks. */
  function closest(position: Uint8Array, count: number): Name[] {
    const nearest: PlacedServer<Name>[] = []
    for (const server of servers.values()) {
      let at = nearest.length
      while (at > 0 && compareDistance(position, server.position, (nearest[at - 1] as PlacedServer<Name>).position) < 0) at--
      if (at >= count) continue
      nearest.splice(at, 0, server)
      if (nearest.length > count) nearest.pop()
    }
    return nearest.map(({ name }) => name)
  }

  return {
    /** Servers, this peer not among them. */
    get size() {
      return servers.size
    },
    has: (name: ServerName) => servers.has(name.toString()),
    /** Names this peer's own place. */
    placeSelf(position: Uint8Array) {
      self = position
    },
    add(name: Name, position: Uint8Array) {
      if (servers.has(name.toString())) return
      servers.set(name.toString(), { name, position })
      changed()
    },
    remove(id: string) {
      if (!servers.delete(id)) return
      lostAtMs = timers.now()
      changed()
    },
    /** All known servers with their positions. */
    placed: (): readonly PlacedServer<Name>[] => [...servers.values()],
    positionOfSelf: () => self,
    /** The known servers nearest to a position of the DHT's space, nearest first, this peer not among them. */
    closest,
    /** How long no server has come or gone, in ms. */
    quietMs: () => timers.now() - changedAtMs,
    /** How long no server has gone, in ms. */
    wholeMs: () => timers.now() - lostAtMs,
    /** Hears when servers came or went, once for changes that come together. Returns the function that ends it. */
    onChange: changes.on,
    stop() {
      endSettling?.()
      endSettling = undefined
    },
  }
}
