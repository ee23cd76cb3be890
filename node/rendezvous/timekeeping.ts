/**
 * Presence and the clock. After a step leases are signed anew and tabs hear of it. A node that has slept trusts nothing that it
 * knew: it drops the records of others, closes the streams that brought them, so that whoever is still there tells them again, and asks the
 * servers that it watches; finds wait until that is done.
 */

import { onAbort, raceAbort } from '../async/abort.ts'
import { delay } from '../async/delay.ts'
import type { Clock, Supervisor } from '../network/index.ts'
import type { AbortOptions } from '../types.ts'
import type { Holds } from './holds.ts'
import type { PresenceServer } from './presence-server.ts'
import type { PresenceStream } from './presence-stream.ts'
import type { PresenceStreams } from './presence-streams.ts'
import type { RecordStore } from './record-store.ts'
import type { Watcher } from './watcher.ts'

interface TimekeepingContext {
  clock: Clock
  supervisor: Pick<Supervisor, 'isToBeJoined'>
  holds: Pick<Holds, 'renew'>
  /** Of a node. */
  server: PresenceServer | undefined
  store: Pick<RecordStore, 'removeStock'>
  watcher: Pick<Watcher, 'askAgain'>
  streams: Pick<PresenceStreams, 'all' | 'askTimes'>
}

/** How long peers have after a sleep to tell their records again, in ms: they open a stream in half of it. */
const TELL_AGAIN_MS = 1_000
/** How long a server may take after a sleep to answer; then its stream counts as dead, in ms. */
const ANSWER_MS = 2_000
const LOOK_MS = 20

export function createTimekeeping({ clock, supervisor, holds, server, store, watcher, streams }: TimekeepingContext) {
  /** Streams that have not answered since the sleep. */
  const unheard = new Set<PresenceStream>()
  let waking: Promise<void> | undefined

  async function hearAgain(ended: AbortSignal): Promise<void> {
    for (const stream of streams.all()) unheard.add(stream)
    server?.forgetAll()
    store.removeStock()
    streams.askTimes()
    watcher.askAgain()
    const wokeAtMs = performance.now()
    const passedMs = () => performance.now() - wokeAtMs
    while (passedMs() < TELL_AGAIN_MS || (unheard.size > 0 && passedMs() < ANSWER_MS)) await delay(LOOK_MS, { signal: ended })
    for (const stream of [...unheard]) stream.close()
    holds.renew()
  }

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
      if (server === undefined) return // a hidden tab's timers pause all the time, and its home looks after it
      onAbort(
        ended,
        clock.onWake(() => {
          waking ??= hearAgain(ended)
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
