/** The words of the page of a received share: how the share stands, and each of its entries. */

import type { ReceivedShare } from '../../node/index.ts'
import { sizeText } from '../text/size-text.ts'
import { leftText } from './progress-sentence.ts'

interface ShareFacts {
  state: ReceivedShare['state']
  endCode: string | undefined
  /** The list is here. */
  hasList: boolean
  /** The person has pressed Receive. */
  hasTaken: boolean
  /** Everything that was taken is saved. */
  isComplete: boolean
  helpers: number
}

const ENDS: Readonly<Record<string, string>> = {
  ERR_SHARE_WRONG: 'This link is wrong: it may be cut or mistyped. Ask for it again.',
  ERR_SHARE_ENDED: 'This share has ended: its sharer has stopped it.',
  ERR_SHARE_EXPIRED: 'The time of this share is over. Ask its sharer for a new link.',
  ERR_SHARE_USED: 'This share was for a number of people, and they have received it. Ask its sharer for a new link.',
  ERR_SHARE_LOCKED: 'Too many wrong passwords were tried. Ask its sharer to unlock it, then reload this page.',
  ERR_SHARE_REFUSED: 'The sharer does not let you receive this.',
  ERR_SHARE_FULL: 'Too many people are at this share now. Reload this page in a minute.',
}

/** The link is none, which is known without the network. */
export function isNoLink(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: string }
  return code === 'ERR_SHARE_WRONG' || code === 'ERR_BAD_OPTION'
}

/** @param error why it could not be opened; undefined while it is being opened */
export function openingSentence(error: unknown): string {
  if (error === undefined) return LOOKING
  if (isNoLink(error)) return ENDS.ERR_SHARE_WRONG as string
  return `This page could not load all that it needs: ${(error as Error).message ?? String(error)}. It tries again by itself; reload it when that does not help.`
}

const LOOKING = 'Looking for the sharer…'

export function shareSentence(facts: ShareFacts): string {
  const { state, hasTaken, isComplete } = facts
  if (state === 'looking') return LOOKING
  if (state === 'password') return 'This share has a password.'
  if (state === 'asking') return 'The sharer is asked whether you may receive this. Keep this page open.'
  if (state === 'away') return awaySentence(facts)
  if (state === 'ended') return endSentence(facts)
  if (!hasTaken) return 'The sharer is here. Nothing comes to this device before you press Receive.'
  return isComplete ? 'You have what you took.' : 'The sharer is here.'
}

function awaySentence({ hasList, hasTaken, isComplete, helpers }: ShareFacts): string {
  const away = 'The sharer is not here now.'
  if (hasTaken && isComplete) return `${away} You have what you took.`
  if (!hasList) return `${away} Keep this page open: it shows what they share when they are back.`
  const others = hasTaken && helpers > 0 ? ` ${helpersSentence(helpers)}` : ''
  return `${away}${others} Keep this page open: it goes on by itself when they are back.`
}

function endSentence({ endCode, hasTaken, isComplete, helpers }: ShareFacts): string {
  const sentence = ENDS[endCode ?? ''] ?? (ENDS.ERR_SHARE_ENDED as string)
  if (!hasTaken) return sentence === ENDS.ERR_SHARE_ENDED ? `${sentence} Ask for a new link.` : sentence
  if (isComplete)
    return `${endCode === 'ERR_SHARE_EXPIRED' ? 'The time of this share is over.' : 'This share has ended.'} You have what you took.`
  return `${sentence} ${helpers > 0 ? helpersSentence(helpers) : 'Nobody else has the rest. What is complete stays.'}`
}

/** The rules of a share, for who receives it. */
export function receiverRuleSentences({ receivers, untilMs, ask }: NonNullable<ReceivedShare['rules']>): string[] {
  return [
    ...(receivers === 1 ? ['This share is for one person: once you press Receive, nobody else can receive it.'] : []),
    ...(receivers !== undefined && receivers > 1
      ? [`This share is for ${receivers} people: once you press Receive, you are one of them.`]
      : []),
    ...(ask ? ['The sharer is asked when you press Receive.'] : []),
    ...(untilMs === undefined ? [] : [`It ends on ${new Date(untilMs).toLocaleString()}, or when the sharer leaves.`]),
  ]
}

/** @param place the folder or file that the person has chosen; '' for downloads */
export function savedSentence(place: string): string {
  return place === '' ? 'Everything is checked, and in this browser’s downloads.' : `Everything is checked and saved in “${place}”.`
}

export function helpersSentence(helpers: number): string {
  return helpers === 1
    ? '1 other person has some of it, too: what they have comes from them.'
    : `${helpers} others have some of it, too: what they have comes from them.`
}

/** Said before anything is received: only files that nobody has encrypted can be opened there. */
export const PLAIN_HTTP =
  'This page came by plain http, where browsers decrypt nothing: files that their sharer has encrypted cannot be received here. Open the site by https.'

export function shareProblemSentence(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  if (code === 'ERR_SHARE_PASSWORD') return `${message}.`
  if (code === 'ERR_NO_CRYPTO') return PLAIN_HTTP
  return ENDS[code ?? ''] ?? `That did not work: ${message ?? String(error)}`
}

const CODE_PROBLEMS: Readonly<Record<string, string>> = {
  ERR_TOKEN_UNKNOWN: 'Nobody waits with this code. Check it, or ask for a new one: it is good for ten minutes, while the sharer is here.',
  ERR_TOKEN_USED: 'Somebody has used this code already. Ask for a new one.',
  ERR_TOKEN_EXPIRED: 'The ten minutes of this code are over. Ask for a new one.',
  ERR_TOKEN_BURNT: 'This code has ended: it was taken back, or guessed wrongly three times. Ask for a new one.',
  ERR_TOKEN_WRONG: 'These are not the right words. Check them: after three wrong tries the code ends.',
  ERR_NO_NETWORK: 'This tab is not connected now. Try again when it is.',
}

export function codeProblemSentence(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return CODE_PROBLEMS[code ?? ''] ?? `That did not work: ${message ?? String(error)}`
}

interface EntryFacts {
  phase: 'waiting' | 'receiving' | 'stalled' | 'paused' | 'saving' | 'received' | 'saved' | 'failed'
  done: number
  size: number
  bytesPerSecond: number
  /** Bytes on disk, while it is being saved. */
  written?: number
  reason?: string
}

export function entrySentence({ phase, done, size, bytesPerSecond, written = 0, reason }: EntryFacts): string {
  const share = percent(done, size)
  if (phase === 'saved') return 'Saved'
  if (phase === 'received') return 'Received, not saved yet'
  if (phase === 'saving') return size > LONG_TO_SAVE_BYTES ? `Saving, ${percent(written, size)} %` : 'Saving…'
  if (phase === 'waiting') return 'Waiting'
  if (phase === 'paused') return done > 0 ? `Paused at ${share} %` : 'Paused'
  if (phase === 'stalled') return `Waiting at ${share} %: nobody here has the rest now`
  if (phase === 'failed') return `Failed: ${reason}`
  const left = leftText(size - done, bytesPerSecond)
  return left === undefined ? `${share} %` : `${share} %, ${left}`
}

const percent = (part: number, of: number) => (of === 0 ? 0 : Math.floor((100 * part) / of))
const LONG_TO_SAVE_BYTES = 16_777_216

export function receiveButtonText(count: number, ofAll: number, bytes: number): string {
  const what = count === ofAll ? (count === 1 ? '' : ` all ${count}`) : ` ${count} of ${ofAll}`
  return `Receive${what} (${sizeText(bytes)})`
}

/** @param areHere others may still be coming: these are complete */
export function saveButtonText(count: number, areHere: boolean): string {
  if (count === 1) return 'Save it…'
  return areHere ? `Save the ${count} that are here…` : `Save ${count} files…`
}

/** @param bytes that this tab has given to others */
export function givenSentence(bytes: number): string {
  return bytes === 0 ? 'Nothing given yet.' : `${sizeText(bytes)} given to others.`
}
