/** Opens sessions for calls and channels: again where the way failed, since nothing was sent yet, and proves the room on both ends. */

import { createBackoff } from '../../async/backoff.ts'
import { delay } from '../../async/delay.ts'
import { MayflyError, type MayflyErrorCode } from '../../errors.ts'
import type { OpenWayOptions, Session, Topic } from '../way/types.ts'
import type { CallsContext, RoomScope } from './types.ts'

/** How often opening is tried, and the pauses between. */
const MAX_TRIES = 3
const RETRY = { firstMs: 100, maxMs: 1_000 }
/** The way failed, a home is being changed, or homes slow this peer down: a moment later it may be otherwise. */
const PASSING: ReadonlySet<MayflyErrorCode> = new Set(['ERR_UNAVAILABLE', 'ERR_NO_NETWORK', 'ERR_LIMIT'])

export type SessionOpener = ReturnType<typeof createSessionOpener>

export function createSessionOpener({ sessions, targetOf, random }: CallsContext, room: RoomScope | undefined) {
  /** The topic with this end's proof for that peer. */
  const proven = <T extends Topic>(topic: T, peer: string): T => (room === undefined ? topic : { ...topic, room: room.prove(peer) })

  async function open(peer: string, topic: Topic, options: OpenWayOptions): Promise<Session> {
    const target = targetOf(peer)
    if (target === undefined) throw new MayflyError('ERR_NOBODY', `${peer} is not here`)
    const session = await sessions.open(target, proven(topic, peer), options)
    if (isProven(session.answered, peer)) return session
    const error = new MayflyError('ERR_REFUSED', 'The other side did not prove that it knows the room')
    session.abort(error)
    throw error
  }

  function isProven(topic: Topic, peer: string): boolean {
    return room === undefined || ('room' in topic && topic.room !== undefined && room.isProven(topic.room, peer))
  }

  return {
    /** @throws {MayflyError} ERR_NOBODY, ERR_UNAVAILABLE, or the code with which the other end refused; signal.reason, when aborted */
    async open(peer: string, topic: Topic, options: OpenWayOptions): Promise<Session> {
      const backoff = createBackoff(RETRY, random)
      for (;;) {
        try {
          return await open(peer, topic, options)
        } catch (error) {
          const isPassing = error instanceof MayflyError && PASSING.has(error.code)
          if (!isPassing || backoff.attempts >= MAX_TRIES - 1) throw error
          await delay(backoff.next(), options)
        }
      }
    },
    proven,
    /** True outside rooms. */
    isProven,
  }
}
