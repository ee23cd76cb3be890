/** Tells a sharer why its files cannot be saved here, and when they are tried again. */

import type { ReceivedShare } from '../../node/index.ts'

/** @param error undefined: it is tried again */
export type TellProblem = (error?: unknown) => void

export function createProblemTeller(received: Pick<ReceivedShare, 'tell'>): TellProblem {
  let hasTold = false
  return (error) => {
    if (error !== undefined || hasTold) received.tell(error === undefined ? '' : sentenceOf(error))
    hasTold = error !== undefined
  }
}

/** Without the names of folders here. */
function sentenceOf(error: unknown): string {
  return (error as { name?: string }).name === 'QuotaExceededError' ? 'Its disk is full' : 'It could not save a file'
}
