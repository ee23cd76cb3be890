/** Logs a peer's events, each type at its level, and limits how many lines strangers can cause. */

import { clockSentence, type Peer, type PeerEvent } from '../../index.ts'
import type { LogLevel } from '../settings.ts'
import type { Logger } from './logger.ts'

/** Lines of one type of event, per second: about 2 GB a day at the very most. */
const MAX_LINES_PER_SECOND = 100

const LEVELS: Readonly<Record<PeerEvent['type'], LogLevel>> = {
  joined: 'info',
  left: 'info',
  'join-failed': 'warn',
  'duplicate-id': 'warn',
  clock: 'warn',
  hold: 'info',
  release: 'info',
  served: 'debug', // one per read; readers are nobody's business in the log of a busy node
  fetched: 'debug',
  received: 'silent', // one per piece
  'bad-holder': 'warn',
  'lost-holder': 'debug', // holders come and go
  cut: 'warn',
  'module-failed': 'warn',
  refused: 'info',
  posted: 'debug',
  message: 'debug', // neither are senders and receivers
}

function levelOf(event: PeerEvent): LogLevel {
  return event.type === 'clock' && event.state === 'right' ? 'info' : LEVELS[event.type]
}

/** A sentence, of what its reader has to do something about. */
function wordsOf(event: PeerEvent): string {
  return event.type === 'clock' ? clockSentence(event) : event.type
}

/**
 * Logs at most so many lines of one type per second. Further events are counted, and the count is logged with the next line.
 *
 * @returns a function that stops logging
 */
export function logEvents(
  peer: Pick<Peer, 'onEvent'>,
  logger: Logger,
  { maxLinesPerSecond = MAX_LINES_PER_SECOND, now = () => performance.now() } = {},
): () => void {
  /** By type of event. Bounded: there are as many as there are types. */
  const seconds = new Map<PeerEvent['type'], { startedAtMs: number; events: number }>()

  return peer.onEvent((event) => {
    const { type, ...facts } = event
    const level = levelOf(event)
    if (level === 'silent') return
    let second = seconds.get(type)
    if (second === undefined || now() - second.startedAtMs >= 1000) {
      const leftOut = (second?.events ?? 0) - maxLinesPerSecond
      if (leftOut > 0) logger[level]({ leftOut }, `${type}: events left out of the log`)
      second = { startedAtMs: now(), events: 0 }
      seconds.set(type, second)
    }
    second.events++
    if (second.events <= maxLinesPerSecond) logger[level](facts, wordsOf(event))
  })
}
