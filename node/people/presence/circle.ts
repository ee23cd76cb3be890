/** One circle on the links: contacts and own instances, or a room. It knows its members, the states that they show, and the one that this instance shows to them. */

import { createPusher } from '../../async/pusher.ts'
import type { LinkFrame, StateFrame } from '../format/link-frames.ts'
import type { Person, Value } from '../types.ts'
import { type Attendance, createAttendance } from './attendance.ts'
import type { Link } from './link.ts'
import { circleOf } from './link-session.ts'
import { encodeState } from './state.ts'

/** Between two states that are sent, in ms: the first of a burst goes at once, the last at its end. */
const STATE_EVERY_MS = 50

export type LinkedCircle = ReturnType<typeof createLinkedCircle>

export interface LinkedCircleContext {
  ownAccount: string
  /** The room's key; undefined for contacts and own instances. */
  room: Uint8Array | undefined
  linkOf(peer: string): Link | undefined
  personOf(link: Link): Person
  /** Drops those whose grace is over. */
  expire(): void
  nextSequence(): number
}

export function createLinkedCircle({ ownAccount, room, linkOf, personOf, expire, nextSequence }: LinkedCircleContext) {
  const attendance: Attendance = createAttendance(ownAccount)
  const id = room === undefined ? '' : circleOf(room)
  let frame: StateFrame = { type: 'state', room, sequence: nextSequence(), text: undefined }
  const pusher = createPusher(() => {
    for (const { instance } of attendance.present()) linkOf(instance)?.send(frame)
  }, STATE_EVERY_MS)

  return {
    attendance,
    enter(link: Link) {
      const isNew = !attendance.has(link.peer)
      attendance.enter(personOf(link), link.stateOf(id))
      if (isNew && frame.text !== undefined) link.send(frame)
    },
    onState(link: Link) {
      attendance.show(link.peer, link.stateOf(id))
    },
    /** The state, for a session that has heard nothing yet. */
    repeat: (send: (frame: LinkFrame) => void) => send(frame),
    end: pusher.stop,
    face: {
      present() {
        expire()
        return attendance.present()
      },
      on: attendance.on,
      setState(state: Value | undefined) {
        frame = { type: 'state', room, sequence: nextSequence(), text: encodeState(state) }
        pusher.changed()
      },
      stateOf: attendance.stateOf,
    },
  }
}
