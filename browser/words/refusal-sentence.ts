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

/** A limit is mentioned when this share of it is used. */
const NEAR = 0.8

/**
 * Undefined while no limit is near.
 *
 * @param facts.size of the largest content, in bytes
 * @param facts.contents number of pages and files that the tab would hold
 */
export function nearLimitSentence(facts: { size: number; contents: number; limits: PeerLimits }): string | undefined {
  const { size, contents, limits } = facts
  const { maxContentBytes, maxHeldContents } = limits
  if (size > NEAR * maxContentBytes) return `This has ${sizeText(size)}. A page or file may have ${sizeText(maxContentBytes)}.`
  if (contents > NEAR * maxHeldContents) return `With these, this tab holds ${contents} pages and files. The limit is ${maxHeldContents}.`
  return undefined
}

/** Why the files of a page could not be chosen again. */
export function chooseAgainSentence(
  error: unknown,
  { label, size, files, sealed }: { label: string; size: number; files: number; sealed?: unknown },
): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'ERR_BAD_OPTION') return refusalSentence(error, { size, files })
  const what =
    files === 1
      ? `${sealed ? 'its file' : `“${label}”`} as it was then: ${exactSizeText(size)}`
      : `the same ${filesText(files)}, ${exactSizeText(size)} in all`
  return `This is something else, and would have another link. The link of this page needs ${what}.`
}

const UNREADABLE = 'A file could not be read: it was changed, moved or deleted after you chose it. Choose it again.'

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function tooLargeSentence(size: number, maxBytes?: number): string {
  const limit = maxBytes === undefined ? '' : `, and the limit is ${sizeText(maxBytes)}`
  return `This is too large: it has ${exactSizeText(size)}${limit}. Make it smaller, or split it.`
}
