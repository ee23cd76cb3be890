/**
 * Heartbeats of two speeds. Where servers form groups, most links carry neither leases nor watches: their streams rest, with a heartbeat in five
 * times as long. A silent server is noticed by the pings of its sockets all the same; what hangs on a heartbeat never rests. Only a server that has
 * said so on the stream lets it rest, since an older one ends a silent stream.
 */

import { LEASE_DEFAULTS, type LeaseOptions } from './lease.ts'
import type { PresenceStream } from './presence-stream.ts'
import type { GroupSize } from './wire-frames.ts'

/** How much later a heartbeat may come on a stream that rests, in ms: with the default, every 15 s. */
export const REST_MS = 12_000

/** @param isFar true for a server that is none of those which the next leases come to, as far as groups know */
export function createResting(isFar: (peer: string) => boolean, lease: LeaseOptions, now: () => number = () => performance.now()) {
  const { lifetimeMs, maxSkewMs } = { ...LEASE_DEFAULTS, ...lease }
  /** When leases were last told over a stream; then they stand no longer than their time. */
  const toldAtMs = new WeakMap<object, number>()
  /** Streams whose servers let them rest. */
  const restful = new WeakSet<object>()
  /** By stream: since when its heartbeat is due. */
  const dueAtMs = new WeakMap<object, number>()

  function mayRest(stream: Pick<PresenceStream, 'id' | 'watched'>): boolean {
    if (!restful.has(stream) || stream.watched.size > 0) return false
    const mayHaveLeases = now() - (toldAtMs.get(stream) ?? Number.NEGATIVE_INFINITY) < lifetimeMs + maxSkewMs
    return !mayHaveLeases && isFar(stream.id)
  }

  return {
    /** Leases are told over the stream. */
    onHold: (stream: object) => void toldAtMs.set(stream, now()),
    /** The server has said something of its group. */
    onGroup(stream: object, { letsRest = false }: Pick<GroupSize, 'letsRest'>) {
      if (letsRest) restful.add(stream)
      else restful.delete(stream)
    },
    /** Is asked again and again while a heartbeat is due. True where it can wait; where it cannot, it is sent. */
    rests(stream: Pick<PresenceStream, 'id' | 'watched'>): boolean {
      const sinceMs = dueAtMs.get(stream) ?? now()
      const canWait = now() - sinceMs < REST_MS && mayRest(stream)
      if (canWait) dueAtMs.set(stream, sinceMs)
      else dueAtMs.delete(stream)
      return canWait
    },
  }
}
