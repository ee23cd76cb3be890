/** Why a page could not be made or held, in words. */

import type { PeerLimits } from '../../node/index.ts'
import { exactSizeText, filesText, sizeText } from '../text/size-text.ts'

export interface RefusalFacts {
  /** Size of what was to be held, in bytes. */
  size: number
  /** How many files, when they were to be shared together. */
  files?: number | undefined
  limits?: PeerLimits | undefined
}

export function refusalSentence(error: unknown, { size, files, limits }: RefusalFacts): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_TOO_LARGE') return tooLargeSentence(size, limits?.maxContentBytes)
  if (code === 'ERR_LIMIT') {
    const why = files === undefined ? '' : ` ${filesText(files)} and their list are ${files + 1} contents.`
    return `This tab is full${limits ? heldLimitText(limits) : ''}.${why} Stop holding something, or share fewer files, then try again.`
  }
  if (code === 'ERR_BAD_OPTION') return `${messageOf(error)}. Rename it, then choose it again.`
  if (code === 'ERR_UNAVAILABLE') return UNREADABLE
  return `The page could not be made: ${messageOf(error)}`
}

/** How much a tab holds at most, to follow "full". */
export function heldLimitText({ maxHeldContents, maxHeldBytes }: PeerLimits): string {
  return ` (at most ${maxHeldContents} pages and files, and ${sizeText(maxHeldBytes)} in memory)`
}

const UNREADABLE = 'A file could not be read: it was changed, moved or deleted after you chose it. Choose it again.'

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function tooLargeSentence(size: number, maxBytes?: number): string {
  const limit = maxBytes === undefined ? '' : `, and the limit is ${sizeText(maxBytes)}`
  return `This is too large: it has ${exactSizeText(size)}${limit}. Make it smaller, or split it.`
}
