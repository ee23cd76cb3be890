/** Search for the homes of an end's holders in the whole network, for when its record nodes know none, or lie. */

import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Holder } from '../../rendezvous/types.ts'
import type { AbortOptions, Key } from '../../types.ts'

/** The part of presence that routing uses; handed in, since presence is another folder's service. */
export interface RouterPresence {
  find(key: Key, options?: AbortOptions): AsyncIterable<Holder>
  homesHolding(key: Key): string[]
  isTab(peer: string): boolean
}

/** Homes that one search asks. */
const MAX_SEARCHED_HOMES = 16

/**
 * Yields each home once, as it is found. A search that fails, or is aborted, just ends.
 *
 * @param asked homes that need not be asked; those that are yielded are added
 */
export async function* searchHomes(
  presence: Pick<RouterPresence, 'find'>,
  end: Key,
  asked: Set<string>,
  signal: AbortSignal,
): AsyncGenerator<PeerId, void> {
  try {
    for await (const { home, signed } of presence.find(end, { signal })) {
      if (asked.size > MAX_SEARCHED_HOMES) return
      if (!signed || asked.has(home)) continue
      asked.add(home)
      yield peerIdFromString(home)
    }
  } catch {
    // Aborted, or nobody could be asked: there are no more homes.
  }
}
