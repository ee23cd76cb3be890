/** Peers at which something still stands for a moment after it has gone to others. Only nodes of a network that has groups need it. */

import type { Timers } from '../async/timers.ts'
import type { ServerName } from '../network/index.ts'

/** How long those that a statement leaves for a delegate keep it, or a delegate for them, in ms: the others must have it by then. */
const LEAVING_MS = 15_000

interface Told<Name> {
  readonly peers: ReadonlyMap<string, Name>
}

/**
 * Make before break: nobody would have a statement for the moment that a delegate takes to tell the record nodes.
 *
 * @param withdraw tells a peer that it stands there no longer
 */
export function createLeaving<S extends Told<Name>, Name extends ServerName>(
  withdraw: (peer: Name, statement: S) => void,
  timers: Pick<Timers, 'after'>,
) {
  /** Peers that are left, and are told so a little later. Bounded by the placement, for each statement. */
  const leaving = new Map<S, Map<string, { peer: Name; endWait(): void }>>()

  function forget(statement: S, id: string): void {
    const left = leaving.get(statement)
    left?.get(id)?.endWait()
    left?.delete(id)
    if (left?.size === 0) leaving.delete(statement)
  }

  return {
    leave(statement: S, peer: Name) {
      forget(statement, peer.toString())
      const left = leaving.get(statement) ?? new Map<string, { peer: Name; endWait(): void }>()
      leaving.set(statement, left)
      const endWait = timers.after(LEAVING_MS, () => {
        forget(statement, peer.toString())
        // Unless it is right for the statement again.
        if (!statement.peers.has(peer.toString())) withdraw(peer, statement)
      })
      left.set(peer.toString(), { peer, endWait })
    },
    /** All at which the statement may stand. */
    toldOf: (statement: S): Name[] => [
      ...statement.peers.values(),
      ...[...(leaving.get(statement)?.values() ?? [])].map(({ peer }) => peer),
    ],
    /** The statement is gone, and was withdrawn from all. */
    end(statement: S) {
      for (const { endWait } of leaving.get(statement)?.values() ?? []) endWait()
      leaving.delete(statement)
    },
  }
}
