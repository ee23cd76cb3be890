/** The service of a node for its tabs, and for servers of other groups: it announces, finds and watches for them as for itself. */

import { delay } from '../async/delay.ts'
import { TIMERS, type Timers } from '../async/timers.ts'
import type { ServerName } from '../network/index.ts'
import type { PresenceClient } from './presence-client.ts'
import type { HolderRecord } from './record-store.ts'
import type { HomeService } from './types.ts'

/** How long a search goes on once it has a holder, in ms. */
const MORE_HOLDERS_MS = 20

export function createHomeService<Name extends ServerName>(
  { announcer, finder, watcher }: Pick<PresenceClient<Name>, 'announcer' | 'finder' | 'watcher'>,
  timers: Timers = TIMERS,
): HomeService {
  return {
    announce: ({ key, holder, bytes }, unsigned) => announcer.announce(key, holder, bytes, unsigned),
    withdraw: announcer.withdraw,
    find: (key, limit, signal, isForServer = false) => findSome(finder.find(key, { signal }, isForServer), limit, timers),
    watch: (key, listener) => watcher.watch(key, (count, isCertain, people) => isCertain && listener(count, people)),
  }
}

/** Holders as they are met, at most `limit`: soon after the first, no more are waited for. */
export async function findSome(
  search: AsyncGenerator<{ record: HolderRecord }>,
  limit: number,
  timers: Timers = TIMERS,
): Promise<HolderRecord[]> {
  const records: HolderRecord[] = []
  let enough: Promise<undefined> | undefined
  try {
    while (records.length < limit) {
      const next = search.next()
      next.catch(() => {})
      const result = await (enough === undefined ? next : Promise.race([next, enough]))
      if (result === undefined || result.done) break
      records.push(result.value.record)
      enough ??= delay(MORE_HOLDERS_MS, {}, timers).then(() => undefined)
    }
  } finally {
    search.return(undefined).catch(() => {})
  }
  return records
}
