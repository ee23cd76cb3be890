/**
 * A link: the way to one instance, whatever circles both are in. It is made of one session, for moments of two: when both ends dial at once, and
 * when an end dials again before the other has noticed that the old session is dead. All that is said goes over each of them, so that none may end
 * too early: the larger peer id closes the session that it opened, once the other end has spoken in its own.
 */

import type { LinkFrame } from '../format/link-frames.ts'
import type { Identity, Session, WayTarget } from '../way/types.ts'
import { circleOf, createLinkSession, type LinkedFrame, type LinkSession } from './link-session.ts'

export interface LinkListener {
  onFrame(frame: LinkedFrame): void
  /** The instance shows another state in this circle. */
  onState(circle: string): void
  /** The last session has ended. No reason: the other end said that it was done. */
  onEnd(reason: Error | undefined): void
}

export type Link = ReturnType<typeof createLink>

/** @param self this instance's peer id. @param now monotonic clock, in ms */
export function createLink({ remote }: { remote: Identity }, self: string, listener: LinkListener, now: () => number) {
  const { peer } = remote
  /** One, or two of different directions. */
  const sessions = new Set<LinkSession>()

  /** The session that the smaller peer id opened is in use at both ends: the one that this end opened is needless. */
  function closeTwin({ direction }: LinkSession): void {
    if (direction !== 'inbound' || peer > self) return
    for (const each of [...sessions]) if (each.direction === 'outbound') each.close()
  }

  return {
    peer,
    remote,
    /** Where it can be reached, as it told or as it was found. */
    target: undefined as WayTarget | undefined,
    /** The statement that the other end showed, to become a contact again. */
    trust: undefined as Uint8Array | undefined,
    /** Rooms that the other end has proven, and that were proven to it, by key in hex. */
    proven: new Set<string>(),
    told: new Set<string>(),
    /** True while a session is open. */
    get isOpen() {
      return sessions.size > 0
    },
    /** Takes a session over. @returns what sends in it alone */
    add(session: Session): (frame: LinkFrame) => void {
      const replaced = [...sessions].filter(({ direction }) => direction === session.direction)
      const added = createLinkSession(
        session,
        {
          onFrame(frame) {
            closeTwin(added)
            listener.onFrame(frame)
          },
          onState({ room }) {
            closeTwin(added)
            listener.onState(circleOf(room))
          },
          onEnd(reason) {
            if (sessions.delete(added) && sessions.size === 0) listener.onEnd(reason)
          },
        },
        now,
      )
      sessions.add(added)
      for (const each of replaced) each.abort(new Error('replaced by a newer session'))
      return added.send
    },
    send(frame: LinkFrame) {
      for (const each of [...sessions]) each.send(frame)
    },
    /** The state that it shows in the circle. */
    stateOf(circle: string): string | undefined {
      const frames = [...sessions].flatMap((each) => each.shown(circle) ?? [])
      return frames.toSorted((a, b) => b.sequence - a.sequence)[0]?.text
    },
    forgetState(circle: string) {
      for (const each of sessions) each.forgetShown(circle)
    },
    /** This process has slept: each session has to show that it is alive. */
    check() {
      for (const each of sessions) each.check()
    },
    /** Ends all sessions, without a word to the listener. @param reason left out: the other end hears that this one is done */
    end(reason?: Error) {
      const open = [...sessions]
      sessions.clear()
      for (const each of open) {
        if (reason === undefined) each.close()
        else each.abort(reason)
      }
    },
  }
}
