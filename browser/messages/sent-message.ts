/** An outbox entry as the list of sent messages shows it. */

import { encodeKeyHex, type OutboxEntry } from '../../node/index.ts'

export interface SentMessage
  extends Pick<OutboxEntry, 'end' | 'createdAtMs' | 'expiresAtMs' | 'nextTryAtMs' | 'tries' | 'outcome' | 'isDone'> {
  /** Hex. */
  id: string
  /** The beginning of its text, if it was stored. */
  text: string | undefined
}

export function sentMessage(
  { id, end, createdAtMs, expiresAtMs, nextTryAtMs, tries, outcome, isDone }: OutboxEntry,
  texts: ReadonlyMap<string, string>,
): SentMessage {
  const name = encodeKeyHex(id)
  return { id: name, text: texts.get(name), end, createdAtMs, expiresAtMs, nextTryAtMs, tries, outcome, isDone }
}
