/** Connections and streams that this peer ends because the other one went over a limit or broke a wire format: its owner hears of each. */

import type { Libp2p } from '@libp2p/interface'
import { MayflyError, type MayflyErrorCode } from '../errors.ts'

/** The errors of the guards. */
const OF_GUARDS: ReadonlySet<MayflyErrorCode> = new Set(['ERR_LIMIT', 'ERR_BAD_FRAME'])

/** Undefined for any other end: of a peer that stops, or has gone. */
function reasonOf(error: Error | undefined): string | undefined {
  if (error instanceof MayflyError && OF_GUARDS.has(error.code)) return error.message
  // The bound of `frame-guard.ts` on what waits unsent, which libp2p itself watches.
  return error?.name === 'StreamBufferError' ? `Connection ended: ${error.message}` : undefined
}

export function createCuts(onCut: (peer: string, reason: string) => void = () => {}) {
  let count = 0
  const take = (peer: string, error: Error | undefined) => {
    const reason = reasonOf(error)
    if (reason === undefined) return
    count++
    onCut(peer, reason)
  }
  return {
    /** Connections and streams so far. */
    get count() {
      return count
    },
    /** A guard ends a stream of the peer. */
    take,
    /** Takes each connection that a guard ends, from now on. */
    watch(libp2p: Pick<Libp2p, 'addEventListener'>): void {
      libp2p.addEventListener('connection:open', ({ detail: connection }) => {
        connection.addEventListener('close', ({ local, error }) => {
          if (local === true) take(connection.remotePeer.toString(), error)
        })
      })
    },
  }
}
