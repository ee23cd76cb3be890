/** Finds the sharer of a share, and finds it again whenever it has gone: by whoever holds its key and proves it. */

import { createBackoff } from '../../async/backoff.ts'
import { createRecentMap } from '../../async/recent-map.ts'
import type { createWakeUp } from '../../async/wake-up.ts'
import { MayflyError } from '../../errors.ts'
import type { Holder, Rendezvous } from '../../rendezvous/types.ts'
import type { ReceivedState } from './received-state.ts'
import { openSharerLink, type SharerLinkOptions } from './sharer-link.ts'

export const SEARCH_LIMITS = {
  /** Holders of a share's key that are asked: others may hold it, too. */
  maxHolders: 8,
  /** Those that were not the sharer, and are asked last from then on. */
  maxDoubtful: 64,
  /** How long the sharer is sought, in ms, when somebody who has proven nothing says that the link is wrong. */
  wrongMs: 20_000,
} as const

const RETRY = { firstMs: 500, maxMs: 15_000 }
/** How often a sharer that is here is looked after, in ms: its leaving rings before. */
const LOOK_MS = 60_000

interface SearchContext {
  rendezvous: Pick<Rendezvous, 'find' | 'watch'>
  monotonic(): number
  state: Pick<ReceivedState, 'state' | 'isMet' | 'finish' | 'notFound'>
  link: SharerLinkOptions
  /** Rings when the sharer has gone, the share has ended, or it was closed here. */
  wake: ReturnType<typeof createWakeUp>
}

/** Goes on until the share has ended, or the signal is aborted. */
export function searchSharer({ rendezvous, monotonic, state, link, wake }: SearchContext, signal: AbortSignal): void {
  /** By peer. */
  const doubtful = createRecentMap<string, true>({ maxEntries: SEARCH_LIMITS.maxDoubtful })
  /** When somebody first said that the link is wrong. */
  let wrongAtMs: number | undefined

  /** 'wrong': a holder of the key says that the link's secret is another. */
  async function ask(holder: Holder): Promise<'met' | 'wrong' | 'nobody'> {
    try {
      await openSharerLink(holder, link, signal)
      return 'met'
    } catch (error) {
      signal.throwIfAborted()
      const { code } = error instanceof MayflyError ? error : {}
      if (code === 'ERR_SHARE_WRONG') wrongAtMs ??= monotonic()
      const isWrong = code === 'ERR_SHARE_WRONG' || (code === 'ERR_SHARE_FULL' && wrongAtMs !== undefined) // it was asked too often
      if (isWrong || code === 'ERR_FORGED') doubtful.set(holder.peer, true)
      return isWrong ? 'wrong' : 'nobody'
    }
  }

  /** Asks them as they are found; those that were not the sharer before come last. */
  async function meet(): Promise<'met' | 'wrong' | 'nobody'> {
    const last: Holder[] = []
    let asked = 0
    let isWrong = false
    for await (const holder of rendezvous.find(link.link.id, { signal })) {
      if (doubtful.has(holder.peer)) {
        if (last.length < SEARCH_LIMITS.maxHolders) last.push(holder)
        continue
      }
      if (asked++ >= SEARCH_LIMITS.maxHolders) break
      const outcome = await ask(holder)
      if (outcome === 'met') return 'met'
      isWrong ||= outcome === 'wrong'
    }
    for (const holder of last) {
      const outcome = await ask(holder)
      if (outcome === 'met') return 'met'
      isWrong ||= outcome === 'wrong'
    }
    return isWrong ? 'wrong' : 'nobody'
  }

  async function run(): Promise<void> {
    const backoff = createBackoff(RETRY, Math.random)
    let wasMet = false
    while (state.state !== 'ended') {
      const outcome = await meet().catch((error) => (isOffline(error) ? 'offline' : 'nobody'))
      signal.throwIfAborted()
      // Nobody has proven that: it is not believed of a link that was right before, nor while the sharer may still be found.
      const isLate = wrongAtMs !== undefined && monotonic() - wrongAtMs >= SEARCH_LIMITS.wrongMs
      if (outcome === 'wrong' && !wasMet && isLate) return state.finish('ERR_SHARE_WRONG')
      if (outcome === 'met') {
        wasMet = true
        backoff.reset()
        while (state.isMet) await wake.wait(LOOK_MS)
      } else {
        if (outcome !== 'offline') state.notFound()
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

/** This peer has no connection: that it finds nobody says nothing of the sharer. */
const isOffline = (error: unknown) => error instanceof MayflyError && error.code === 'ERR_NO_NETWORK'
