/** Load of an outbox: the entries that wait, within limits, and the done ones that are pruned. */

import { MayflyError } from '../../errors.ts'
import type { OutboxEntry, OutboxLoad, OutboxStore } from '../types.ts'

/** See OUTBOX_DEFAULTS. */
type Limits = Record<'maxEntries' | 'maxBytes' | 'keepDoneMs' | 'maxDone', number>

const PRUNE_MS = 60_000

export function createOutboxLoad(store: Pick<OutboxStore, 'prune'>, limits: Limits, now: () => number) {
  const { maxEntries, maxBytes, keepDoneMs, maxDone } = limits
  /** As counted by the last pruning, with the changes since. */
  let load: OutboxLoad = { waiting: 0, bytes: 0 }
  let doneSincePruned = 0
  let timer: ReturnType<typeof setInterval> | undefined

  function change(entries: 1 | -1, { envelope }: OutboxEntry): void {
    load = { waiting: load.waiting + entries, bytes: load.bytes + entries * envelope.byteLength }
  }

  async function prune(): Promise<void> {
    load = await store.prune(now() - keepDoneMs, maxDone)
  }

  /** Entries that cannot be pruned now are pruned next time. */
  function pruneNow(): void {
    doneSincePruned = 0
    void prune().catch(() => {})
  }

  return {
    /** Counts what the store has, after pruning it; prunes again now and then. */
    async start() {
      await prune()
      timer = setInterval(pruneNow, PRUNE_MS)
    },
    stop: () => clearInterval(timer),
    /** @throws {MayflyError} ERR_LIMIT, when no more entries may wait */
    checkRoom() {
      if (load.waiting < maxEntries && load.bytes < maxBytes) return
      throw new MayflyError(
        'ERR_LIMIT',
        `Cannot post: ${load.waiting} messages with ${load.bytes} bytes wait, of at most ${maxEntries} with ${maxBytes}`,
      )
    },
    add: (entry: OutboxEntry) => change(1, entry),
    /** The entry could not be written. */
    remove: (entry: OutboxEntry) => change(-1, entry),
    /** Nothing more will be done for the entry. */
    onDone(entry: OutboxEntry) {
      change(-1, entry)
      // Few at a time: a post must not wait until a minute's worth of done entries is pruned.
      if (++doneSincePruned >= maxDone) pruneNow()
    },
  }
}
