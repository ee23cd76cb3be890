/** Stays at a drop box: visits it again whenever the connection has ended, until the link turns out to be none. For the senders of the app and the command. */

import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import type { OpenedBox, Sharing } from '../types.ts'

interface StayListener {
  onOpened(opened: OpenedBox): void
  /** Its owner is not there. @param error why it could not be visited; undefined after a visit */
  onAway(error: unknown): void
  /** Another try does not mend it; the last call. */
  onNone(error: unknown): void
}

const RETRY = { firstMs: 1_000, maxMs: 10_000 }
const FOR_NOW: readonly unknown[] = ['ERR_UNAVAILABLE', 'ERR_LEFT', 'ERR_LIMIT', 'ERR_NO_NETWORK', 'ERR_NO_HOLDER', 'ERR_TIMEOUT']

/** True for an error after which it is tried again. */
export function isForNow(error: unknown): boolean {
  return FOR_NOW.includes((error as { code?: unknown }).code)
}

/** Goes on until the signal is aborted. */
export async function stayAtBox(
  { link, sharing }: { link: string; sharing(): Promise<Pick<Sharing, 'visitBox'>> },
  signal: AbortSignal,
  { onOpened, onAway, onNone }: StayListener,
): Promise<void> {
  const backoff = createBackoff(RETRY, Math.random)
  let wasOpen = false
  while (!signal.aborted) {
    let problem: unknown
    try {
      const opened = await (await sharing()).visitBox(link, { signal })
      backoff.reset()
      wasOpen = true
      onOpened(opened)
      await opened.closed
    } catch (error) {
      if (signal.aborted) return
      // A link that was right before is not called wrong by somebody who has proven nothing.
      const isDoubtful = wasOpen && (error as { code?: unknown }).code === 'ERR_SHARE_WRONG'
      if (!isForNow(error) && !isDoubtful) return onNone(error)
      problem = error
    }
    if (signal.aborted) return
    onAway(problem)
    await delay(backoff.next(), { signal }).catch(() => {})
  }
}
