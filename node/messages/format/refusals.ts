/** The numbers of refusals on the wire; the page with their table is WIRE.md. */

import type { MessageRefusal } from '../types.ts'

export const REFUSAL_NUMBERS: Readonly<Record<MessageRefusal, number>> = {
  malformed: 1,
  forged: 2,
  clock: 3,
  expired: 4,
  'sender-rate': 5,
  'sender-share': 6,
  'end-full': 7,
  full: 8,
  'unknown-sender': 9,
  muted: 10,
  'not-stored': 11,
  'unknown-receiver': 12,
  'no-network': 13,
}

/** Undefined when no reason has that number. */
export function refusalOf(number: unknown): MessageRefusal | undefined {
  const entry = Object.entries(REFUSAL_NUMBERS).find(([, known]) => known === number)
  return entry?.[0] as MessageRefusal | undefined
}
