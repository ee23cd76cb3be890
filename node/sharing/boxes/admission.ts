/** Admission: whether a drop box's terms take an offer. The same on both sides, so that a sender is refused before anything travels. Pure. */

import { sizeText } from '../../async/size-text.ts'
import { mediaTypeOf, refusePath } from '../../content/index.ts'
import type { DropOffer, DropRefusal, DropTerms } from '../types.ts'
import { DROP_LIMITS } from './terms.ts'
import { typesText } from './type-words.ts'

type OfferedFile = Omit<DropOffer['files'][number], 'size'> & {
  /** Undefined while nobody knows it: for a stream, which is measured as it comes. */
  size: number | undefined
}

export type JudgedOffer = Pick<DropOffer, 'from' | 'words'> & { files: readonly OfferedFile[] }

/** The first reason to refuse the offer, with what to change; undefined when it is taken. */
export function refuseOffer(terms: DropTerms, { from, words, files }: JudgedOffer, nowMs: number): DropRefusal | undefined {
  if (terms.untilMs !== undefined && nowMs >= terms.untilMs)
    return { code: 'over', text: 'This box is closed: it took files until its time was over' }
  if (from.length > DROP_LIMITS.maxFromLength)
    return { code: 'words', text: `The name has ${from.length} characters; at most ${DROP_LIMITS.maxFromLength} can be sent` }
  if (words.length > DROP_LIMITS.maxWordsLength)
    return { code: 'words', text: `The words have ${words.length} characters; at most ${DROP_LIMITS.maxWordsLength} can be sent` }
  if (files.length === 0 && words.trim() === '')
    return { code: 'empty', text: 'There is nothing to send: choose a file, or write something' }
  return refuseCount(terms, files.length) ?? refuseFiles(terms, files) ?? refuseTotal(terms, files)
}

function refuseCount({ maxFiles = DROP_LIMITS.maxFiles }: DropTerms, count: number): DropRefusal | undefined {
  const most = Math.min(maxFiles, DROP_LIMITS.maxFiles)
  if (count <= most) return undefined
  const advice = most === 1 ? 'Send one' : 'Leave some out, or pack them into one file'
  return { code: 'count', text: `This box takes at most ${most === 1 ? '1 file' : `${most} files`} at once, not ${count}. ${advice}` }
}

function refuseFiles(
  { maxFileBytes = Number.POSITIVE_INFINITY, types }: DropTerms,
  files: readonly OfferedFile[],
): DropRefusal | undefined {
  for (const { path, size = 0, mediaType } of files) {
    const fault = refusePath(path)
    if (fault !== undefined) return { code: 'name', text: `A file cannot have ${fault}` }
    if (!isTaken(types, path, mediaType))
      return { code: 'type', text: `This box takes ${typesText(types ?? [])} only; ${path} is something else` }
    if (size > maxFileBytes) return tooLarge(path, size, maxFileBytes)
  }
  return undefined
}

function refuseTotal({ maxBytes }: DropTerms, files: readonly OfferedFile[]): DropRefusal | undefined {
  const total = files.reduce((sum, { size = 0 }) => sum + size, 0)
  if (maxBytes === undefined || total <= maxBytes) return undefined
  return {
    code: 'size',
    text: `This box takes at most ${sizeText(maxBytes)} at once; these files have ${sizeOver(total, maxBytes)}. Leave some out`,
  }
}

/** The most bytes that one file sent by itself may have, with the refusal of a larger one: for a stream whose size nobody has said. */
export function mostOfOneFile({ maxBytes, maxFileBytes }: DropTerms): number {
  return Math.min(maxBytes ?? Number.POSITIVE_INFINITY, maxFileBytes ?? Number.POSITIVE_INFINITY)
}

export function tooLarge(path: string, size: number, maxFileBytes: number): DropRefusal {
  return {
    code: 'size',
    text: `This box takes files of at most ${sizeText(maxFileBytes)} each; ${path} has ${sizeOver(size, maxFileBytes)}`,
  }
}

/** In words that differ from those of the limit: a stream is told as soon as it passes it. */
function sizeOver(size: number, limit: number): string {
  const text = sizeText(size)
  return text === sizeText(limit) ? 'more' : text
}

/** By the type that its sender says, the type of its ending, or the ending itself: nobody has looked into the file. */
function isTaken(types: readonly string[] | undefined, path: string, mediaType: string): boolean {
  if (types === undefined) return true
  const name = path.toLowerCase()
  const said = [mediaType.toLowerCase().split(';')[0]?.trim() ?? '', mediaTypeOf(path)].filter((type) => type !== '')
  return types.some((type) => {
    if (type.startsWith('.')) return name.endsWith(type)
    return type.endsWith('/*') ? said.some((one) => one.startsWith(type.slice(0, -1))) : said.includes(type)
  })
}
