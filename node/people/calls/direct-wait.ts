/** A channel waits a little for a direct connection where there may be one, rather than begin through the homes and move; not again soon where none came. */

import { abortable } from '../../async/abort.ts'
import { createRecentMap } from '../../async/recent-map.ts'
import type { AbortOptions } from '../../types.ts'
import type { Deadline, Deadlines } from './deadlines.ts'
import type { CallsContext } from './types.ts'

/** About twice what a connection takes between two tabs that reach each other, in ms. */
const WAIT_MS = 3_000
/** How long a peer to which none opened is not waited for, in ms. */
const FORGIVE_MS = 60_000
const MAX_REMEMBERED = 1_024

export type DirectWait = ReturnType<typeof createDirectWait>

/** @returns whether there is a direct connection to the peer now */
export function createDirectWait({ ways, targetOf, now }: Pick<CallsContext, 'ways' | 'targetOf' | 'now'>, deadlines: Deadlines) {
  /** When the wait for a peer was in vain. */
  const failedAtMs = createRecentMap<string, number>({ maxEntries: MAX_REMEMBERED })

  return async (peer: string, { signal }: AbortOptions): Promise<boolean> => {
    const target = targetOf(peer)
    if (ways === undefined || target === undefined) return false
    if (ways.hasDirect(peer)) return true
    const failed = failedAtMs.get(peer)
    if (!ways.wantDirect(target) || (failed !== undefined && now() - failed < FORGIVE_MS)) return false
    return abortable<boolean>(signal, (resolve) => {
      const late: Deadline = {
        atMs: now() + WAIT_MS,
        onLate() {
          failedAtMs.set(peer, now())
          resolve(false)
        },
      }
      deadlines.add(late)
      const stop = ways.onDirect((other, isOpen) => {
        if (other === peer && isOpen) resolve(true)
      })
      return () => {
        deadlines.delete(late)
        stop()
      }
    })
  }
}
