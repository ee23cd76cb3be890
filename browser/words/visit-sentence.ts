/** The state of a visit to a page, in words. */

import type { PeerLimits } from '../../node/index.ts'
import { sizeText } from '../text/size-text.ts'
import type { VisitState } from '../visit/types.ts'
import { NO_DECRYPTION } from './plain-http-sentence.ts'
import { heldLimitText } from './refusal-sentence.ts'
import { sayOf, type Thing } from './thing.ts'

const SENTENCES: Readonly<Record<VisitState, string>> = {
  looking: 'Looking for somebody who holds {these}…',
  shown: 'The gateway has {these}. This tab is connecting to check {it}, and to hold {it} too.',
  streamed: 'You can see or save it as long as somebody holds it.',
  listed: 'You can open and save these files as long as somebody holds them.',
  holding: 'You hold {these} too. {It} {lives} as long as somebody does.',
  stopped: 'You stopped holding {these}. {It} {stays} on your screen; others get {it} only from those who still hold {it}.',
  changed:
    'This tab no longer holds {these}: what you chose has changed on this device, or is no longer there. Others get {it} only from those who ' +
    'still hold {it}. Choose {it} again to make a page of what is there now.',
  full: '{The} {is} right, but this tab holds as much as it may. Stop holding something else to hold {it}.',
  gone: 'Everybody who held {it} has left, or the link is wrong. Keep this tab open: {the} {appears} as soon as somebody holds {it} again.',
  unavailable: 'Somebody says they hold {these}, but nobody has sent {it} yet. You can try again, or wait.',
  offline: 'This tab cannot reach the network, so it could ask nobody. It keeps trying.',
  wrong: 'The bytes that arrived are not {these}: their SHA-256 is different. They were thrown away. Asking others…',
  opened: '{These} {is} private; the key in your link opened {it}. You can see or save {it} as long as somebody holds {it}.',
  locked:
    'This page is private: it is stored encrypted, and only the whole link opens it, with the key after #k= at its end. Ask for the whole ' +
    'link, or open it again from where you have it.',
  'wrong-key': 'This page is private, and the key in your link does not open it. Is the link complete? Ask the person who sent it.',
  damaged: 'Your link does not open this content: it is not private content, or it is damaged. Ask the person who sent the link.',
  'no-crypto': NO_DECRYPTION,
  'too-large': 'This content is over the size limit, so it cannot be shown here.',
}

/** Visitors' states in which this tab has not all of the content. */
const READING: ReadonlySet<VisitState> = new Set(['streamed', 'listed', 'opened'])
const ALL_LEFT = 'Everybody who held {it} has left. Keep this tab open: {they} can be read again as soon as somebody holds {it}.'

/** How visitors of a page come to hold it, too. */
export type VisitorsHold = 'by opening' | 'by saving' | 'by choice'

const MADE_HERE: Readonly<Record<VisitorsHold, string>> = {
  'by opening': 'Your link works as long as this tab is open. Everybody who opens it holds it too, as long as their tab is open.',
  'by saving': 'Your link works as long as this tab is open. Visitors who save it, or choose to keep it here, hold it too.',
  'by choice': 'Your link works as long as this tab is open. Visitors who choose to keep it here hold it too.',
}

export interface VisitFacts {
  madeHere: boolean
  /** Undefined until the peer runs. */
  limits: PeerLimits | undefined
  /** Undefined until the first answer. */
  count: number | undefined
  visitorsHold: VisitorsHold
  thing?: Thing
}

export function visitSentence(state: VisitState, facts: VisitFacts): string {
  return sayOf(facts.thing ?? 'page', sentenceOf(state, facts))
}

function sentenceOf(state: VisitState, { madeHere, limits, count, visitorsHold }: VisitFacts): string {
  if (state === 'holding' && madeHere) return MADE_HERE[visitorsHold]
  if (READING.has(state) && count === 0) return ALL_LEFT
  if (limits && state === 'full')
    return `{The} {is} right, but this tab is full${heldLimitText(limits)}. Stop holding something else to hold {it}.`
  if (limits && state === 'too-large')
    return `This content is over the limit of ${sizeText(limits.maxContentBytes)}, so it cannot be shown here.`
  return SENTENCES[state]
}

interface ClosingFacts {
  /** Undefined until the first answer. */
  count: number | undefined
  isJoined: boolean
  madeHere: boolean
  thing?: Thing
}

/** The fate of a held page when this tab is closed. Empty while it is unknown. */
export function closingSentence({ count, isJoined, madeHere, thing = 'page' }: ClosingFacts): string {
  if (!isJoined) return sayOf(thing, ' This tab is not connected now, so others cannot fetch {the} from you. It is reconnecting.')
  if (count === 1) return sayOf(thing, ' Nobody else holds {it} now: when you close this tab, {they} {is} gone.')
  return madeHere && count !== undefined && count > 1
    ? sayOf(thing, ' Others hold {it} now: {they} {stays} when you close this tab, until the last of those people leaves.')
    : ''
}
