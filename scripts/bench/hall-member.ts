/** A guest in a room of many, who asks all the others at once. Runs in a page as well as in Node.js. */

import type { Room } from '../../node/people/types.ts'

export interface HallReading {
  /** How long each answer took, in ms. */
  tookMs: number[]
  errors: string[]
}

export interface HallMember {
  /** Resolves once so many others are in the room. */
  see(count: number): Promise<void>
  /** Asks all of them. */
  ask(): Promise<HallReading>
}

/** Structural: peers of browsers and of Node.js. */
interface HallPeer {
  start(): Promise<void>
  people: { connect(): Promise<void>; room(name: string): Promise<Room> }
}

export async function enterHall(peer: HallPeer): Promise<HallMember> {
  await peer.start()
  await peer.people.connect()
  const room = await peer.people.room('hall')
  room.module('echo', (value) => value)
  return {
    see: (count) =>
      new Promise((resolve) => {
        // Those who are there already are told, too.
        const off = room.on('peerconnect', () => {
          if (room.present().length < count) return
          off()
          resolve()
        })
      }),
    async ask() {
      const startedAtMs = performance.now()
      const reading: HallReading = { tookMs: [], errors: [] }
      for await (const answer of room.get('*').message('echo', 'hello')) {
        if ('value' in answer && answer.value === 'hello') reading.tookMs.push(performance.now() - startedAtMs)
        else reading.errors.push('error' in answer ? answer.error.message : 'another answer')
      }
      return reading
    },
  }
}
