/** Why a page could not be made or held, in words. */

import type { PeerLimits } from '../../node/index.ts'
import { exactSizeText, sizeText } from './size-text.ts'

export interface RefusalFacts {
  /** Of what was to be held, in bytes. */
  size: number
  limits?: PeerLimits | undefined
}

export function refusalSentence(error: unknown, { size, limits }: RefusalFacts): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ERR_TOO_LARGE') return tooLargeSentence(size, limits?.maxContentBytes)
  if (code === 'ERR_LIMIT') {
    const most = limits && ` (at most ${limits.maxHeldContents} pages, ${sizeText(limits.maxHeldBytes)} in all)`
    return `This tab holds as much as it may${most ?? ''}. Stop holding something, then try again.`
  }
  return `The page could not be made: ${error instanceof Error ? error.message : String(error)}`
}

export function tooLargeSentence(size: number, maxBytes?: number): string {
  const limit = maxBytes === undefined ? '' : `: a page may have ${sizeText(maxBytes)} at most`
  return `This is too large${limit}, and it has ${exactSizeText(size)}. Make it smaller, or split it.`
}
