/**
 * A node that has slept trusts nothing that it knew: it drops the records of others, closes the streams that brought them, so that whoever is
 * still there tells them again, and asks the servers that it watches.
 */

import { delay } from '../async/delay.ts'
import type { Holds } from './holds.ts'
import type { OwnRecords } from './own-records.ts'
import type { PresenceServer } from './presence-server.ts'
import type { PresenceStream } from './presence-stream.ts'
import type { PresenceStreams } from './presence-streams.ts'
import type { Watcher } from './watcher.ts'

export interface WakingContext {
  holds: Pick<Holds, 'renew'>
  server: Pick<PresenceServer, 'forgetAll'>
  store: Pick<OwnRecords, 'removeStock'>
  watcher: Pick<Watcher, 'askAgain'>
  streams: Pick<PresenceStreams, 'all' | 'askTimes'>
}

/** How long peers have after a sleep to tell their records again, in ms: they open a stream in half of it. */
const TELL_AGAIN_MS = 1_000
/** How long a server may take after a sleep to answer, then its stream counts as dead; and a peer that is connected to tell its leases. In ms. */
const ANSWER_MS = 2_000
const LOOK_MS = 20

/**
 * Resolves once finds may be answered again.
 *
 * @param unheard streams are put in; their owner takes out those that answer
 * @throws ended.reason
 */
export async function hearAgain(context: WakingContext, unheard: Set<PresenceStream>, ended: AbortSignal): Promise<void> {
  const { holds, server, store, watcher, streams } = context
  for (const stream of streams.all()) unheard.add(stream)
  const haveTold = server.forgetAll()
  store.removeStock()
  streams.askTimes()
  watcher.askAgain()
  const wokeAtMs = performance.now()
  const passedMs = () => performance.now() - wokeAtMs
  const isAwaiting = () => unheard.size > 0 || !haveTold()
  while (passedMs() < TELL_AGAIN_MS || (passedMs() < ANSWER_MS && isAwaiting())) await delay(LOOK_MS, { signal: ended })
  for (const stream of [...unheard]) stream.close()
  holds.renew()
}
