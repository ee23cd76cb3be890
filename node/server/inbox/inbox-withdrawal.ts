/** Messages of an inbox that were committed, and whose sync to the disk failed: they are as if they had never come. */

import type { InboxMessage } from '../../index.ts'
import { decodeKeyHex } from '../../keys/index.ts'
import type { createInboxIndex } from './inbox-index.ts'
import type { Statements } from './inbox-reader.ts'
import { FOOTPRINT_SQL } from './inbox-row.ts'
import type { InboxTally, TallyEntry } from './inbox-tally.ts'

export type InboxWithdrawal = ReturnType<typeof createInboxWithdrawal>

interface WithdrawalParts {
  tally: InboxTally
  index: ReturnType<typeof createInboxIndex>
}

export function createInboxWithdrawal(prepare: Statements, { tally, index }: WithdrawalParts) {
  /** Ids of messages whose sync failed, by sequence. Bounded by one group: the next commit removes them. */
  const withdrawn = new Map<number, Uint8Array>()
  return {
    /** True for a message that nobody reads any more. */
    has: (sequence: number): boolean => withdrawn.has(sequence),
    get size() {
      return withdrawn.size
    },
    add(messages: readonly InboxMessage[]): void {
      for (const { sequence, id } of messages) withdrawn.set(sequence, decodeKeyHex(id))
      const entryOf = `SELECT sender, end_text AS "end", ${FOOTPRINT_SQL} AS bytes FROM messages WHERE sequence = ?`
      for (const { sequence } of messages) {
        const entry = prepare(entryOf).get(sequence)
        if (entry !== undefined) tally.remove(entry as unknown as TallyEntry) // else the retention has removed it meanwhile
      }
    },
    /** Removes the rows. To be called in a `commit`. @returns what to call when that fails */
    removeRows(): () => void {
      const removed = [...withdrawn]
      for (const [sequence, id] of removed) {
        index.remove(sequence)
        prepare('DELETE FROM messages WHERE sequence = ?').run(sequence)
        prepare('DELETE FROM removed WHERE id = ?').run(id)
      }
      withdrawn.clear()
      return () => {
        for (const [sequence, id] of removed) withdrawn.set(sequence, id)
      }
    },
  }
}
