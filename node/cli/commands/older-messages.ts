/** Older messages in the outbox: a short command that sends one retries them, too, while it runs. */

import { inTime, raceAbort } from '../../async/abort.ts'
import { type AbortOptions, encodeKeyHex, type OutboxEntry, type OutboxStore, type Peer } from '../../index.ts'

/** Older messages that the command waits for; the others are retried as far as the time goes. */
const MAX_WAITED_FOR = 1_000
/** How long the command may take for them after its own message, in ms: a person waits for the prompt. */
const WAIT_MS = 3_000

/**
 * Lists the messages that wait now. To be called before the peer starts.
 *
 * @returns a function that waits until this peer has retried each of them, or the time is over, and resolves with their number
 */
export function trackOlderMessages(peer: Peer, store: Pick<OutboxStore, 'waiting'>): (options: AbortOptions) => Promise<number> {
  /** By id, hex. Bounded: MAX_WAITED_FOR. */
  const waiting = new Set<string>()
  const retried = new Set<string>()
  const all = Promise.withResolvers<void>()
  const listing = store.waiting(MAX_WAITED_FOR).then((entries) => {
    for (const { id } of entries) waiting.add(encodeKeyHex(id))
  })
  const stopListening = peer.messages.onOutbox((entry) => {
    if (!wasSent(entry) || !waiting.has(encodeKeyHex(entry.id))) return
    retried.add(encodeKeyHex(entry.id))
    if (retried.size === waiting.size) all.resolve()
  })

  return async ({ signal }) => {
    await listing
    if (retried.size === waiting.size) all.resolve()
    await raceAbort(inTime(all.promise, WAIT_MS), signal).catch(() => {})
    stopListening()
    return retried.size
  }
}

/** An attempt before the peer had joined the network does not count. */
function wasSent({ outcome }: OutboxEntry): boolean {
  return outcome !== undefined && !(outcome.state === 'refused' && outcome.reason === 'no-network')
}
