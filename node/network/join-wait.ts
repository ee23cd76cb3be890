/** Callers that wait until this peer is in the overlay. */

import { abortable } from '../async/abort.ts'
import { MayflyError } from '../errors.ts'
import type { AbortOptions } from '../types.ts'

export function createJoinWait(isJoined: () => boolean) {
  /** Bounded by the callers of `wait`. */
  const checks = new Set<() => void>()
  let isStopped = false
  /** Something has changed: looks whether the peer is in the overlay now. */
  const check = () => {
    for (const each of [...checks]) each()
  }
  return {
    /**
     * Resolves once this peer is in the overlay.
     *
     * @throws {MayflyError} ERR_NOT_STARTED, when the peer is stopped first
     * @throws signal.reason, when aborted
     */
    wait: ({ signal }: AbortOptions = {}) =>
      abortable<void>(signal, (resolve, reject) => {
        const own = () => {
          if (isStopped) reject(new MayflyError('ERR_NOT_STARTED', 'The peer was stopped'))
          else if (isJoined()) resolve()
        }
        checks.add(own)
        own()
        return () => checks.delete(own)
      }),
    check,
    stop() {
      isStopped = true
      check()
    },
  }
}
