/** Sentences about files for contacts and from them. */

import type { MadeOffer, OfferRule, ReceivedOffer, SubmissionState } from '../../node/index.ts'
import { sizeText } from '../text/size-text.ts'

const MIB = 1_000_000

export const RULE_WORDS: readonly [text: string, rule: OfferRule][] = [
  ['Ask me first', 'ask'],
  ['Receive up to 10 MB without asking', { upTo: 10 * MIB }],
  ['Receive up to 100 MB without asking', { upTo: 100 * MIB }],
  ['Always receive without asking', 'always'],
]

export function offeredText({ count, bytes, files }: Pick<MadeOffer, 'count' | 'bytes' | 'files'>): string {
  const [first] = files
  const name = count === 1 && first !== undefined ? first.path : count === 1 ? '1 file' : `${count} files`
  return `${name} (${sizeText(bytes)})`
}

/** How an offer stands, for its sender. */
export function madeSentence({ state, isAway, text, share, receiver, bytes }: MadeOffer, name: string): string {
  if (state === 'done') return `${name} has everything.`
  if (state === 'refused') return `${name} did not want it.`
  if (state === 'ended') return `It has ended: ${text}.`
  if (share === undefined) return 'This page was reloaded. Choose the same files again, and it goes on.'
  if (text !== '') return `${name} could not receive it yet: ${text}.`
  const stay = 'Keep this page open'
  if (state === 'waiting')
    return isAway ? `${name} is away. ${stay}: it begins by itself when ${name} is here.` : `${name} is here, and takes no files now.`
  if (state === 'asked') return `${name} is asked. ${stay}.`
  const received = [...(receiver?.received.values() ?? [])].reduce((sum, part) => sum + part, 0)
  const part = bytes === 0 ? 0 : Math.floor((received / bytes) * 100)
  return isAway ? `${name} has left, and receives the rest when back. ${stay}.` : `${name} receives it: ${part} %. ${stay}.`
}

/** How an offer stands, for the one who was offered it. */
export function receivedSentence({ state, text, bytes }: ReceivedOffer, progress: SubmissionState | undefined, name: string): string {
  if (state === 'done') return 'It is among your downloads.'
  if (state === 'over') return `It is over: ${text}.`
  if (state === 'refused') return `${name} hears that you do not want it.`
  if (text !== '') return `It did not work: ${text}.`
  if (progress?.state === 'receiving') return `Receiving: ${bytes === 0 ? 0 : Math.floor((progress.bytes / bytes) * 100)} %`
  return `${name} is away. It begins by itself when ${name} is here.`
}

export function offerProblemSentence(error: unknown): string {
  return `That did not work: ${(error as { message?: string }).message ?? String(error)}`
}
