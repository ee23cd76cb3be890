/** Who waits for what becomes of a message. */

import { encodeKeyHex } from '../../keys/index.ts'
import type { AbortOptions, Key } from '../../types.ts'
import type { OutboxEntry, OutboxStore, PostOutcome } from '../types.ts'

export interface OutcomeWaitOptions extends AbortOptions {
  /** After this long it is 'queued', in ms. */
  waitMs: number
  /** That others keep it for the receiver is enough; else only what nothing more can become of. */
  isQueuedEnough: boolean
}

export interface OutcomeWaits {
  /**
   * Resolves with an outcome, 'queued' after the time.
   *
   * @throws signal.reason, when aborted
   */
  outcomeOf(entry: OutboxEntry, options: OutcomeWaitOptions): Promise<PostOutcome>
  onChange(entry: OutboxEntry): void
  /** Nobody waits for it any more: its promise stays as it is. */
  cancel(id: Key): void
  /** Nothing more will be known here: all are 'queued'. */
  end(): void
}

/** How often to ask the store whether another who shares it was faster, in ms: a process hears nothing of what another writes. */
const ASK_MS = 1_000

interface Wait {
  hear(entry: OutboxEntry): void
  cancel(): void
  end(): void
}

export function createOutcomeWaits(store: Pick<OutboxStore, 'get'>): OutcomeWaits {
  /** By id, hex. Bounded by the callers. */
  const waits = new Map<string, Wait>()

  return {
    outcomeOf(entry, { waitMs, isQueuedEnough, signal }) {
      const name = encodeKeyHex(entry.id)
      return new Promise((resolve, reject) => {
        let queued: PostOutcome = { state: 'queued', nodes: 0, untilMs: entry.expiresAtMs }
        const settle = () => {
          waits.delete(name)
          clearTimeout(late)
          clearInterval(asking)
          signal?.removeEventListener('abort', onAbort)
        }
        const onAbort = () => {
          settle()
          reject(signal?.reason)
        }
        const end = () => {
          settle()
          resolve(queued)
        }
        const hear = ({ outcome, isDone }: OutboxEntry) => {
          if (outcome?.state === 'queued') queued = outcome
          if (outcome?.state === 'refused' && !isDone)
            queued = { state: 'queued', nodes: 0, untilMs: entry.expiresAtMs, reason: outcome.reason }
          if (!isDone && !(isQueuedEnough && outcome !== undefined)) return
          settle()
          resolve(isDone && outcome !== undefined ? outcome : queued)
        }
        const ask = async () => {
          const found = await store.get(entry.id).catch(() => undefined)
          if (found !== undefined && waits.has(name)) hear(found)
        }
        waits.set(name, { hear, cancel: settle, end })
        const late = setTimeout(end, waitMs)
        const asking = setInterval(() => void ask(), ASK_MS)
        if (signal?.aborted) return onAbort()
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
    onChange: (entry) => waits.get(encodeKeyHex(entry.id))?.hear(entry),
    cancel: (id) => waits.get(encodeKeyHex(id))?.cancel(),
    end() {
      for (const wait of [...waits.values()]) wait.end()
    },
  }
}
