/** A message as the inbox of this origin stores it. */

import type { InboxMessage } from '../../node/index.ts'
import { harmlessText } from '../text/harmless-text.ts'

export type InboxRow = Omit<InboxMessage, 'name'>

/** Estimated size of a row without its body. */
const ROW_BYTES = 500

export function bytesOf({ body }: Pick<InboxRow, 'body'>): number {
  return body.byteLength + ROW_BYTES
}

/** The text without characters that could mislead its reader; undefined when the message is not text. The view escapes HTML. */
export function textOf({ type, body }: { type: string; body: Uint8Array }): string | undefined {
  if (!/^(?:text\/|application\/json\b)/i.test(type)) return undefined
  return harmlessText(new TextDecoder().decode(body))
}
