/** The rooms that this instance is in: who has proven each, who was admitted, and what they show. */

import { abortable, timeoutSignal } from '../../async/abort.ts'
import { createEmitter, type Emitter } from '../../async/emitter.ts'
import { MayflyError } from '../../errors.ts'
import { encodeKeyHex } from '../../keys/index.ts'
import type { Hold } from '../../rendezvous/types.ts'
import type { LinkFrame } from '../format/link-frames.ts'
import type { Person } from '../types.ts'
import type { Identity, RoomProof } from '../way/types.ts'
import type { LinkedCircle } from './circle.ts'
import type { Gathering } from './gathering.ts'
import type { Link } from './link.ts'
import type { RoomCircle, RoomEntry } from './types.ts'

export interface RoomPlace extends RoomEntry {
  /** The room's key in hex. */
  id: string
  circle: LinkedCircle
  hold: Hold | undefined
  gathering: Gathering | undefined
  /** Instances that the room's hook is asked about. Bounded by the links. */
  asked: Set<string>
  /** An instance was admitted or refused, or this one has left the room. */
  decided: Emitter<void>
  /** Instances that the room's hook did not admit. Bounded by those who know the room's secret and have had a link. */
  refused: Set<string>
}

export interface RoomCirclesContext {
  personOf(remote: Identity): Person
  createCircle(room: Uint8Array): LinkedCircle
  /** Holds the room's key, and looks for its members. Undefined while this instance is offline. */
  gather(room: RoomPlace): Pick<RoomPlace, 'hold' | 'gathering'> | undefined
  /** Proves the room to the other end. */
  tell(link: Link, room: string): void
  /** Takes the proof back. */
  leave(link: Link, room: string, key: Uint8Array): void
  links(): Link[]
}

/**
 * How long a call of somebody who knows the room's secret waits until its caller is admitted, in ms: a call may come before the link's own word,
 * and a hook takes its time.
 */
const ADMISSION_MS = 5_000

export type RoomCircles = ReturnType<typeof createRoomCircles>

export function createRoomCircles({ personOf, createCircle, gather, tell, leave, links }: RoomCirclesContext) {
  /** By key in hex. */
  const rooms = new Map<string, RoomPlace>()
  const prove = (ids: Iterable<string>, peer: string): RoomProof[] => [...ids].flatMap((id) => rooms.get(id)?.prove(peer) ?? [])
  const of = (link: Link) => [...link.proven].flatMap((id) => rooms.get(id) ?? [])

  function welcome(link: Link, room: RoomPlace): void {
    tell(link, room.id)
    room.circle.enter(link)
    room.decided.emit()
  }

  async function admit(link: Link, room: RoomPlace, decide: NonNullable<RoomEntry['admit']>): Promise<void> {
    let isAdmitted = false
    room.asked.add(link.peer)
    try {
      isAdmitted = await decide(personOf(link.remote))
    } catch {
      // A hook that fails admits nobody.
    }
    room.asked.delete(link.peer)
    if (rooms.get(room.id) !== room) return
    if (!isAdmitted) {
      room.refused.add(link.peer)
      room.decided.emit()
      leave(link, room.id, room.key)
    } else if (link.proven.has(room.id)) welcome(link, room)
  }

  function admits(room: RoomPlace, peer: string): boolean | Promise<boolean> {
    const verdict = () => {
      if (room.circle.attendance.has(peer)) return true
      return room.refused.has(peer) || rooms.get(room.id) !== room ? false : undefined
    }
    const known = verdict()
    if (known !== undefined) return known
    const decided = abortable<boolean>(timeoutSignal(ADMISSION_MS), (resolve) =>
      room.decided.on(() => {
        const isAdmitted = verdict()
        if (isAdmitted !== undefined) resolve(isAdmitted)
      }),
    )
    return decided.catch(() => false)
  }

  function stopRoom(room: RoomPlace): void {
    room.gathering?.end()
    room.gathering = undefined
    void room.hold?.release()
    room.hold = undefined
  }

  return {
    /** The rooms that the link's other end has proven. */
    of,
    has: (id: string) => rooms.has(id),
    provenBy: (proofs: readonly RoomProof[], peer: string): string[] =>
      proofs.flatMap((proof) => {
        const id = encodeKeyHex(proof.room)
        const room = rooms.get(id)
        return room?.isProven(proof, peer) && !room.refused.has(peer) ? [id] : []
      }),
    prove,
    /** False for a room with a hook: it proves itself once it has admitted the other. */
    answers: (id: string) => rooms.get(id)?.admit === undefined,
    /** The other end has proven the room. */
    onEnter(link: Link, id: string) {
      const room = rooms.get(id)
      if (room === undefined) return
      room.gathering?.enter(link.peer)
      if (room.circle.attendance.has(link.peer) || room.asked.has(link.peer)) return
      if (room.admit === undefined) welcome(link, room)
      else void admit(link, room, room.admit)
    },
    onLeave(link: Link, id: string) {
      const room = rooms.get(id)
      room?.circle.attendance.leave(link.peer)
      room?.gathering?.leave(link.peer)
    },
    onState(link: Link, id: string) {
      if (link.proven.has(id)) rooms.get(id)?.circle.onState(link)
    },
    onGone(link: Link) {
      for (const { circle } of rooms.values()) circle.attendance.leave(link.peer)
    },
    /** A session that is new hears all from the start. */
    greet(link: Link, send: (frame: LinkFrame) => void) {
      const proofs = prove(link.told, link.peer)
      if (proofs.length > 0) send({ type: 'enter', rooms: proofs })
      for (const { circle } of of(link)) if (circle.attendance.has(link.peer)) circle.repeat(send)
    },
    /** Aliases may have changed. */
    rename(link: Link) {
      for (const { circle } of of(link)) if (circle.attendance.has(link.peer)) circle.enter(link)
    },
    enter(entry: RoomEntry): RoomCircle {
      const id = encodeKeyHex(entry.key)
      if (rooms.has(id)) throw new MayflyError('ERR_BAD_OPTION', 'Cannot enter the room: this peer is in it already')
      const circle = createCircle(entry.key)
      const room: RoomPlace = {
        ...entry,
        id,
        circle,
        hold: undefined,
        gathering: undefined,
        asked: new Set(),
        decided: createEmitter(),
        refused: new Set(),
      }
      Object.assign(room, gather(room))
      rooms.set(id, room)
      return {
        ...circle.face,
        admits: (instance) => admits(room, instance),
        leave() {
          if (rooms.get(id) !== room) return
          for (const { instance } of circle.attendance.present()) circle.attendance.leave(instance)
          rooms.delete(id)
          room.decided.emit()
          stopRoom(room)
          circle.end()
          for (const link of links()) if (link.told.has(id) || link.proven.has(id)) leave(link, id, room.key)
        },
      }
    },
    start() {
      for (const room of rooms.values()) Object.assign(room, gather(room))
    },
    stop() {
      for (const room of rooms.values()) stopRoom(room)
    },
  }
}
