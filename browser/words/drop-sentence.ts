/** A drop box in words: its terms, what becomes of a submission, and what each side can do. */

import type { DropOffer, DropTerms } from '../../node/index.ts'
import { typesText } from '../../node/sharing/boxes/type-words.ts'
import { filesText, sizeText } from '../text/size-text.ts'
import { progressText } from './progress-sentence.ts'

/** The limits of a box, one sentence each. @param time how a time is shown */
export function termSentences(
  { maxBytes, maxFiles, maxFileBytes, types, untilMs }: Omit<DropTerms, 'title'>,
  time: (ms: number) => string = timeText,
): string[] {
  return [
    ...(maxFiles === undefined ? [] : [`At most ${filesText(maxFiles)} at once.`]),
    ...(maxBytes === undefined ? [] : [`At most ${sizeText(maxBytes)} at once.`]),
    ...(maxFileBytes === undefined ? [] : [`At most ${sizeText(maxFileBytes)} in one file.`]),
    types === undefined ? 'Files of any kind.' : `Only ${typesText(types)}.`,
    ...(untilMs === undefined ? [] : [`Open until ${time(untilMs)}.`]),
  ]
}

function timeText(ms: number): string {
  return new Date(ms).toLocaleString([], { dateStyle: 'long', timeStyle: 'short' })
}

/** Why nothing can be sent to a link. */
export function noBoxSentence(code: string | undefined): string {
  if (code === 'ERR_SHARE_ENDED') return 'This box is closed: it takes nothing any more. Ask its owner for another link.'
  if (code === 'ERR_SHARE_WRONG' || code === 'ERR_BAD_OPTION') return 'This link is wrong: it may be cut or mistyped. Ask for it again.'
  return 'This box cannot be opened here now. Reload this page to try again.'
}

export type SendingFacts =
  | { state: 'preparing' }
  | { state: 'asked' }
  | { state: 'sending'; done: number; total: number; bytesPerSecond: number; isThere: boolean }
  | { state: 'failed'; text: string }

interface Standing {
  /** Its owner has the box open now. */
  isOpen: boolean
  /** It goes on when the browser was closed. */
  isKept: boolean
}

/** How a submission stands, for its sender. */
export function sendingSentence(sending: SendingFacts, { isOpen }: Pick<Standing, 'isOpen'>): string {
  if (sending.state === 'failed') return `They could not take it: ${sending.text}. They have to mend that. Then it goes on by itself.`
  if (sending.state === 'asked') return 'They are asked whether they take it. Nothing has been sent yet.'
  if (sending.state === 'preparing') return isOpen ? 'Offering it to them…' : 'They are not here now. It begins by itself when they are.'
  const { done, total } = sending
  if (!sending.isThere && !isOpen) return `They are not here now. It goes on by itself when they are back. ${progressText({ done, total })}`
  return progressText(sending)
}

/** A sender must know this about closing the tab. */
export function keepOpenSentence({ isKept }: Pick<Standing, 'isKept'>): string {
  return isKept
    ? 'Keep this tab open until they have it: the files are here, and on no server. If it is closed, open the same link again in this browser.'
    : 'Keep this tab open until they have it: the files are here, and on no server.'
}

/** All is there. */
export function sentSentence({ files, words }: Pick<DropOffer, 'files' | 'words'>): string {
  const what =
    files.length === 0 ? 'your words' : words.trim() === '' ? filesText(files.length) : `${filesText(files.length)} and your words`
  return `They have ${what}, checked and saved. You can close this tab.`
}

export function changedSentence(paths: readonly string[]): string | undefined {
  const [first] = paths
  if (first === undefined) return undefined
  const what = paths.length === 1 ? `“${first}” is` : `“${first}” and ${filesText(paths.length - 1)} more are`
  return `${what} not the same as before the interruption, and ${paths.length === 1 ? 'is' : 'are'} sent from the beginning.`
}

export interface SubmissionFacts {
  state: 'asked' | 'waiting' | 'receiving' | 'done' | 'failed' | 'over'
  bytes: number
  totalBytes: number
  text: string
  bytesPerSecond?: number
  /** There is no room for it here, and it goes on by itself once there is. */
  goesOn?: boolean
}

/** How a submission stands, for the owner of the box. */
export function submissionSentence({ state, bytes, totalBytes, text, bytesPerSecond, goesOn = false }: SubmissionFacts): string {
  const progress = progressText({ done: bytes, total: totalBytes, ...(bytesPerSecond !== undefined && { bytesPerSecond }) })
  if (state === 'asked') return 'You are asked. Nothing of it has come yet.'
  if (state === 'failed') return goesOn ? `It stopped: ${text}. It goes on by itself once there is room.` : `It stopped: ${text}.`
  if (state === 'over') return `Not all of it came: ${text}.`
  if (state === 'done') return 'It is here.'
  if (state === 'receiving') return progress
  return totalBytes === 0
    ? 'Its sender has left. It goes on by itself when they open your link again.'
    : `Its sender has left. It goes on by itself when they open your link again. ${progress}`
}

/** `3 files, 2 MiB`; a submission may be words alone. */
export function offerText({ files }: Pick<DropOffer, 'files'>): string {
  if (files.length === 0) return 'words only'
  return `${filesText(files.length)}, ${sizeText(files.reduce((sum, { size }) => sum + size, 0))}`
}

export function boxProblemSentence(error: unknown): string {
  const { code, message, name } = error as { code?: string; message?: string; name?: string }
  if (code === 'ERR_LIMIT') return `${message}.`
  if (code === 'ERR_BAD_OPTION') return `${(message ?? '').replace(/^Cannot make a drop box: /, 'This box cannot be made: ')}.`
  if (name === 'QuotaExceededError') return 'This browser has no room left. Remove something that has come, and try again.'
  if (name === 'NotSupportedError')
    return 'This browser, or this kind of window, keeps no files for a page, so it can have no box. Use another one, or mayfly receive --files in a terminal.'
  if (name === 'SecurityError')
    return 'This page came by plain http from another machine, where browsers keep no files for it. Open this site by https, or use mayfly receive --files in a terminal.'
  return `That did not work: ${message ?? String(error)}. Try again.`
}
