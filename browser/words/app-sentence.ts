/** Sentences about the app itself: whether this browser keeps it, and whether the node has a newer one. */

import type { KeptState } from '../offline/kept-app.ts'

/** @param isPlainHttp the page came by plain http from another machine */
export function keptSentence(state: KeptState, isPlainHttp: boolean): string | undefined {
  switch (state) {
    case 'none':
      return undefined
    case 'keeping':
      return 'Your browser is storing the app, so that it opens without a network…'
    case 'kept':
      return 'Your browser has stored the app: it opens without a network, too.'
    case 'removed':
      return 'The app is no longer stored in your browser. Your messages, your account and what you hold stay as they are. Open /app/ to store the app again.'
    case 'failed':
      return 'Your browser could not store the app: it has no room for it, or the node did not answer. Reload the page to try again.'
    case 'impossible':
      return isPlainHttp
        ? 'This page came by plain http, so your browser does not store the app: it opens only while its node can be reached. Open this site by https to have it without a network.'
        : 'Your browser does not store the app: it opens only while its node can be reached.'
  }
}

export const NOT_CONNECTED =
  'You are not connected. You can read your messages and see your contacts, and you can write: messages are sent, and others can open ' +
  'what you make, as soon as you are connected again. That happens by itself.'

/** @param reason why what another app shared did not arrive; null when it did */
export function missedSentence(reason: string | null): string | undefined {
  if (reason === null) return undefined
  if (reason === 'full')
    return 'What you shared does not fit: 1,000 things wait at most, and your browser must have twice their size free. Share fewer, or choose them here.'
  if (reason === 'empty') return 'The other app sent neither a file nor a text nor a link.'
  return 'What you shared did not arrive. Share it once more, or choose it here.'
}

interface Stored {
  messages: number
  contacts: number
  /** Of this tab. */
  pages: number
}

/** Names what this browser and this tab hold; undefined when that is nothing. */
export function storedSentence({ messages, contacts, pages }: Stored): string | undefined {
  const parts = [
    messages > 0 && count(messages, 'message'),
    contacts > 0 && count(contacts, 'contact'),
    pages > 0 && `${count(pages, 'page')} of this tab`,
  ].filter((part) => part !== false)
  if (parts.length === 0) return undefined
  const last = parts.pop()
  return `Here without a network: ${parts.length === 0 ? last : `${parts.join(', ')} and ${last}`}.`
}

/** @param lost number of held pages that a reload ends */
export function newerAppSentence(lost: number): string {
  const newer = 'A newer version of mayfly is here. Reload this page to use it.'
  if (lost === 0) return `${newer} What you hold and what you have written stays.`
  return `${newer} The files of ${count(lost, 'page')} that you hold must be chosen again then; everything else stays.`
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}
