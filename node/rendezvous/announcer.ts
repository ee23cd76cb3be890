/**
 * Keeps the record nodes (or a tab's home) told of the leases held here. One statement for each key: all of its leases, each renewed and
 * released by itself.
 */

import type { PeerId } from '@libp2p/interface'
import { TIMERS, type Timers } from '../async/timers.ts'
import type { ServerName } from '../network/index.ts'
import type { Key } from '../types.ts'
import type { Placement } from './placement.ts'
import type { BesideLease, PresenceStream } from './presence-stream.ts'
import { createStandingStatements, type Standing, type StandingStreams, standing } from './standing-statements.ts'
import type { Refusal } from './wire-frames.ts'

/** The part of a presence stream that carries leases. */
export type LeaseStream = Pick<PresenceStream, 'id' | 'hold' | 'release' | 'askTime'>

export interface Announced<Name extends ServerName> extends Standing<Name> {
  /** Signed leases by holder. Bounded by the record store's limits for this peer's own holders. */
  leases: Map<string, Uint8Array>
}

const PASSING: ReadonlySet<Refusal> = new Set(['older', 'clock', 'expired', 'busy'])
/** The waits before leases that were refused for a while are sent again, in ms. */
const FIRST_REPEAT_MS = 2_000
const MAX_REPEAT_MS = 120_000

export type Announcer = ReturnType<typeof createAnnouncer>

export function createAnnouncer<Name extends ServerName = PeerId>(
  placement: Placement<Name>,
  streams: StandingStreams<LeaseStream, Name>,
  timers: Timers = TIMERS,
) {
  const statements = createStandingStatements<Announced<Name>, LeaseStream, Name>({
    placement,
    streams,
    timers,
    tell: (open, announced) =>
      sendLeases(
        open,
        announced.flatMap(({ leases }) => [...leases.values()]),
      ),
    withdraw: (open, { key, leases }) => open.release([...leases.keys()].map((holder) => ({ key, holder }))),
    onPlaced({ leases, peers }) {
      if (peers.size === 0) for (const lease of leases.values()) settle(lease)
    },
  })
  /** Callers that wait for a lease to be taken, by the lease. Bounded: one for each lease, settled when it is taken or replaced. */
  const waiting = new Map<Uint8Array, () => void>()
  /** Leases that were refused for a while, by stream. Bounded: the leases announced there. */
  const repeats = new Map<LeaseStream, { leases: Set<Uint8Array>; endWait?: (() => void) | undefined; waitMs: number }>()
  /** By lease: it goes wherever its lease goes. */
  const beside = new WeakMap<Uint8Array, BesideLease>()
  let size = 0

  function settle(lease: Uint8Array): void {
    waiting.get(lease)?.()
    waiting.delete(lease)
  }

  async function sendLeases(to: LeaseStream, leases: Uint8Array[]): Promise<void> {
    for (const taken of await to.hold(leases, (lease) => beside.get(lease))) settle(taken)
  }

  /** Leases are sent again as long as they are announced, after waits that double. */
  function repeat(to: LeaseStream): void {
    const refused = repeats.get(to)
    if (!refused) return
    const { leases } = refused
    refused.endWait = undefined
    refused.waitMs = Math.min(refused.waitMs * 2, MAX_REPEAT_MS)
    refused.leases = new Set()
    const standing = [...statements.values()].filter(({ peers }) => peers.has(to.id)).flatMap((each) => [...each.leases.values()])
    // Once all are taken the next waits begin anew.
    void sendLeases(
      to,
      standing.filter((lease) => leases.has(lease)),
    ).then(() => refused.endWait || repeats.delete(to))
  }

  return {
    /** Leases. */
    get size() {
      return size
    },
    /**
     * Announces a lease, or its renewal. Resolves once one of the record nodes has taken it, or there is none, or it is replaced or withdrawn.
     * While no record node can be reached, it does not.
     */
    announce(key: Key, holder: string, lease: Uint8Array, unsigned: BesideLease = {}) {
      beside.set(lease, unsigned)
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.set(lease, resolve)
      const announced = statements.get(key)
      if (announced === undefined) {
        size++
        statements.add({ ...standing<Name>(key), leases: new Map([[holder, lease]]) })
        return promise
      }
      const old = announced.leases.get(holder)
      if (old) settle(old)
      else size++
      announced.leases.set(holder, lease)
      // Before its peers are known, it is told with the first lease.
      if (announced.position === undefined) return promise
      for (const open of statements.streamsOf(announced)) void sendLeases(open, [lease])
      if (announced.peers.size === 0) settle(lease)
      return promise
    },
    withdraw(key: Key, holder: string) {
      const announced = statements.get(key)
      const lease = announced?.leases.get(holder)
      if (announced === undefined || lease === undefined) return
      settle(lease)
      size--
      if (announced.leases.size === 1) return statements.remove(announced)
      announced.leases.delete(holder)
      for (const open of statements.streamsOfAll(announced)) open.release([{ key, holder }])
    },
    /** The leases of each key. */
    values: statements.values,
    /** The servers near the keys may have changed. */
    refresh: statements.refresh,
    /** Tells a new stream all that is its to keep. */
    onStream: (opened: LeaseStream) => statements.onStream(opened, opened.id),
    /** The other end has refused a lease. For some reasons it is told again: its clock or ours is put right, or the holder leaves its old home. */
    onRefused(from: LeaseStream, lease: Uint8Array, reason: Refusal) {
      if (!PASSING.has(reason)) return placement.onRefused?.(from.id, reason)
      if (reason !== 'older') from.askTime()
      const refused = repeats.get(from) ?? { leases: new Set(), waitMs: FIRST_REPEAT_MS }
      repeats.set(from, refused)
      refused.leases.add(lease)
      refused.endWait ??= timers.after(refused.waitMs, () => repeat(from))
    },
    onStreamEnd(ended: LeaseStream) {
      repeats.get(ended)?.endWait?.()
      repeats.delete(ended)
    },
    /** True when something held here must be told to the peer. */
    needs: statements.needs,
  }
}
