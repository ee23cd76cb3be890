/** An outbox entry as the list of what was sent shows it. How it begins was kept apart. */

import { encodeKeyHex, type OutboxEntry } from '../../node/index.ts'

export interface SentMessage
  extends Pick<OutboxEntry, 'end' | 'createdAtMs' | 'expiresAtMs' | 'nextTryAtMs' | 'tries' | 'outcome' | 'isDone'> {
  /** Hex. */
  id: string
  /** How it begins, where that was kept. */
  text: string | undefined
}

export function sentMessage(
  { id, end, createdAtMs, expiresAtMs, nextTryAtMs, tries, outcome, isDone }: OutboxEntry,
  texts: ReadonlyMap<string, string>,
): SentMessage {
  const name = encodeKeyHex(id)
  return { id: name, text: texts.get(name), end, createdAtMs, expiresAtMs, nextTryAtMs, tries, outcome, isDone }
}
