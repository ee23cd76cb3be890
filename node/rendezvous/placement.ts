/**
 * The servers that a peer turns to for a key. A node turns to the record nodes, the `r` servers nearest to the key; a tab to its home, which
 * does the rest. kad-dht decides where: this reads its table, and walks where the table has gaps.
 */

import type { PeerId } from '@libp2p/interface'
import { raceAbort } from '../async/abort.ts'
import { delay } from '../async/delay.ts'
import { createRecentMap } from '../async/recent-map.ts'
import type { Timers } from '../async/timers.ts'
import { multihashOf } from '../keys/index.ts'
import type { Arrival } from '../network/group-arrival.ts'
import type { ServerName, ServerTable } from '../network/index.ts'
import { hasGapAt, isSelfAmongClosest, type NearnessServers } from '../network/server-nearness.ts'
import type { AbortOptions, Key } from '../types.ts'
import { askDelegates } from './ask-delegates.ts'
import { askInTurns } from './ask-in-turns.ts'
import type { Search } from './found-holders.ts'
import { createLeaving } from './leaving.ts'
import { type Refusal, SCOPE, type Scope } from './wire-frames.ts'

/** How many record nodes keep each key. Three: two may fail, or one may lie, and the count is still right. */
export const RECORD_NODES = 3

/** Refusals of a server that is full, for whatever key. */
const NO_ROOM: ReadonlySet<Refusal> = new Set(['leases-per-peer', 'records'])

/** Silent servers that are remembered, and for how long, in ms: until a dead one is noticed, and not for long where one was busy. */
const MAX_SILENT = 1_024
const SILENT_MS = 10_000

/**
 * A search waits no longer for this node to be in its group before it asks once more, in ms: by then it may know more. That for a tab goes on to
 * others afterwards, before its time is over.
 */
const AGAIN_MS = 1_000

/** Yields what some servers find. @param scope of the question; a peer's own where it is left out */
export type AskSome<Name, T> = (names: Name[], scope?: Scope) => AsyncIterable<T>

/** The search that a placement asks for. */
export type AskedSearch = Pick<Search, 'signal' | 'isForServer' | 'onContent'>

export interface Placement<Name extends ServerName = PeerId> {
  /** Where a key's statements stand: its record nodes, the one delegate that tells them, or a tab's home; never this peer itself. */
  targets(position: Uint8Array): Name[]
  /** Delegates of a key, the best first, for it to be asked through; undefined where this peer turns to the targets itself. */
  delegates?(position: Uint8Array): Name[] | undefined
  /** True for a delegate that has refused leases for want of room. */
  isWithoutRoom?(delegate: Name): boolean
  /**
   * Yields what the targets, or the delegates of a key, find: not all of them are asked at once, but for somebody else. Where it is left out, the
   * targets are asked side by side.
   */
  ask?<T>(position: Uint8Array, ask: AskSome<Name, T>, timers: Timers, search: AskedSearch): AsyncIterable<T>
  /** A node's. */
  createLeaving?: typeof createLeaving
  /** A server does not take a lease, and will not soon. A tab has no other one to turn to. */
  onRefused?(server: string, reason: Refusal): void
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
  onFull(server: string): void
  isFull(delegate: string): boolean
  /** True while servers that others have told of are still to be connected. */
  isAwaiting?(): boolean
  /** Of a node that has come a moment ago; undefined where it knows whom to ask. */
  arrival?(): Arrival | undefined
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

  /** Each record node is the first one as often as the others. */
  let turn = 0
  const silent = createSilentServers<Name>()

  function askNow<T>(position: Uint8Array, ask: AskSome<Name, T>, timers: Timers, search: AskedSearch): AsyncIterable<T> {
    const { isForServer } = search
    const asked = delegates(position)
    if (asked === undefined) {
      const { nodes } = recordNodes(position)
      // Others hear only what is found soon after the first holder: they would mostly go by the word of one record node.
      return isForServer === undefined
        ? askInTurns(silent.last(rotated(nodes, turn++), timers), ask, timers, (first) => silent.add(first, timers))
        : ask(nodes)
    }
    return askDelegates(
      asked,
      (delegate) => ask([delegate], SCOPE.group),
      (delegate) => groups?.onDenied(delegate),
      search,
    )
  }

  /** A node that has come a moment ago asks again while it comes to know more, unless somebody waits who asks others as well. */
  async function* askOnArrival<T>({ word, entry }: Arrival, ...asked: Parameters<typeof askNow<T>>): AsyncIterable<T> {
    const [, , timers, { signal, isForServer }] = asked
    if (word !== undefined) await raceAbort(word, signal)
    let isAny = false
    for await (const found of askNow(...asked)) {
      isAny = true
      yield found
    }
    const later = isAny || isForServer === true ? undefined : entry()
    if (later === undefined) return
    const isIn = later.then(() => true)
    for (let isLast = false; !isLast && !isAny; ) {
      const hasEntered = await raceAbort(Promise.race([isIn, delay(AGAIN_MS, {}, timers)]), signal)
      isLast = hasEntered === true || isForServer === false
      for await (const found of askNow(...asked)) {
        isAny = true
        yield found
      }
    }
  }

  return {
    targets: (position) => delegates(position)?.slice(0, 1) ?? recordNodes(position).nodes,
    delegates,
    createLeaving,
    onRefused: (server, reason) => NO_ROOM.has(reason) && groups?.onFull(server),
    isWithoutRoom: (delegate) => groups?.isFull(delegate.toString()) ?? false,
    ask(...asked) {
      const arrival = groups?.arrival?.()
      return arrival === undefined ? askNow(...asked) : askOnArrival(arrival, ...asked)
    },
    keepsRecords: (position) => delegates(position) === undefined && recordNodes(position).isSelf,
    async *walk(key, position, options) {
      if (groups !== undefined && groups.bits > 0) return void (yield* await raceAbort(groups.reach(position), options?.signal))
      if (!hasGapAt(servers, position, groups?.isAwaiting)) return
      let found = 0
      for await (const peer of servers.walk(multihashOf(key), options)) {
        yield peer
        if (++found >= RECORD_NODES) return
      }
    },
  }
}

/** Servers that were silent when they were asked first are not asked first for a while: each time would cost a search the wait for them. */
function createSilentServers<Name extends ServerName>() {
  /** By peer id: until when. */
  const untilMs = createRecentMap<string, number>({ maxEntries: MAX_SILENT, order: 'written' })
  return {
    add: (server: Name, timers: Timers) => untilMs.set(server.toString(), timers.now() + SILENT_MS),
    /** The same servers, the silent ones last. */
    last(servers: Name[], timers: Timers): Name[] {
      if (untilMs.size === 0) return servers
      const isSilent = (server: Name) => (untilMs.get(server.toString()) ?? 0) > timers.now()
      return [...servers.filter((server) => !isSilent(server)), ...servers.filter(isSilent)]
    },
  }
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
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
