/** The text of a message, made harmless: what strangers write must not pretend to be something else. HTML is the business of the view. */

import { harmlessText } from '../text/harmless-text.ts'

/** Undefined for what is no text. */
export function textOf({ type, body }: { type: string; body: Uint8Array }): string | undefined {
  if (!/^(?:text\/|application\/json\b)/i.test(type)) return undefined
  return harmlessText(new TextDecoder().decode(body))
}
