/** A message as the inbox of this origin has it. */

import type { InboxMessage } from '../../node/index.ts'

export type InboxRow = Omit<InboxMessage, 'name'>

/** What a row takes besides its body, about. */
const ROW_BYTES = 500

export function bytesOf({ body }: Pick<InboxRow, 'body'>): number {
  return body.byteLength + ROW_BYTES
}
