/** How a visit to a page stands, in words. The states are those of `page-visit.ts`. */

import type { VisitState } from '../visit/page-visit.ts'

const SENTENCES: Readonly<Record<VisitState, string>> = {
  looking: 'Looking for somebody who holds this page…',
  shown: 'Shown by the gateway. This tab is joining to check it and to hold it too.',
  streamed:
    'Shown as it comes from the gateway, which checks every piece of it. It is large, so this tab does not hold it unless you say so: then ' +
    'it is fetched, checked here and held for others.',
  listed: 'A list of files, checked. This tab does not hold them unless you say so.',
  holding: 'You hold this page too. It lives as long as somebody does.',
  stopped: 'You stopped holding this page. It stays on your screen; others get it only from those who still hold it.',
  full: 'The page is right, but this tab holds as much as it may. Stop holding another page to hold this one.',
  gone: 'Everybody who held it has left, or the address is not right. Keep this open: the page appears by itself when somebody comes with it.',
  unavailable: 'Somebody says they hold this page, but nobody gave it yet. You can try again, or wait.',
  offline: 'The network cannot be reached, so nobody could be asked. It is tried again by itself.',
  wrong: 'What came is not this page: its SHA-256 does not match. It was taken away, and others are asked.',
  opened:
    'This page is private, and was opened with the key in your link. It is large, so this tab does not hold it unless you say so: then its cipher ' +
    'text is fetched, checked and held for others.',
  locked:
    'This page is private: what is held of it is cipher text, and only the whole link opens it, with the key behind #k= at its end. Ask for the ' +
    'whole link, or open it again from where you have it.',
  'wrong-key': 'This page is private, and the key in your link is not its key. Is the link whole? Ask who gave it to you for it again.',
  damaged: 'What came cannot be opened with this link: it is not private content, or it was not made right. Ask who gave you the link.',
  'no-crypto':
    'This page is private, and your browser decrypts only in pages that come by https, or from your own machine. Open the link at such a gateway.',
  'too-large': 'This content is larger than content may be, so it cannot be shown here.',
}

const MADE_HERE = 'Your page is up. It lives as long as you, or somebody who opened it, keeps it open.'

export function visitSentence(state: VisitState, { madeHere = false }: { madeHere?: boolean } = {}): string {
  return state === 'holding' && madeHere ? MADE_HERE : SENTENCES[state]
}
