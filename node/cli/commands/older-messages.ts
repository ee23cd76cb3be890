/** What of the outbox is older than the message that a short command sends: tried as well, while the command runs. */

import { type AbortOptions, encodeKeyHex, type OutboxEntry, type OutboxStore, type Peer } from '../../index.ts'

/** Older messages that are waited for; the others are tried as well, as far as the time goes. */
const MAX_WAITED_FOR = 1_000
/** How long the command may take for them after its own message, in ms: a person waits for the prompt. */
const WAIT_MS = 3_000

/**
 * Looks at what waits now; to be called before the peer starts.
 *
 * @returns waits until each of them was tried by this peer, or the time is over, and says how many were
 */
export function trackOlderMessages(peer: Peer, store: Pick<OutboxStore, 'waiting'>): (options: AbortOptions) => Promise<number> {
  /** By id, hex. Bounded: MAX_WAITED_FOR. */
  const waiting = new Set<string>()
  const tried = new Set<string>()
  const all = Promise.withResolvers<void>()
  const listing = store.waiting(MAX_WAITED_FOR).then((entries) => {
    for (const { id } of entries) waiting.add(encodeKeyHex(id))
  })
  const stopListening = peer.messages.onOutbox((entry) => {
    if (!wasSent(entry) || !waiting.has(encodeKeyHex(entry.id))) return
    tried.add(encodeKeyHex(entry.id))
    if (tried.size === waiting.size) all.resolve()
  })

  return async ({ signal }) => {
    await listing
    if (tried.size === waiting.size) all.resolve()
    const timer = setTimeout(all.resolve, WAIT_MS)
    signal?.addEventListener('abort', () => all.resolve(), { once: true })
    await all.promise
    clearTimeout(timer)
    stopListening()
    return tried.size
  }
}

/** A try before the network was there is none. */
function wasSent({ outcome }: OutboxEntry): boolean {
  return outcome !== undefined && !(outcome.state === 'refused' && outcome.reason === 'no-network')
}
