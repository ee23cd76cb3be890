/** Presence and the clock. After a step leases are signed anew and tabs hear of it. After a sleep of a node finds wait until it has heard again. */

import { onAbort, raceAbort } from '../async/abort.ts'
import type { Clock, Supervisor } from '../network/index.ts'
import type { AbortOptions } from '../types.ts'
import type { hearAgain, WakingContext } from './hear-again.ts'
import type { PresenceServer } from './presence-server.ts'
import type { PresenceStream } from './presence-stream.ts'

interface TimekeepingContext extends Omit<WakingContext, 'server'> {
  clock: Clock
  supervisor: Pick<Supervisor, 'isToBeJoined'>
  /** Of a node; a page's library has neither. */
  server: PresenceServer | undefined
  hearAgain: typeof hearAgain | undefined
}

export function createTimekeeping({ clock, supervisor, server, hearAgain, ...context }: TimekeepingContext) {
  const { holds, streams } = context
  /** Streams that have not answered since the sleep. */
  const unheard = new Set<PresenceStream>()
  let waking: Promise<void> | undefined

  return {
    onTime(stream: PresenceStream, nowMs: number, askedAtMs: number) {
      unheard.delete(stream)
      clock.hear(stream.id, nowMs, askedAtMs, supervisor.isToBeJoined(stream.peer))
    },
    onStreamEnd(stream: PresenceStream) {
      unheard.delete(stream)
      clock.forget(stream.id)
    },
    /** Resolves once this peer knows again what it says: at once, but for a moment after a sleep. @throws signal.reason, when aborted */
    async awake({ signal }: AbortOptions = {}) {
      clock.monotonic()
      if (waking !== undefined) await raceAbort(waking, signal)
    },
    start(ended: AbortSignal) {
      clock.start()
      onAbort(ended, clock.stop)
      onAbort(
        ended,
        clock.onStep(() => {
          holds.renew()
          server?.onStep()
        }),
      )
      onAbort(ended, clock.onOwnStep(streams.askTimes))
      if (server === undefined || hearAgain === undefined) return // a hidden tab's timers pause all the time, and its home looks after it
      onAbort(
        ended,
        clock.onWake(() => {
          waking ??= hearAgain({ ...context, server }, unheard, ended)
            .catch(() => {}) // stopped
            .finally(() => {
              waking = undefined
              unheard.clear()
            })
        }),
      )
    },
  }
}
