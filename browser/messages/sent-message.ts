/** An outbox entry as the list of what was sent shows it. What it said is not in it: that may be sealed for its receiver. */

import { encodeKeyHex, type OutboxEntry } from '../../node/index.ts'

export interface SentMessage
  extends Pick<OutboxEntry, 'end' | 'createdAtMs' | 'expiresAtMs' | 'nextTryAtMs' | 'tries' | 'outcome' | 'isDone'> {
  /** Hex. */
  id: string
}

export function sentMessage({ id, end, createdAtMs, expiresAtMs, nextTryAtMs, tries, outcome, isDone }: OutboxEntry): SentMessage {
  return { id: encodeKeyHex(id), end, createdAtMs, expiresAtMs, nextTryAtMs, tries, outcome, isDone }
}
