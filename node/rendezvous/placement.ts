/**
 * The servers that a peer turns to for a key. A node turns to the record nodes, the `r` servers nearest to the key; a tab to its home, which
 * does the rest. kad-dht decides where: this reads its table, and walks where the table has gaps.
 */

import type { PeerId } from '@libp2p/interface'
import { raceAbort } from '../async/abort.ts'
import { multihashOf } from '../keys/index.ts'
import type { ServerName, ServerTable } from '../network/index.ts'
import { hasGapAt, isSelfAmongClosest, type NearnessServers } from '../network/server-nearness.ts'
import type { AbortOptions, Key } from '../types.ts'
import { askDelegates } from './ask-delegates.ts'
import { createLeaving } from './leaving.ts'

/** How many record nodes keep each key. Three: two may fail, or one may lie, and the count is still right. */
export const RECORD_NODES = 3

export interface Placement<Name extends ServerName = PeerId> {
  /** Where a key's statements stand: its record nodes, the one delegate that tells them, or a tab's home; never this peer itself. */
  targets(position: Uint8Array): Name[]
  /** Delegates of a key, the best first, for it to be asked through; undefined where this peer turns to the targets itself. */
  delegates?(position: Uint8Array): Name[] | undefined
  /** Yields what the delegates of a key find, one after the other; undefined where this peer turns to the targets itself. */
  askDelegates?<T>(position: Uint8Array, ask: (delegate: Name) => AsyncIterable<T>): AsyncIterable<T> | undefined
  /** A node's. */
  createLeaving?: typeof createLeaving
  /** True when this peer is itself a record node for the position. */
  keepsRecords(position: Uint8Array): boolean
  /** Record nodes that the routing table may not know, found by a walk; yields nothing where the table is whole. */
  walk(key: Key, position: Uint8Array, options?: AbortOptions): AsyncIterable<Name>
}

/** The part of the table that a node's placement reads. */
export type PlacementServers<Name extends ServerName = PeerId> = Pick<ServerTable<Name>, 'closest'> &
  NearnessServers<Name> & {
    walk(multihash: Uint8Array, options?: AbortOptions): AsyncIterable<Name>
  }

/** The part of a node's groups that a placement reads: see ServerGroups. */
export interface PlacementGroups<Name extends ServerName = PeerId> {
  readonly bits: number
  coversHere(position: Uint8Array): boolean
  recordNodes(position: Uint8Array, count: number): { nodes: Name[]; isSelf: boolean }
  delegatesAt(position: Uint8Array): Name[]
  reach(position: Uint8Array): Promise<Name[]>
  onDenied(delegate: Name): void
  /** Resolves when a node that has come a moment ago knows whom to ask; undefined where it does. */
  arrival?(): Promise<void> | undefined
}

/** @param groups without it, and while it has no bits, all servers are one group */
export function createNodePlacement<Name extends ServerName = PeerId>(
  servers: PlacementServers<Name>,
  groups?: PlacementGroups<Name>,
): Placement<Name> {
  const delegates = (position: Uint8Array) =>
    groups === undefined || groups.bits === 0 || groups.coversHere(position) ? undefined : groups.delegatesAt(position)

  /** All servers are one group with no bits. */
  function recordNodes(position: Uint8Array): { nodes: Name[]; isSelf: boolean } {
    if (groups !== undefined && groups.bits > 0) return groups.recordNodes(position, RECORD_NODES)
    const isSelf = isSelfAmongClosest(servers, position, RECORD_NODES)
    return { nodes: servers.closest(position, isSelf ? RECORD_NODES - 1 : RECORD_NODES), isSelf }
  }

  function askThem<T>(position: Uint8Array, ask: (delegate: Name) => AsyncIterable<T>): AsyncIterable<T> | undefined {
    const asked = delegates(position)
    return asked && askDelegates(asked, ask, (delegate) => groups?.onDenied(delegate))
  }

  async function* askAfter<T>(arrival: Promise<void>, position: Uint8Array, ask: (delegate: Name) => AsyncIterable<T>): AsyncIterable<T> {
    await arrival
    // A node of the key's own group is left to the walk that follows, which reaches the record nodes.
    yield* askThem(position, ask) ?? []
  }

  return {
    targets: (position) => delegates(position)?.slice(0, 1) ?? recordNodes(position).nodes,
    delegates,
    createLeaving,
    askDelegates(position, ask) {
      const arrival = groups?.arrival?.()
      return arrival === undefined ? askThem(position, ask) : askAfter(arrival, position, ask)
    },
    keepsRecords: (position) => delegates(position) === undefined && recordNodes(position).isSelf,
    async *walk(key, position, options) {
      if (groups !== undefined && groups.bits > 0) return void (yield* await raceAbort(groups.reach(position), options?.signal))
      if (!hasGapAt(servers, position)) return
      let found = 0
      for await (const peer of servers.walk(multihashOf(key), options)) {
        yield peer
        if (++found >= RECORD_NODES) return
      }
    },
  }
}

export function createTabPlacement(home: () => PeerId | undefined): Placement {
  return {
    targets() {
      const peer = home()
      return peer === undefined ? [] : [peer]
    },
    keepsRecords: () => false,
    async *walk() {},
  }
}
