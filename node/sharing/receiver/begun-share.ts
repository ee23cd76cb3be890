/** A share as its first stage has left it, for the peer that goes on from there: also where the sharer leaves before the two have met. */

import type { Chosen } from '../format/chosen.ts'
import type { ListedEntry } from '../format/share-entry.ts'
import type { SeenRules } from '../format/share-frames.ts'
import type { ReceiveShareOptions, ShareCode } from '../types.ts'

export interface BegunShare {
  /** As the sharer has signed them, with the keys of those that were taken. */
  entries: readonly ListedEntry[]
  rules: SeenRules
  /** Entries that the sharer gives; undefined: none were taken. */
  given: Chosen | undefined
  /** How the sharer has ended it. */
  endCode: ShareCode | undefined
}

/** The options of `Sharing.receive` for a receiver that has begun without it. */
export interface ReceiveBegunOptions extends ReceiveShareOptions {
  /** Resolves when the first stage is over; with undefined where it has not met the sharer. Never rejects. */
  begun?: Promise<BegunShare | undefined>
}
