/** Events of the peer, in words for the console of the page. */

import type { PeerEvent } from '../../node/index.ts'
import { shortHash, shortPeer } from '../text/short-text.ts'
import { sizeText } from '../text/size-text.ts'
import { timeText } from './progress-sentence.ts'

const POSTED: Readonly<Record<Extract<PeerEvent, { type: 'posted' }>['state'], string>> = {
  stored: 'was delivered',
  heard: 'was passed on to listeners, and none of them stores it',
  queued: 'waits for its receiver',
  refused: 'was not accepted, or could not be sent just now',
  expired: 'has expired',
}

/** Undefined for events that are too frequent for a line each. */
export function eventSentence(event: PeerEvent): string | undefined {
  switch (event.type) {
    case 'joined':
      return `Connected to the network through node ${shortPeer(event.peer)}.`
    case 'left':
      return `Lost the connection to node ${shortPeer(event.peer)}: ${event.reason}.`
    case 'join-failed':
      return `Could not connect through ${event.address}: ${event.reason}. Trying again in ${timeText(event.retryInMs / 1_000)}.`
    case 'clock':
      if (event.state === 'right') return "This device's clock is right again."
      return `This device's clock is ${timeText(Math.abs(event.aheadMs) / 1_000)} ${event.aheadMs > 0 ? 'ahead of' : 'behind'} the network's: set it.`
    case 'hold':
      return `You hold ${shortHash(event.key)} (${sizeText(event.size)}) now.`
    case 'release':
      return `Stopped holding ${shortHash(event.key)}${event.reason === undefined ? '' : `: ${event.reason}`}.`
    case 'served':
      return `Sent ${shortHash(event.key)} (${sizeText(event.bytes)}) to ${shortPeer(event.to)}.`
    case 'fetched':
      return `Fetched ${shortHash(event.key)} (${sizeText(event.bytes)}) from ${shortPeer(event.from)} in ${Math.round(event.ms)} ms.`
    case 'posted':
      return `Your message to ${endText(event.end)} ${POSTED[event.state]}.`
    case 'message':
      return `A message from ${shortHash(event.from)} arrived ${event.end.startsWith('#') ? `on ${event.end}` : 'at your address'}.`
    case 'duplicate-id': // a node's: each tab has a new id
    case 'received':
      return undefined
    case 'lost-holder':
      return `Peer ${shortPeer(event.peer)} left before it had sent ${shortHash(event.key)}, or could not be reached. Asking the next one.`
    case 'cut':
      return `The connection to peer ${shortPeer(event.peer)} was cut: ${event.reason}.`
    case 'bad-holder':
      return `Peer ${shortPeer(event.peer)} did not send the right bytes of ${shortHash(event.key)}: ${event.reason}. Asking the next one.`
    case 'module-failed':
      return `The module ${event.module} of this tab failed: ${event.reason}.`
    case 'refused':
      return `Something was refused between this tab and peer ${shortPeer(event.peer)}: ${event.reason}.`
  }
}

function endText(end: string): string {
  return end.startsWith('#') ? end : shortHash(end)
}
