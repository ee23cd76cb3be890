/** The text of a message without characters that could mislead its reader. The view escapes HTML. */

import { harmlessText } from '../text/harmless-text.ts'

/** Undefined when the message is not text. */
export function textOf({ type, body }: { type: string; body: Uint8Array }): string | undefined {
  if (!/^(?:text\/|application\/json\b)/i.test(type)) return undefined
  return harmlessText(new TextDecoder().decode(body))
}
