/** Waits for a reason to ask again for a page that could not be had. */

import { type Cell, firstMatch } from '../cell.ts'
import type { HolderCounts } from '../holding/holder-counts.ts'
import type { Holdings } from '../holding/holdings.ts'
import type { PeerSession } from '../peer/peer-session.ts'

export interface VisitChangeOptions {
  hash: string
  counts: HolderCounts
  holdings: Holdings
  session: PeerSession
  /** Changes when the user wants it asked again. */
  retry: Cell<number>
  /** The count when it was last asked for: the same number again is no reason to ask again. */
  before: number | undefined
  signal: AbortSignal
}

/**
 * Resolves when something is different from when the page could not be had: who holds it, the connection, or the user's patience.
 *
 * @throws signal.reason, when aborted
 */
export async function visitChange({ hash, counts, holdings, session, retry, before, signal: outer }: VisitChangeOptions): Promise<void> {
  const other = new AbortController()
  const signal = AbortSignal.any([outer, other.signal])
  const times = retry.get()
  const connection = session.connection.get()
  const changes = [
    counts.until(hash, (count) => count > 0 && count !== before, { signal }),
    firstMatch(holdings.pages, () => holdings.has(hash), { signal }),
    firstMatch(retry, (now) => now !== times, { signal }),
    firstMatch(session.connection, (now) => now !== connection && now.state === 'joined', { signal }),
  ]
  try {
    await Promise.race(changes)
  } finally {
    other.abort()
    await Promise.allSettled(changes)
  }
}
