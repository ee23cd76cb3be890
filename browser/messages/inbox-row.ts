/** A message as the inbox of this origin stores it. */

import type { InboxMessage } from '../../node/index.ts'

export type InboxRow = Omit<InboxMessage, 'name'>

/** Estimated size of a row without its body. */
const ROW_BYTES = 500

export function bytesOf({ body }: Pick<InboxRow, 'body'>): number {
  return body.byteLength + ROW_BYTES
}
