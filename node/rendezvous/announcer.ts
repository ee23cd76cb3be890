/**
 * Tells record nodes (or a tab's home) about the leases held here, and keeps them told: when a link opens it gets all that is its to
 * keep, when the servers near a key change the new ones are told and the old ones released.
 */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { encodeKeyHex, positionOf } from '../keys/index.ts'
import type { Key } from '../types.ts'
import { multihashOfPeer } from './lease.ts'
import type { Link } from './link.ts'
import type { Placement } from './placement.ts'

export interface Announcer {
  /**
   * Announces a lease, or its renewal. Resolves once a target has taken it, or there is none, or it is replaced or withdrawn; while no
   * target can be reached, it does not.
   */
  announce(key: Key, holder: string, lease: Uint8Array): Promise<void>
  withdraw(key: Key, holder: string): void
  /** The servers near the keys may have changed. */
  retarget(): Promise<void>
  /** Tells a new link all that is its to keep. */
  tell(link: Link): void
  /** True when the peer is a target of something held here. */
  needs(peer: string): boolean
  readonly size: number
}

interface Announced {
  key: Key
  position: Uint8Array
  /** Signed leases by holder. Bounded by the record store's limits for this peer's own holders. */
  leases: Map<string, Uint8Array>
  targets: Set<string>
}

/** Keys looked at between two turns of the event loop, when the servers have changed. */
const KEYS_PER_TURN = 500

export function createAnnouncer(placement: Placement, link: (peer: PeerId) => Link | undefined, ensure: (peer: PeerId) => void): Announcer {
  /** By key, hex. Bounded by the leases held here. */
  const announced = new Map<string, Announced>()
  /** Who waits for a lease to be taken, by the lease itself. Bounded: one for each lease, settled when it is taken or replaced. */
  const waiting = new Map<Uint8Array, () => void>()
  let size = 0

  function settle(lease: Uint8Array | undefined): void {
    if (lease === undefined) return
    waiting.get(lease)?.()
    waiting.delete(lease)
  }
  function give(to: Link | undefined, leases: Uint8Array[]): void {
    void to?.hold(leases).then((taken) => {
      for (const lease of taken) settle(lease)
    })
  }

  function retargetKey(entry: Announced): void {
    const targets = new Set<string>()
    for (const peer of placement.targets(entry.position)) {
      const id = peer.toString()
      targets.add(id)
      if (entry.targets.has(id)) continue
      const open = link(peer)
      if (open === undefined) ensure(peer)
      else give(open, [...entry.leases.values()])
    }
    for (const id of entry.targets) {
      if (targets.has(id)) continue
      link(peerIdFromString(id))?.release([...entry.leases.keys()].map((holder) => ({ key: entry.key, holder: multihashOfPeer(holder) })))
    }
    entry.targets = targets
    if (targets.size === 0) for (const lease of entry.leases.values()) settle(lease)
  }

  return {
    get size() {
      return size
    },
    async announce(key, holder, lease) {
      const id = encodeKeyHex(key)
      const taken = new Promise<void>((resolve) => waiting.set(lease, resolve))
      let entry = announced.get(id)
      if (entry === undefined) {
        entry = { key, position: new Uint8Array(), leases: new Map([[holder, lease]]), targets: new Set() }
        announced.set(id, entry)
        size++
        entry.position = await positionOf(key)
        if (announced.get(id) === entry) retargetKey(entry)
        return taken
      }
      const old = entry.leases.get(holder)
      if (old === undefined) size++
      else settle(old)
      entry.leases.set(holder, lease)
      for (const target of entry.targets) give(link(peerIdFromString(target)), [lease])
      // Before its position is known an entry has no targets, and its first lease takes this one along.
      if (entry.targets.size === 0 && entry.position.byteLength > 0) settle(lease)
      return taken
    },
    withdraw(key, holder) {
      const id = encodeKeyHex(key)
      const entry = announced.get(id)
      const lease = entry?.leases.get(holder)
      if (entry === undefined || lease === undefined) return
      entry.leases.delete(holder)
      settle(lease)
      size--
      for (const target of entry.targets) link(peerIdFromString(target))?.release([{ key, holder: multihashOfPeer(holder) }])
      if (entry.leases.size === 0) announced.delete(id)
    },
    async retarget() {
      let looked = 0
      for (const entry of [...announced.values()]) {
        if (++looked % KEYS_PER_TURN === 0) await new Promise((resolve) => setTimeout(resolve, 0))
        if (entry.position.byteLength > 0 && entry.leases.size > 0) retargetKey(entry)
      }
    },
    tell(opened) {
      const leases: Uint8Array[] = []
      for (const entry of announced.values()) if (entry.targets.has(opened.id)) leases.push(...entry.leases.values())
      give(opened, leases)
    },
    needs(peer) {
      for (const entry of announced.values()) if (entry.targets.has(peer)) return true
      return false
    },
  }
}
