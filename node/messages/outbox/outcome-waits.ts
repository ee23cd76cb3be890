/** Callers that wait for the outcome of a message. */

import { abortable, onAbort } from '../../async/abort.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Key } from '../../types.ts'
import type { OutboxEntry, OutboxStore, PostOutcome } from '../types.ts'

/** How often the store is read, in ms: another process that shares it may be faster, and its writes raise no event here. */
const ASK_MS = 1_000

export function createOutcomeWaits(store: Pick<OutboxStore, 'get'>) {
  /** By id, hex. Bounded by the callers. */
  const waits = new Map<string, { onChange(entry: OutboxEntry): void; cancel(): void; end(): void }>()

  return {
    /**
     * Resolves with the outcome, 'queued' when it is late.
     *
     * @param isQueuedEnough true: any outcome ends the wait; false: only a final one does
     * @throws signal.reason, when aborted
     */
    outcomeOf(entry: OutboxEntry, late: AbortSignal, isQueuedEnough: boolean, signal: AbortSignal | undefined): Promise<PostOutcome> {
      const name = encodeKeyHex(entry.id)
      return abortable(signal, (resolve, reject) => {
        let queued: PostOutcome = { state: 'queued', nodes: 0, untilMs: entry.expiresAtMs }
        const end = () => resolve(queued)
        const onChange = ({ outcome, isDone }: OutboxEntry) => {
          if (outcome?.state === 'queued') queued = outcome
          if (outcome?.state === 'refused' && !isDone)
            queued = { state: 'queued', nodes: 0, untilMs: entry.expiresAtMs, reason: outcome.reason }
          if (isDone || (isQueuedEnough && outcome !== undefined)) resolve(isDone && outcome !== undefined ? outcome : queued)
        }
        const ask = async () => {
          const found = await store.get(entry.id).catch(() => undefined)
          if (found !== undefined && waits.has(name)) onChange(found)
        }
        waits.set(name, { onChange, cancel: () => reject(new Error('the entry could not be written')), end })
        const endLate = onAbort(late, end)
        const asking = setInterval(() => void ask(), ASK_MS)
        return () => {
          waits.delete(name)
          endLate()
          clearInterval(asking)
        }
      })
    },
    onChange: (entry: OutboxEntry) => waits.get(encodeKeyHex(entry.id))?.onChange(entry),
    /** Rejects the wait for an entry that could not be written. */
    cancel: (id: Key) => waits.get(encodeKeyHex(id))?.cancel(),
    /** Nothing more will be known here: all outcomes are 'queued'. */
    end() {
      for (const wait of [...waits.values()]) wait.end()
    },
  }
}
