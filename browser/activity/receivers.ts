/** Who has taken how much of what this tab holds, for the sender's page. A node that asks for its visitors is one receiver: it asks once for all. */

import { Cell, type ReadableCell } from '../cell.ts'

export interface Receiver {
  /** Peer id. */
  peer: string
  /** Bytes given to it, in all. */
  bytes: number
  /** Whether the newest went from this tab to that one; else the receiver is a node, for itself or for others. */
  isDirect: boolean
}

export const RECEIVERS_DEFAULTS = {
  maxContents: 256, // a tab holds no more
  maxPerContent: 32, // a list to read; older ones make room
} as const

export class Receivers {
  /** By hash, then in the order of the last gift, oldest first. Bounded: both limits, oldest out first. */
  readonly #byHash = new Cell<ReadonlyMap<string, readonly Receiver[]>>(new Map())

  /** By hash. */
  get all(): ReadableCell<ReadonlyMap<string, readonly Receiver[]>> {
    return this.#byHash
  }

  add(hash: string, peer: string, bytes: number, isDirect: boolean): void {
    this.#byHash.update((before) => {
      const known = before.get(hash) ?? []
      const total = (known.find((receiver) => receiver.peer === peer)?.bytes ?? 0) + bytes
      const others = known.filter((receiver) => receiver.peer !== peer)
      const after = new Map(before)
      after.delete(hash)
      after.set(hash, [...others, { peer, bytes: total, isDirect }].slice(-RECEIVERS_DEFAULTS.maxPerContent))
      const oldest = after.size > RECEIVERS_DEFAULTS.maxContents ? after.keys().next().value : undefined
      if (oldest !== undefined) after.delete(oldest)
      return after
    })
  }
}

/** The receivers of several contents together, as of a bundle's files. */
export function receiversOf(all: ReadonlyMap<string, readonly Receiver[]>, hashes: readonly string[]): Receiver[] {
  const sums = new Map<string, Receiver>()
  for (const { peer, bytes, isDirect } of hashes.flatMap((hash) => all.get(hash) ?? []))
    sums.set(peer, { peer, bytes: (sums.get(peer)?.bytes ?? 0) + bytes, isDirect })
  return [...sums.values()]
}
