/** Waits until a peer has joined, for a bounded time, and tells why it has not. */

import { createTimeout } from '../async/abort.ts'
import { formatDuration } from '../async/duration.ts'
import { createEmitter } from '../async/emitter.ts'
import { MayflyError, type MayflyErrorCode } from '../errors.ts'
import type { Peer } from '../peer.ts'
import type { AbortOptions } from '../types.ts'

export interface JoinOptions extends AbortOptions {
  /** How long to wait, in ms. Default: 30 s, or with a `signal` for as long as that allows. */
  timeoutMs?: number
}

const JOIN_MS = 30_000

/** @param addresses those that the peer was given */
export function createBoundedJoin(peer: Pick<Peer, 'onEvent' | 'status'>, addresses: Iterable<string>) {
  /** Why each address was not joined, last. Bounded by the addresses. */
  const failures = new Map<string, { reason: string; code?: MayflyErrorCode }>()
  const refusals = createEmitter<MayflyError>()
  peer.onEvent((event) => {
    if (event.type === 'joined') failures.clear()
    if (event.type !== 'join-failed') return
    failures.set(event.address, event)
    const isRefused = [...addresses].every((address) => failures.get(address)?.code === 'ERR_ORIGIN')
    if (isRefused) refusals.emit(new MayflyError('ERR_ORIGIN', explain()))
  })

  function explain(): string {
    if (failures.size > 0) return [...failures.values()].map(({ reason }) => reason).join('; ')
    const given = [...addresses]
    if (given.length === 0) return 'it was given no address to join'
    return peer.status().startedAtMs === 0 ? 'it was not started' : `no answer from ${given.join(', ')}`
  }

  /**
   * @throws {MayflyError} ERR_NO_NETWORK, when the time is over; ERR_ORIGIN, when no address lets pages of this origin in
   * @throws signal.reason, when aborted
   */
  return async (join: (abort: AbortOptions) => Promise<void>, { signal, timeoutMs }: JoinOptions): Promise<void> => {
    const waitMs = timeoutMs ?? (signal === undefined ? JOIN_MS : undefined)
    const late = waitMs === undefined ? undefined : createTimeout(waitMs)
    const refused = new AbortController()
    const endRefusals = refusals.on((error) => refused.abort(error))
    const signals = [signal, late?.signal, refused.signal].filter((each) => each !== undefined)
    try {
      await join({ signal: AbortSignal.any(signals) })
    } catch (error) {
      if (late === undefined || waitMs === undefined || error !== late.signal.reason || error === undefined) throw error
      throw new MayflyError('ERR_NO_NETWORK', `Not joined after ${formatDuration(waitMs)}: ${explain()}`)
    } finally {
      late?.end()
      endRefusals()
    }
  }
}
