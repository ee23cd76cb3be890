/** Finds the sharer of a share, and finds it again whenever it has gone: by whoever holds its key and proves it. */

import { createBackoff } from '../../async/backoff.ts'
import type { createWakeUp } from '../../async/wake-up.ts'
import { MayflyError } from '../../errors.ts'
import type { Rendezvous } from '../../rendezvous/types.ts'
import type { ReceivedState } from './received-state.ts'
import { openSharerLink, type SharerLinkOptions } from './sharer-link.ts'

/** Holders of a share's key that are asked: others may hold it, too. */
const MAX_HOLDERS = 8
const RETRY = { firstMs: 500, maxMs: 15_000 }
/** How often a sharer that is here is looked after, in ms: its leaving rings before. */
const LOOK_MS = 60_000

interface SearchContext {
  rendezvous: Pick<Rendezvous, 'find' | 'watch'>
  state: Pick<ReceivedState, 'state' | 'isMet' | 'finish' | 'notFound'>
  link: SharerLinkOptions
  /** Rings when the sharer has gone, the share has ended, or it was closed here. */
  wake: ReturnType<typeof createWakeUp>
}

/** Goes on until the share has ended, or the signal is aborted. */
export function searchSharer({ rendezvous, state, link, wake }: SearchContext, signal: AbortSignal): void {
  /** 'wrong': somebody holds the key, and says that the link's secret is another. */
  async function meet(): Promise<'met' | 'wrong' | 'nobody'> {
    let asked = 0
    let found: 'wrong' | 'nobody' = 'nobody'
    for await (const holder of rendezvous.find(link.link.id, { signal })) {
      if (asked++ >= MAX_HOLDERS) break
      try {
        await openSharerLink(holder, link, signal)
        return 'met'
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof MayflyError && error.code === 'ERR_SHARE_WRONG') found = 'wrong'
      }
    }
    return found
  }

  async function run(): Promise<void> {
    const backoff = createBackoff(RETRY, Math.random)
    let wasMet = false
    while (state.state !== 'ended') {
      const outcome = await meet().catch(() => 'nobody' as const)
      signal.throwIfAborted()
      // Nobody has proven that: it is not believed of a link that was right before.
      if (outcome === 'wrong' && !wasMet) return state.finish('ERR_SHARE_WRONG')
      if (outcome === 'met') {
        wasMet = true
        backoff.reset()
        while (state.isMet) await wake.wait(LOOK_MS)
      } else {
        state.notFound()
        await wake.wait(backoff.next())
      }
      signal.throwIfAborted()
    }
  }

  async function watch(): Promise<void> {
    for await (const count of rendezvous.watch(link.link.id, { signal })) if (count > 0 && !state.isMet) wake.ring()
  }

  // Ended, or it cannot be watched: it is looked for from time to time.
  for (const work of [run, watch]) work().catch(() => {})
}
