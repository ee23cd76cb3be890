/** A tab of a simulation: holds keys through its home, by the product's own holds, and moves to another home when that one is gone. */

import { createHolds } from '../../node/rendezvous/holds.ts'
import type { Hold } from '../../node/rendezvous/types.ts'
import type { Key } from '../../node/types.ts'
import type { VirtualLeases } from './virtual-lease.ts'
import { createServedEnd, NODE_SETTINGS, type ServedEnd, type VirtualNode } from './virtual-stream.ts'

/** How long a tab takes to notice that its home is gone and to be welcomed by another one, in ms: from, and up to. */
const MOVE_FROM_MS = 200
const MOVE_TO_MS = 3_000

export type VirtualTab = ReturnType<typeof createVirtualTab>

/** @param chooseHome any node that lives */
export function createVirtualTab(leases: VirtualLeases, number: number, chooseHome: () => VirtualNode) {
  const id = `tab-${number}`
  let home = chooseHome()
  let served: ServedEnd | undefined = createServedEnd(home, id, () => {})
  const { timers, random } = home.network
  const held = new Map<Key, Hold>()
  /** When the newest of its holds began, or all of them at a new home, by key. */
  const sinceMs = new Map<Key, number>()

  const holds = createHolds<VirtualNode>(
    {
      sign: async (terms) => leases.sign(id, terms),
      maxHolds: NODE_SETTINGS.limits.maxLeasesPerPeer,
      home: () => (served === undefined ? undefined : home),
      now: home.now,
      random: random.next,
      announce: ({ bytes }) => new Promise((resolve) => served?.hold([bytes], () => resolve())),
      withdraw: (key) => served?.release([{ key, holder: id }]),
      timers,
    },
    NODE_SETTINGS.lease,
  )
  holds.start()

  return {
    id,
    get home() {
      return home
    },
    /** False between two homes. */
    get hasHome() {
      return served !== undefined
    },
    /** Keys that it has held at this home for so long, in ms. */
    keysHeldFor: (ms: number) => [...held.keys()].filter((key) => served !== undefined && timers.now() - (sinceMs.get(key) ?? 0) >= ms),
    hold(key: Key) {
      sinceMs.set(key, timers.now())
      held.set(key, holds.hold(key))
    },
    release(key: Key) {
      void held.get(key)?.release()
      held.delete(key)
      sinceMs.delete(key)
    },
    /** Its home has stopped. @param isSilent which it notices as late as nodes do */
    onHomeGone(noticedMs: number) {
      served = undefined
      timers.after(noticedMs + MOVE_FROM_MS + random.next() * (MOVE_TO_MS - MOVE_FROM_MS), () => {
        home = chooseHome()
        served = createServedEnd(home, id, () => {})
        for (const key of held.keys()) sinceMs.set(key, timers.now())
        holds.rehome()
      })
    },
  }
}
