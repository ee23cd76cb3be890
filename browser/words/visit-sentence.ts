/** The state of a visit to a page, in words. */

import type { PeerLimits } from '../../node/index.ts'
import { sizeText } from '../text/size-text.ts'
import type { VisitState } from '../visit/types.ts'
import { NO_DECRYPTION } from './plain-http-sentence.ts'
import { heldLimitText } from './refusal-sentence.ts'

const SENTENCES: Readonly<Record<VisitState, string>> = {
  looking: 'Looking for somebody who holds this page…',
  shown: 'The gateway shows this page. This tab is connecting to check it, and to hold it too.',
  streamed:
    'The gateway streams this file and checks every piece. It is large, so this tab holds it only if you choose to: it is then fetched, ' +
    'checked here and held for others.',
  listed: 'This is a list of files; the list is checked. This tab holds the files only if you choose to.',
  holding: 'You hold this page too. It lives as long as somebody does.',
  stopped: 'You stopped holding this page. It stays on your screen; others get it only from those who still hold it.',
  changed:
    'This tab no longer holds this page: its file has changed on this device, or is no longer there. Others get it only from those who still ' +
    'hold it. Choose the file again to make a page of what it is now.',
  full: 'The page is right, but this tab holds as much as it may. Stop holding another page to hold this one.',
  gone: 'Everybody who held it has left, or the link is wrong. Keep this tab open: the page appears as soon as somebody holds it again.',
  unavailable: 'Somebody says they hold this page, but nobody has sent it yet. You can try again, or wait.',
  offline: 'This tab cannot reach the network, so it could ask nobody. It keeps trying.',
  wrong: 'The bytes that arrived are not this page: their SHA-256 is different. They were thrown away. Asking others…',
  opened:
    'This page is private. The key in your link opened it. It is large, so this tab holds it only if you choose to: its encrypted form is then ' +
    'fetched, checked and held for others.',
  locked:
    'This page is private: it is stored encrypted, and only the whole link opens it, with the key after #k= at its end. Ask for the whole ' +
    'link, or open it again from where you have it.',
  'wrong-key': 'This page is private, and the key in your link does not open it. Is the link complete? Ask the person who sent it.',
  damaged: 'Your link does not open this content: it is not private content, or it is damaged. Ask the person who sent the link.',
  'no-crypto': NO_DECRYPTION,
  'too-large': 'This content is over the size limit, so it cannot be shown here.',
}

const MADE_HERE = 'Your page is up. It lives as long as you, or somebody who opened it, keeps it open.'

/** @param facts.limits undefined until the peer runs */
export function visitSentence(state: VisitState, { madeHere, limits }: { madeHere: boolean; limits: PeerLimits | undefined }): string {
  if (state === 'holding' && madeHere) return MADE_HERE
  if (limits && state === 'full')
    return `The page is right, but this tab is full${heldLimitText(limits)}. Stop holding another page to hold this one.`
  if (limits && state === 'too-large')
    return `This content is over the limit of ${sizeText(limits.maxContentBytes)}, so it cannot be shown here.`
  return SENTENCES[state]
}
