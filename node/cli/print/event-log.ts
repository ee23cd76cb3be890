/** Which of a peer's events are worth which level of the log, and how many lines of it strangers can fill. */

import type { Peer, PeerEvent } from '../../index.ts'
import type { LogLevel } from '../settings.ts'
import type { Logger } from './logger.ts'

export interface EventLogOptions {
  /** Lines of one type of event, per second. What comes more often is counted, and told with the next one. */
  maxLinesPerSecond?: number
  /** Time in ms. */
  now?: () => number
}

export const EVENT_LOG_DEFAULTS: Readonly<Required<EventLogOptions>> = {
  maxLinesPerSecond: 100, // about 2 GB a day at the very most
  now: () => performance.now(),
}

const LEVELS: Readonly<Record<PeerEvent['type'], LogLevel>> = {
  joined: 'info',
  left: 'info',
  'join-failed': 'warn',
  hold: 'info',
  release: 'info',
  served: 'debug', // one a read: who reads what is not for the log of a busy node
  fetched: 'debug',
  received: 'silent', // one a piece
  'bad-holder': 'warn',
  refused: 'info',
  posted: 'debug',
  message: 'debug', // who writes to whom is not for the log of a busy node
}

/** Returns the function that ends it. */
export function logEvents(peer: Pick<Peer, 'onEvent'>, logger: Logger, options: EventLogOptions = {}): () => void {
  const { maxLinesPerSecond, now } = { ...EVENT_LOG_DEFAULTS, ...options }
  /** By type of event. Bounded: there are as many as there are types. */
  const seconds = new Map<PeerEvent['type'], { startedAtMs: number; events: number }>()

  return peer.onEvent(({ type, ...facts }) => {
    const level = LEVELS[type]
    if (level === 'silent') return
    let second = seconds.get(type)
    if (second === undefined || now() - second.startedAtMs >= 1000) {
      const leftOut = (second?.events ?? 0) - maxLinesPerSecond
      if (leftOut > 0) logger[level]({ leftOut }, `${type}: more than the log takes`)
      second = { startedAtMs: now(), events: 0 }
      seconds.set(type, second)
    }
    second.events++
    if (second.events <= maxLinesPerSecond) logger[level](facts, type)
  })
}
